import { describe, expect, test } from "vitest";
import { type FaultPlan, MetadataCluster } from "./metadata-cluster.ts";

const SEEDS = 9;
const FAULTS: FaultPlan = {
  harms: ["crash", "cut", "reset", "reset", "transfer", "snapshot"],
  isLong: false,
  ms: 40_000,
  meanMs: 900,
  healingMeanMs: 2000,
  submitMeanMs: 40,
};
/** Cuts last until changes are refused for want of a majority. */
const LONG_CUTS: FaultPlan = {
  harms: ["cut", "cut", "transfer", "snapshot"],
  isLong: true,
  ms: 150_000,
  meanMs: 10_000,
  healingMeanMs: 45_000,
  submitMeanMs: 300,
};

describe("metadata changed at all nodes of a cluster with crashes, cuts and changes of leader", () => {
  const total = new Map<string, number>();

  for (let seed = 1; seed <= SEEDS; seed++) {
    test(`is changed once and in order, and nothing that was answered is lost: seed ${seed}`, () => {
      const cluster = new MetadataCluster(seed, seed % 3 === 0 ? LONG_CUTS : FAULTS);
      cluster.run();
      expect(cluster.faults).toEqual([]);
      for (const [what, count] of cluster.counts) total.set(what, (total.get(what) ?? 0) + count);
    }, 60_000);
  }

  test("and all of it happens", () => {
    for (const what of [
      "ok",
      "unknown",
      "read",
      "replaced",
      "crash",
      "transfer",
      "lost on the way",
    ]) {
      expect(total.get(what) ?? 0, what).toBeGreaterThan(0);
    }
  });
});
