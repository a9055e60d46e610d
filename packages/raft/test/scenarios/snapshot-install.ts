import { deepStrictEqual, equal } from "node:assert/strict";
import type { SnapshotMeta } from "../../src/core/message.ts";
import { Cluster } from "../../src/sim/scenario/cluster.ts";
import type { Scenario } from "../../src/sim/scenario/scenario.ts";

const THREE = { voters: [1, 2, 3], index: 10 };

function snapshotAt(s: Cluster, index: number, term: number): SnapshotMeta {
  return { index, term, conf: s.replica(1).core.conf };
}

interface InstallCase {
  readonly name: string;
  readonly log: readonly number[];
  readonly commit: number;
  readonly snapshot: readonly [index: number, term: number];
  /** Terms of the log after it and its compacted index. */
  readonly after: readonly number[];
  readonly compacted: number;
  readonly answers: number;
}

const INSTALLS: readonly InstallCase[] = [
  {
    name: "ahead of the log replaces it",
    log: [2, 2],
    commit: 11,
    snapshot: [20, 3],
    after: [],
    compacted: 20,
    answers: 20,
  },
  {
    name: "inside the log with another term discards the log (paper, figure 13; checklist 53)",
    log: [2, 2, 2, 2],
    commit: 10,
    snapshot: [12, 3],
    after: [],
    compacted: 12,
    answers: 12,
  },
  {
    name: "inside the log with the same term keeps what follows (paper, figure 13; checklist 53)",
    log: [2, 2, 2, 2],
    commit: 10,
    snapshot: [12, 2],
    after: [2, 2, 2, 2],
    compacted: 10,
    answers: 12,
  },
  {
    name: "at or below the commit index changes nothing (checklist 52)",
    log: [2, 2, 2, 2],
    commit: 13,
    snapshot: [12, 2],
    after: [2, 2, 2, 2],
    compacted: 10,
    answers: 13,
  },
  {
    name: "below the compacted index changes nothing (checklist 52)",
    log: [2],
    commit: 10,
    snapshot: [5, 1],
    after: [2],
    compacted: 10,
    answers: 10,
  },
];

/** What a snapshot that arrives does to a log. */
export const INSTALL: readonly Scenario[] = INSTALLS.map(
  ({ name, log, commit, snapshot, after, compacted, answers }) => ({
    name: `a snapshot ${name}`,
    run(): void {
      const s = new Cluster({
        ...THREE,
        logs: { 1: log, 3: log },
        commits: { 1: commit, 3: commit },
      });
      s.stabilize(3);
      const [index, term] = snapshot;
      const meta = snapshotAt(s, index, term);
      log.forEach((logTerm, offset) => {
        if (11 + offset < index && term <= logTerm) s.ledger.declare(11 + offset, logTerm);
      });
      s.ledger.declare(index, term);
      s.replica(3).provide(meta, { index, commands: ["restored"] });
      s.inject("InstallSnapshot", { from: 1, to: 3, term: 3, snapshot: meta });
      s.stabilize(3);
      s.expect(3, { commit: Math.max(commit, index), applied: Math.max(commit, index) });
      const facts = s.facts(3);
      if (facts.terms.length > 0 || after.length > 0) deepStrictEqual(facts.terms, after);
      equal(s.replica(3).log.compactedIndex, compacted);
      const reply = s.first({ type: "AppendEntriesReply", to: 1 });
      equal(reply.reject, false);
      equal(reply.index, answers);
    },
  }),
);
