import { deepStrictEqual, equal, ok } from "node:assert/strict";
import { Cluster } from "../../src/sim/scenario/cluster.ts";
import type { Scenario } from "../../src/sim/scenario/scenario.ts";
import { ELECTION_TICKS, startEntry } from "../../src/sim/scenario/start.ts";
import { candidate } from "./campaigns.ts";

const THREE = { voters: [1, 2, 3], index: 10 };

/** Brings node 1 into a role in term 2. */
const INTO: Readonly<Record<string, (s: Cluster) => void>> = {
  follower: (s) => s.elect(2),
  "pre-candidate": (s) => {
    s.inject("RequestVoteReply", { from: 2, to: 1, term: 2, reject: true });
    s.stabilize(1);
    s.campaign(1);
    s.ready(1);
  },
  candidate: (s) => candidate(s, 1),
  leader: (s) => s.elect(1),
};

const ROLES: readonly Scenario[] = Object.entries(INTO).flatMap(([role, enter]) =>
  (["AppendEntries", "Heartbeat"] as const).map((type) => ({
    name: `a ${role} that gets a ${type} of a later term follows its sender in that term (paper 5.1)`,
    run(): void {
      const s = new Cluster(THREE);
      enter(s);
      equal(s.facts(1).role, role);
      s.inject(type, { from: 3, to: 1, term: 7, index: 10, logTerm: 1, commit: 10 });
      s.expect(1, { role: "follower", term: 7, leader: 3, vote: 0 });
    },
  })),
);

const BASICS: readonly Scenario[] = [
  {
    name: "a replica starts as a follower without leader, in the term and with the vote of its disk (paper 5.2)",
    run() {
      const s = new Cluster({ ...THREE, terms: { 1: 4 } });
      s.expect(1, { role: "follower", leader: 0, term: 4, vote: 0, commit: 10, applied: 10 });
      equal(s.ready(1), false, "it has nothing to say");
    },
  },
  {
    name: "a leader sends heartbeats to all others at every heartbeat interval (paper 5.2)",
    run() {
      const s = new Cluster({ ...THREE, config: { heartbeatTicks: 3 } });
      s.elect(1);
      s.tick(1, 3);
      s.ready(1);
      s.drop({});
      for (let interval = 0; interval < 2; interval++) {
        s.tick(1, 2);
        s.ready(1);
        equal(s.flights({ type: "Heartbeat" }).length, 0);
        s.tick(1);
        s.ready(1);
        deepStrictEqual(
          s.flights({ type: "Heartbeat" }).map((message) => message.to),
          [s.id(2), s.id(3)],
        );
        s.drop({});
      }
    },
  },
  {
    name: "a follower that hears heartbeats never times out (paper 5.2)",
    run() {
      const s = new Cluster(THREE);
      s.elect(1);
      for (let tick = 0; tick < 5 * ELECTION_TICKS; tick++) {
        for (const node of s.nodes) s.tick(node);
        s.stabilize();
      }
      s.expect(1, { role: "leader", term: 2 });
      s.expectAll([2, 3], { role: "follower", leader: 1, term: 2 });
    },
  },
  {
    name: "a request for votes carries index and term of the candidate's last entry (paper 5.4.1)",
    run() {
      for (const log of [[], [2], [2, 2, 3]]) {
        const s = new Cluster({ ...THREE, logs: { 1: log } });
        candidate(s, 1);
        for (const { index, logTerm, term } of s.flights({ type: "RequestVote" })) {
          equal(index, 10 + log.length);
          equal(logTerm, log.at(-1) ?? 1);
          equal(term, s.facts(1).term);
        }
      }
    },
  },
  {
    name: "seven replicas that start together have a leader after few attempts, whatever the seed (checklist 12)",
    run() {
      const attempts: number[] = [];
      for (let seed = 1; seed <= 60; seed++) attempts.push(attemptsToLead(seed));
      attempts.sort((a, b) => a - b);
      ok((attempts[30] ?? 99) <= 2, `median ${attempts[30]}`);
      ok((attempts[59] ?? 99) <= 8, `worst ${attempts[59]}`);
    },
  },
  {
    name: "a candidate that restarts in its term does not count the grants of its former life (checklist 5)",
    run() {
      const s = new Cluster(THREE);
      s.forgetsFlightsOfFormerLives = false;
      candidate(s, 1);
      s.deliver({ type: "RequestVote" });
      s.stabilize(2);
      s.stabilize(3);
      s.crash(1);
      s.restart(1);
      s.stabilize();
      s.expect(1, { role: "follower", term: 2, vote: 1 });
    },
  },
];

/** Size of the group, other members that acknowledge, whether the entry commits. */
const ACKNOWLEDGED: readonly (readonly [size: number, by: readonly number[], commits: boolean])[] =
  [
    [1, [], true],
    [2, [], false],
    [2, [2], true],
    [3, [], false],
    [3, [2], true],
    [3, [2, 3], true],
    [4, [3], false],
    [4, [3, 4], true],
    [5, [2], false],
    [5, [2, 4], true],
    [5, [2, 3, 4, 5], true],
    [6, [2, 3], false],
    [6, [2, 3, 6], true],
    [7, [2, 3], false],
    [7, [5, 6, 7], true],
  ];

