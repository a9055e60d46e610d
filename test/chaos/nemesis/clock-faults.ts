import type { Random } from "../../../packages/raft/src/core/random.ts";
import {
  type Fault,
  type Nemesis,
  type NemesisContext,
  namesOf,
  ONLY_LEVERET,
  pick,
} from "./nemesis.ts";

const HOUR_MS = 3_600_000;

export const CLOCK_NEMESES: readonly Nemesis[] = [
  {
    name: "clock-jump",
    about: "the wall clock of one node or two jumps by up to an hour, and back (preloaded shim)",
    nodes: 3,
    needs: ["shim"],
    products: ONLY_LEVERET,
    make: makeJump,
  },
];

function makeJump({ cluster, shims, timeline }: NemesisContext, random: Random): Fault {
  const nodes = pick(random, cluster.indices, 1 + random.below(2));
  const jumps = nodes.map((node) => ({ node, ms: Math.round((random.next() * 2 - 1) * HOUR_MS) }));
  const shifted = (): number =>
    nodes.reduce((sum, node) => sum + (shims[node]?.counts.shifted ?? 0), 0);
  let before = 0;
  return {
    begin: async () => {
      before = shifted();
      for (const { node, ms } of jumps) {
        timeline.note(
          `the clock of ${namesOf(cluster, [node])} jumps by ${Math.round(ms / 1000)} s`,
        );
        shims[node]?.shiftClock(ms);
      }
    },
    end: async () => {
      for (const { node } of jumps) shims[node]?.shiftClock(0);
      timeline.note(`clocks jump back, after ${shifted() - before} wrong times`);
    },
  };
}
