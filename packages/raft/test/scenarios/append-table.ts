import { equal } from "node:assert/strict";
import { Cluster } from "../../src/sim/scenario/cluster.ts";
import type { Scenario } from "../../src/sim/scenario/scenario.ts";
import { startEntry } from "../../src/sim/scenario/start.ts";

const THREE = { voters: [1, 2, 3], index: 10 };

interface AppendCase {
  readonly name: string;
  readonly log: readonly number[];
  readonly prev: readonly [index: number, term: number];
  readonly entries: readonly number[];
  readonly after: readonly number[];
  readonly isRefused?: true;
}

/** What an append does to a log, by where they differ. */
export function appendCases(): Scenario[] {
  const cases: readonly AppendCase[] = [
    { name: "equal entries", log: [2, 2], prev: [10, 1], entries: [2, 2], after: [2, 2] },
    { name: "a prefix", log: [2, 2], prev: [10, 1], entries: [2], after: [2, 2] },
    { name: "nothing", log: [2, 2], prev: [11, 2], entries: [], after: [2, 2] },
    { name: "new entries", log: [2], prev: [11, 2], entries: [3, 3], after: [2, 3, 3] },
    { name: "overlap and new", log: [2, 2], prev: [11, 2], entries: [2, 3], after: [2, 2, 3] },
    { name: "a conflict first", log: [2, 2, 2], prev: [10, 1], entries: [3], after: [3] },
    { name: "a conflict later", log: [2, 2, 2], prev: [10, 1], entries: [2, 3], after: [2, 3] },
    { name: "conflict of the last", log: [2, 2], prev: [11, 2], entries: [4, 4], after: [2, 4, 4] },
    { name: "a gap", log: [2], prev: [13, 2], entries: [3], after: [2], isRefused: true },
    {
      name: "another term before",
      log: [2, 2],
      prev: [12, 3],
      entries: [3],
      after: [2, 2],
      isRefused: true,
    },
  ];
  return cases.map(({ name, log, prev, entries, after, isRefused }) => ({
    name: `an append with ${name} leaves the right log (paper 5.3)`,
    run(): void {
      const s = new Cluster({ ...THREE, logs: { 2: log }, terms: { 2: 5 } });
      const [index, logTerm] = prev;
      s.inject("AppendEntries", {
        from: 1,
        to: 2,
        term: 5,
        index,
        logTerm,
        commit: 10,
        entries: entries.map((term, offset) => startEntry(index + 1 + offset, term)),
      });
      s.stabilize(2);
      s.expect(2, { terms: after, durable: 10 + after.length });
      const reply = s.first({ type: "AppendEntriesReply", to: 1 });
      equal(reply.reject, isRefused === true);
      if (isRefused !== true) equal(reply.index, index + entries.length);
    },
  }));
}