const COMMITTING: readonly Scenario[] = [
  ...ACKNOWLEDGED.map(([size, by, commits]) => ({
    name: `an entry of ${size} members on the leader and ${by.length} others is ${commits ? "" : "not "}committed (paper 5.3)`,
    run(): void {
      const voters = Array.from({ length: size }, (_, offset) => offset + 1);
      const s = new Cluster({ voters, index: 10 });
      s.elect(1);
      s.propose(1, "a");
      s.ready(1);
      s.appends(1);
      for (const node of by) s.deliver({ type: "AppendEntries", to: node });
      for (const node of by) s.stabilize(node);
      s.deliver({ type: "AppendEntriesReply", to: 1 });
      s.expect(1, { commit: commits ? 12 : 11 });
    },
  })),
  ...[[], [2], [1, 2], [1]].map((log) => ({
    name: `committing an entry commits what precedes it, here terms (${log}) (paper 5.3)`,
    run(): void {
      const s = new Cluster({ ...THREE, logs: { 1: log }, terms: { 1: 2, 2: 2, 3: 2 } });
      s.elect(1);
      s.propose(1, "a");
      s.stabilize();
      s.expectAll([1, 2, 3], { terms: [...log, 3, 3], commit: 12 + log.length });
    },
  })),
  ...[0, 1, 2].map((told) => ({
    name: `a follower that is told of ${told} committed entries of two commits and applies those (paper 5.3)`,
    run(): void {
      const s = new Cluster({ ...THREE, logs: { 1: [2, 2], 2: [2, 2], 3: [] } });
      for (let index = 11; index <= 12; index++) s.ledger.declare(index, 2);
      const entries = [startEntry(11, 2), startEntry(12, 2)];
      const commit = 10 + told;
      s.inject("AppendEntries", {
        from: 1,
        to: 3,
        term: 2,
        index: 10,
        logTerm: 1,
        commit,
        entries,
      });
      s.stabilize(3);
      s.expect(3, { last: 12, commit, applied: commit });
      deepStrictEqual(s.facts(3).commands, ["11:2", "12:2"].slice(0, told));
    },
  })),
  {
    name: "acknowledgements of learners commit nothing, however many they are (checklist 13)",
    run() {
      const s = new Cluster({ voters: [1, 2, 3], learners: [4, 5, 6, 7], index: 10 });
      s.elect(1);
      s.isolate(2);
      s.isolate(3);
      s.propose(1, "a");
      s.stabilize();
      for (const node of [4, 5, 6, 7]) equal(s.progress(1, node).match, 12);
      s.expectAll([1, 4, 5, 6, 7], { commit: 11 });
    },
  },
  {
    name: "an acknowledged entry of a learner's disk does not help it to be committed after a promotion that is not",
    run() {
      const s = new Cluster({ voters: [1, 2, 3], learners: [4], index: 10 });
      s.elect(1);
      s.isolate(2);
      s.isolate(3);
      s.change(1, "v4");
      s.propose(1, "a");
      s.stabilize();
      s.expectAll([1, 4], { commit: 11, conf: "1 2 3 learners 4" });
      s.heal();
      s.beat(1);
      s.beat(1);
      s.expectAll([1, 2, 3, 4], { commit: 13, conf: "1 2 3 4" });
    },
  },
];

interface CheckCase {
  readonly prev: readonly [index: number, term: number];
  readonly hint: readonly [index: number, term: number] | "agrees";
}

/** The follower's log is (11, 2), (12, 3). */
const CHECKS: readonly CheckCase[] = [
  { prev: [10, 1], hint: "agrees" },
  { prev: [11, 2], hint: "agrees" },
  { prev: [12, 3], hint: "agrees" },
  { prev: [11, 1], hint: [10, 1] },
  { prev: [12, 2], hint: [11, 2] },
  { prev: [12, 4], hint: [12, 3] },
  { prev: [13, 3], hint: [12, 3] },
  { prev: [20, 2], hint: [11, 2] },
  { prev: [20, 9], hint: [12, 3] },
];

const CHECKING: readonly Scenario[] = CHECKS.map(({ prev, hint }) => ({
  name: `a follower with (11, 2), (12, 3) that is asked for (${prev}) ${
    hint === "agrees" ? "agrees" : `refuses and points at (${hint})`
  } (paper 5.3)`,
  run(): void {
    const s = new Cluster({ ...THREE, logs: { 1: [2, 3] } });
    const [index, logTerm] = prev;
    s.inject("AppendEntries", { from: 2, to: 1, term: 9, index, logTerm, commit: 10 });
    s.stabilize(1);
    const reply = s.first({ type: "AppendEntriesReply", to: 2 });
    equal(reply.reject, hint !== "agrees");
    if (hint === "agrees") equal(reply.index, index);
    else deepStrictEqual([reply.index, reply.hint, reply.logTerm], [index, ...hint]);
    s.expect(1, { last: 12, commit: 10 });
  },
}));

/** What the paper says in its sections 5.1 to 5.4, as tables; figures have a list of their own. */
export const PAPER: readonly Scenario[] = [...BASICS, ...ROLES, ...COMMITTING, ...CHECKING];

/** Rounds of elections until seven replicas of a seed have a leader. */
function attemptsToLead(seed: number): number {
  const s = new Cluster({ voters: [1, 2, 3, 4, 5, 6, 7], index: 10, seed });
  for (let tick = 1; tick <= 40 * ELECTION_TICKS; tick++) {
    for (const node of s.nodes) s.tick(node);
    s.stabilize();
    const leader = s.nodes.find((node) => s.facts(node).role === "leader");
    if (leader !== undefined) return s.facts(leader).term - 1;
  }
  throw new Error("no leader");
}
