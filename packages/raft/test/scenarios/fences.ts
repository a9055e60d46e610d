import { deepStrictEqual, equal, ok } from "node:assert/strict";
import { replicaIdOf } from "../../src/core/ids.ts";
import type { RaftMessage } from "../../src/core/message.ts";
import { Cluster } from "../../src/sim/scenario/cluster.ts";
import type { MessageName } from "../../src/sim/scenario/network.ts";
import type { Scenario } from "../../src/sim/scenario/scenario.ts";
import { EPOCH, GROUP_ID } from "../../src/sim/scenario/start.ts";

const THREE = { voters: [1, 2, 3], index: 10 };
const TYPES: readonly MessageName[] = [
  "AppendEntries",
  "AppendEntriesReply",
  "RequestVote",
  "RequestVoteReply",
  "PreVote",
  "PreVoteReply",
  "Heartbeat",
  "HeartbeatReply",
  "InstallSnapshot",
  "TimeoutNow",
  "ReadIndex",
  "ReadIndexReply",
  "Hibernate",
  "LeaderGone",
  "Promise",
];

function led(): Cluster {
  const s = new Cluster(THREE);
  s.elect(1);
  s.beat(1);
  return s;
}

/** Nothing changes at a node, and nothing leaves it, by a message of each type with these fields. */
function expectFenced(fields: Partial<RaftMessage>): void {
  for (const type of TYPES) {
    for (const node of [1, 2]) {
      const s = led();
      const before = s.facts(node);
      const snapshot = { index: 40, term: 9, conf: s.replica(1).core.conf };
      s.inject(type, {
        from: 3,
        to: node,
        term: 9,
        index: 12,
        logTerm: 2,
        commit: 12,
        snapshot: type === "InstallSnapshot" ? snapshot : undefined,
        ...fields,
      });
      ok(s.replica(node).ignored.length > 0, `${type} is reported as ignored`);
      s.stabilize(node);
      deepStrictEqual(s.facts(node), before, type);
      equal(s.flights({ from: node }).length, 0, `${type} is not answered`);
    }
  }
}

/** Messages that are not meant for this replica in this life of the group. */
const IDENTITY: readonly Scenario[] = [
  {
    name: "messages of an earlier or later epoch of the group are ignored (checklist 36)",
    run() {
      expectFenced({ epoch: EPOCH - 1 });
      expectFenced({ epoch: EPOCH + 1 });
    },
  },
  {
    name: "messages of another group are ignored",
    run() {
      expectFenced({ groupId: GROUP_ID + 1 });
    },
  },
  {
    name: "messages to the former replica of the node are ignored (checklist 20)",
    run() {
      const s = led();
      const before = s.facts(2);
      const message = s.handMade("RequestVote", { from: 3, to: 2, term: 9, index: 99, logTerm: 9 });
      s.replica(2).receive({ ...message, to: replicaIdOf(2, 7), context: 1 }, undefined);
      ok(s.replica(2).ignored.length > 0);
      s.stabilize(2);
      deepStrictEqual(s.facts(2), before);
    },
  },
  {
    name: "acknowledgements of a wiped node's former replica do not count for its new one (checklist 20)",
    run() {
      const s = led();
      const former = s.id(3);
      s.change(1, "r3");
      s.stabilize();
      s.addBlank(3);
      s.change(1, "v3");
      s.stabilize(1, 2);
      s.drop({});
      s.isolate(3);
      const { match } = s.progress(1, 3);
      s.inject(
        "AppendEntriesReply",
        { from: 3, to: 1, term: 2, index: s.facts(1).last, hint: s.facts(1).last },
        former,
      );
      equal(s.progress(1, 3).match, match);
    },
  },
  {
    name: "a wiped node that comes back with its old identity is found out before it can vote its way to loss",
    run() {
      const s = new Cluster(THREE);
      s.elect(1);
      s.isolate(2);
      s.propose(1, "precious");
      s.stabilize();
      s.expectAll([1, 3], { commit: 12 });
      // Node 3 loses its disk but keeps its id: it starts as on its first day.
      s.crash(3);
      s.replica(3).log.rollBack(new Cluster(THREE).replica(3).log.durable);
      s.restart(3);
      s.beat(1, 1, 3);
      s.beat(1, 1, 3);
      ok(s.replica(1).events.some((event) => event.kind === "amnesia"));
    },
  },
];

/** Input that no correct peer sends: it is refused, never thrown at. */
const NONSENSE: readonly Scenario[] = [
  {
    name: "no number that a message can carry makes a replica throw or commit beyond its log",
    run() {
      for (const type of TYPES) {
        for (const value of [0, 1, 2 ** 32, 2 ** 48 - 1]) {
          for (const field of ["term", "index", "logTerm", "commit", "hint", "context"] as const) {
            for (const node of [1, 2]) {
              const s = led();
              s.inject(type, { from: 3, to: node, term: 2, [field]: value });
              s.ready(node);
              ok(s.facts(node).commit <= s.facts(node).last, `${type} with ${field} ${value}`);
            }
          }
        }
      }
    },
  },
  {
    name: "an unknown type of message is ignored",
    run() {
      const s = led();
      const message = s.handMade("Heartbeat", { from: 3, to: 2, term: 9 });
      const before = s.facts(2);
      // A type of a later version.
      const later = { ...message, type: 99 } as unknown as RaftMessage;
      s.replica(2).receive(later, undefined);
      ok(s.replica(2).ignored.length > 0);
      deepStrictEqual(s.facts(2), before);
    },
  },
  {
    name: "entries out of order in an append are refused",
    run() {
      const s = led();
      const [entry] = s.entries(1, 11, 11);
      if (entry === undefined) throw new Error("no entry");
      for (const indexes of [
        [13, 14],
        [12, 14],
        [12, 12],
      ]) {
        const entries = indexes.map((index) => ({ ...entry, index }));
        s.inject("AppendEntries", {
          from: 1,
          to: 2,
          term: 2,
          index: 11,
          logTerm: 2,
          commit: 11,
          entries,
        });
        s.stabilize(2);
        s.expect(2, { last: 11 });
      }
    },
  },
  {
    name: "an acknowledgement beyond the leader's log is ignored",
    run() {
      const s = led();
      s.inject("AppendEntriesReply", { from: 2, to: 1, term: 2, index: 500, hint: 500 });
      s.inject("AppendEntriesReply", { from: 3, to: 1, term: 2, index: 500, hint: 500 });
      s.ready(1);
      s.expect(1, { commit: 11 });
      ok(s.progress(1, 2).match <= 11);
    },
  },
  {
    name: "an append that contradicts what is committed is not taken",
    run() {
      const s = led();
      s.propose(1, "a");
      s.stabilize();
      const [entry] = s.entries(1, 12, 12);
      if (entry === undefined) throw new Error("no entry");
      const entries = [{ ...entry, term: 3, crc: 1 }];
      try {
        s.inject("AppendEntries", {
          from: 3,
          to: 2,
          term: 3,
          index: 11,
          logTerm: 2,
          commit: 11,
          entries,
        });
        s.stabilize(2);
      } catch (error) {
        ok(error instanceof Error && error.name === "RaftInvariantError");
      }
      equal(s.replica(2).core.termAt(12), 2);
    },
  },
];

/** Identity fences and garbage. */
export const FENCES: readonly Scenario[] = [...IDENTITY, ...NONSENSE];
