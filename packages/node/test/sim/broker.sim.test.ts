import { runSeed } from "@leveret/raft/sim";
import { describe, expect, test } from "vitest";
import { createWorkload } from "./broker-workload.ts";

const SEEDS = 16;
const STEPS = 4000;

describe("durable queues and metadata on simulated clusters", () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    test(`seed ${seed}: npm run sim:broker -- --seed ${seed} --steps ${STEPS}`, () => {
      const { violation, steps } = runSeed({ seed, steps: STEPS, createWorkload });
      expect(violation?.message ?? "").toBe("");
      expect(steps).toBeGreaterThan(0);
    }, 60_000);
  }

  test("a run repeats from its seed", () => {
    const run = () => runSeed({ seed: 3, steps: 2000, createWorkload });
    const first = run();
    const second = run();
    expect(second.traceHash).toBe(first.traceHash);
    expect(second.coverage).toEqual(first.coverage);
    expect(first.confirmed).toBeGreaterThan(0);
  }, 60_000);
});
