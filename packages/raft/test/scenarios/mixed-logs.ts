import { deepStrictEqual, equal, ok } from "node:assert/strict";
import { Cluster } from "../../src/sim/scenario/cluster.ts";
import type { Scenario } from "../../src/sim/scenario/scenario.ts";
import { startEntry } from "../../src/sim/scenario/start.ts";

const VOTERS = [1, 2, 3];

/** Node 3 restarts with entry 12 unreadable. */
function damaged(options: ConstructorParameters<typeof Cluster>[0]): Cluster {
  const s = new Cluster({ voters: VOTERS, index: 10, ...options });
  s.crash(3);
  s.damage(3, { first: 12, last: 12 });
  s.restart(3);
  s.expect(3, { isDamaged: true });
  equal(s.replica(3).core.durableIndex, 11);
  return s;
}

/** Logs whose parts may come from different leaders. */
export const MIXED_LOGS: readonly Scenario[] = [
  {
    name: "what fills a hole is not joined to what stands behind it before a leader has sent that, too",
    run() {
      const s = damaged({ logs: { 3: [2, 3, 3, 3] } });
      // A leader of another history than what stands behind the hole.
      const entries = [startEntry(12, 2)];
      s.inject("AppendEntries", { from: 1, to: 3, term: 4, index: 11, logTerm: 2, entries });
      s.stabilize(3);
      s.expect(3, { isDamaged: true });
      equal(s.replica(3).core.contiguousLast, 12);
      s.timeout(3);
      s.campaign(3);
      s.stabilize(3);
      s.expect(3, { role: "follower" });
    },
  },
  {
    name: "what fills a hole counts, and is applied, once it is durable",
    run() {
      const logs = { 1: [2, 2, 2], 2: [2, 2, 2], 3: [2, 2, 2] };
      const s = damaged({ logs, commits: { 3: 13 } });
      const entries = [startEntry(12, 2), startEntry(13, 2)];
      s.inject("AppendEntries", { from: 1, to: 3, term: 2, index: 11, logTerm: 2, entries });
      s.ready(3);
      s.applies(3);
      equal(s.replica(3).core.durableIndex, 11);
      s.expect(3, { applied: 11 });
      s.appends(3);
      s.stabilize(3);
      equal(s.replica(3).core.durableIndex, 13);
      s.expect(3, { applied: 13, isDamaged: false });
    },
  },
  {
    name: "a snapshot that fills a hole counts once it is durable",
    run() {
      const logs = { 1: [2, 2, 2], 2: [2, 2, 2], 3: [2, 2, 2] };
      const s = damaged({ logs, commits: { 1: 13, 2: 13 } });
      s.stabilize(1, 2);
      s.compact(1);
      s.elect(1, 1, 2);
      s.sendSnapshot(1, 3);
      s.deliver({ to: 3, type: "InstallSnapshot" });
      s.ready(3);
      ok(s.replica(3).core.durableIndex < 12);
    },
  },
  {
    name: "a follower whose log is longer than its leader's stays awake and says so",
    run() {
      const s = new Cluster({ voters: VOTERS, index: 10, logs: { 3: [2, 2] } });
      s.inject("Hibernate", { from: 1, to: 3, term: 3, index: 11, logTerm: 2, commit: 10 });
      s.expect(3, { isHibernating: false });
      s.stabilize(3);
      const answers = s.flights({ from: 3, type: "AppendEntriesReply" });
      deepStrictEqual(
        answers.map(({ reject, hint }) => ({ reject, hint })),
        [{ reject: true, hint: 12 }],
      );
      ok(answers[0]?.term === 3);
    },
  },
];
