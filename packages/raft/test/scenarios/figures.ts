import { deepStrictEqual, equal, notEqual, ok } from "node:assert/strict";
import { Cluster } from "../../src/sim/scenario/cluster.ts";
import type { Scenario } from "../../src/sim/scenario/scenario.ts";
import { candidate } from "./campaigns.ts";

/** Figure 7 of the Raft paper: the leader of term 8 and six followers whose logs differ in every way that can be. */
const LEADER_LOG = [1, 1, 1, 4, 4, 5, 5, 6, 6, 6];
const FOLLOWER_LOGS: Readonly<Record<string, readonly number[]>> = {
  a: [1, 1, 1, 4, 4, 5, 5, 6, 6],
  b: [1, 1, 1, 4],
  c: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6],
  d: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7],
  e: [1, 1, 1, 4, 4, 4, 4],
  f: [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3],
};

const FIGURE_7: readonly Scenario[] = [
  {
    name: "all seven logs of figure 7 become the leader's (paper 5.3)",
    run() {
      const logs: Record<number, readonly number[]> = { 1: LEADER_LOG };
      Object.values(FOLLOWER_LOGS).forEach((log, offset) => {
        logs[2 + offset] = log;
      });
      const terms = Object.fromEntries([1, 2, 3, 4, 5, 6, 7].map((node) => [node, 7]));
      const s = new Cluster({ voters: [1, 2, 3, 4, 5, 6, 7], index: 1, logs, terms });
      s.elect(1);
      s.beat(1);
      s.expectAll(s.nodes, { terms: [...LEADER_LOG, 8], commit: 12, applied: 12, term: 8 });
      for (const node of [2, 3, 4, 5, 6, 7]) equal(s.progress(1, node).match, 12);
    },
  },
  ...Object.entries(FOLLOWER_LOGS).map(([name, log]) => ({
    name: `the leader of figure 7 repairs follower ${name} in at most two refused probes`,
    run(): void {
      const s = new Cluster({
        voters: [1, 2, 3],
        index: 1,
        logs: { 1: LEADER_LOG, 2: LEADER_LOG, 3: log },
        terms: { 1: 7, 2: 7, 3: 7 },
      });
      s.elect(1, 1, 2);
      let refused = 0;
      for (let round = 0; round < 20; round++) {
        s.deliver({ to: 3 });
        s.ready(3);
        s.appends(3);
        const replies = s.flights({ type: "AppendEntriesReply", from: 3 });
        refused += replies.filter((message) => message.reject).length;
        s.deliver({ to: 1 });
        s.ready(1);
        s.appends(1);
      }
      s.beat(1);
      s.expect(3, { terms: [...LEADER_LOG, 8], commit: 12 });
      ok(refused <= 2, `${refused} refused`);
    },
  })),
  {
    name: "in figure 7, whoever may not lead gets no majority: only a, c, d and the leader can be elected",
    run() {
      const all: Record<string, readonly number[]> = { leader: LEADER_LOG, ...FOLLOWER_LOGS };
      const names = Object.keys(all);
      const logs = Object.fromEntries(names.map((name, offset) => [offset + 1, all[name] ?? []]));
      const terms = Object.fromEntries(names.map((_, offset) => [offset + 1, 7]));
      const winners = names.filter((_, offset) => {
        const s = new Cluster({ voters: [1, 2, 3, 4, 5, 6, 7], index: 1, logs, terms });
        s.campaign(offset + 1);
        s.stabilize();
        return s.facts(offset + 1).role === "leader";
      });
      deepStrictEqual(winners, ["leader", "a", "c", "d"]);
    },
  },
];

/** Figure 8: why an entry of an earlier term is not committed by counting its copies. */
const FIGURE_8: readonly Scenario[] = [true, false].map((isOverwritten) => ({
  name: isOverwritten
    ? "figure 8 (d): an entry of an old term on a majority is not committed and may be overwritten"
    : "figure 8 (e): it is committed together with an entry of the leader's own term",
  run(): void {
    const s = new Cluster({ voters: [1, 2, 3, 4, 5], index: 1 });
    // (a) S1 leads term 2 and gets its entry to S2 only.
    s.elect(1);
    s.propose(1, "two");
    s.ready(1);
    s.drop({ type: "AppendEntries", where: (message) => message.to !== s.id(2) });
    s.stabilize(1, 2);
    s.drop({});
    s.expect(2, { terms: [2, 2] });
    s.expectAll([3, 4, 5], { terms: [2] });
    // (b) S1 crashes; S5 leads term 3 by votes of S3 and S4 and gets an entry of its own, alone.
    s.crash(1);
    for (const node of [2, 3, 4, 5]) s.forgetLeader(node);
    candidate(s, 5, [3, 4, 5]);
    s.deliver({ type: "RequestVote", to: 3 });
    s.deliver({ type: "RequestVote", to: 4 });
    s.drop({ type: "RequestVote" });
    for (const node of [3, 4]) s.stabilize(node);
    s.deliver({ type: "RequestVoteReply", to: 5 });
    s.ready(5);
    s.appends(5);
    s.drop({});
    s.expect(5, { role: "leader", term: 3, terms: [2, 3] });
    // (c) S5 crashes; S1 leads term 4 and copies the entry of term 2 to S3, so that a majority has it.
    s.crash(5);
    s.restart(1);
    s.drop({});
    for (const node of [2, 3]) s.forgetLeader(node);
    // A first pre-vote has told it of term 3.
    s.inject("PreVoteReply", { from: 3, to: 1, term: 3, reject: true });
    s.stabilize(1);
    candidate(s, 1, [2, 3]);
    s.deliver({ type: "RequestVote", to: 2 });
    s.deliver({ type: "RequestVote", to: 3 });
    s.drop({ type: "RequestVote" });
    s.stabilize(2);
    s.stabilize(3);
    s.deliver({ type: "RequestVoteReply", to: 1 });
    s.expect(1, { role: "leader", term: 4 });
    const before = s.ledger.committedIndex;
    // The no-op of term 4 reaches nobody: what S2 and S3 acknowledge ends with the entry of term 2.
    s.ready(1);
    s.drop({});
    s.inject("AppendEntries", {
      from: 1,
      to: 3,
      term: 4,
      index: 2,
      logTerm: 2,
      commit: 2,
      entries: s.entries(1, 3, 3),
    });
    s.stabilize(3);
    s.inject("AppendEntriesReply", { from: 2, to: 1, term: 4, index: 3, hint: 3 });
    s.deliver({ type: "AppendEntriesReply", to: 1 });
    s.ready(1);
    equal(s.facts(1).commit, 2);
    equal(
      s.ledger.committedIndex,
      before,
      "the entry of term 2 is on three of five, not committed",
    );
    if (isOverwritten) {
      overwrite(s);
    } else {
      s.stabilize(1, 2, 3);
      s.beat(1, 1, 2, 3);
      s.expectAll([1, 2, 3], { commit: 4, terms: [2, 2, 4] });
      s.crash(1);
      s.restart(5);
      s.drop({});
      for (const node of [2, 3, 4]) s.forgetLeader(node);
      s.campaign(5);
      s.stabilize(2, 3, 4, 5);
      notEqual(s.facts(5).role, "leader", "S5 lacks a committed entry");
    }
  },
}));

function overwrite(s: Cluster): void {
  s.crash(1);
  s.restart(5);
  s.stabilize(5);
  s.drop({});
  for (const node of [2, 3, 4]) s.forgetLeader(node);
  s.campaign(5);
  s.stabilize(2, 3, 4, 5);
  // Its first attempt may be for a term already used; the next one is not.
  if (s.facts(5).role !== "leader") {
    for (const node of [2, 3, 4]) s.forgetLeader(node);
    s.campaign(5);
    s.stabilize(2, 3, 4, 5);
  }
  s.expect(5, { role: "leader" });
  const terms = [2, 3, s.facts(5).term];
  s.expectAll([2, 3, 4, 5], { terms, commit: 4 });
  s.restart(1);
  s.beat(5);
  s.beat(5);
  s.expect(1, { terms, commit: 4 });
}

/** The schedule by which single-server changes lost data before the erratum (Ongaro, raft-dev 2015). */
const ERRATUM: readonly Scenario[] = [
  {
    name: "a leader proposes no change of members before an entry of its term is committed (checklist 42)",
    run() {
      const s = new Cluster({ voters: [1, 2, 3, 4], spares: [5, 6], index: 10 });
      s.elect(1);
      // S1 adds S5, which reaches nobody else; S1 is cut off.
      s.isolate(1);
      s.change(1, "v5");
      s.ready(1);
      s.appends(1);
      // S2 leads the next term. Its no-op is not committed: it may not remove S3 (or anything) yet.
      s.forgetLeader(2);
      s.forgetLeader(3);
      s.forgetLeader(4);
      candidate(s, 2, [3, 4]);
      s.deliver({ type: "RequestVote" });
      s.ready(3, 4);
      s.appends(3, 4);
      s.deliver({ type: "RequestVoteReply" });
      s.ready(2);
      s.appends(2);
      s.expect(2, { role: "leader", commit: 11 });
      notEqual(s.tryChange(2, "r3"), "");
      notEqual(s.tryChange(2, "v6"), "");
      s.expect(2, { last: 12 });
      // Once it is, S1's change can never commit any more, and S2 may go on.
      s.stabilize(2, 3, 4);
      s.expect(2, { commit: 12, applied: 12 });
      s.change(2, "r3");
      s.stabilize(2, 3, 4);
      s.expect(2, { conf: "1 2 4" });
      s.heal();
      s.beat(2);
      s.beat(2);
      s.expect(1, { conf: "1 2 4", role: "follower" });
    },
  },
  {
    name: "without the rule two leaders would commit by disjoint majorities; with it the old one cannot return",
    run() {
      const s = new Cluster({ voters: [1, 2, 3, 4], spares: [5], index: 10 });
      s.elect(1);
      s.isolate(1, [2, 3, 4]);
      s.change(1, "v5");
      s.ready(1);
      s.appends(1);
      for (const node of [2, 3, 4]) s.forgetLeader(node);
      s.elect(2, 2, 3, 4);
      s.change(2, "r1");
      s.stabilize(2, 3, 4);
      s.expectAll([2, 3, 4], { conf: "2 3 4" });
      // S1 with S5 and one stale member would be three of five.
      s.heal();
      s.isolate(1, [2, 4]);
      s.campaign(1);
      s.timeout(1);
      s.timeout(1);
      s.timeout(1);
      s.stabilize(1, 3, 5);
      notEqual(s.facts(1).role, "leader");
      s.expect(2, { role: "leader" });
    },
  },
];

/** The schedules that the literature has pictures of. */
export const FIGURES: readonly Scenario[] = [...FIGURE_7, ...FIGURE_8, ...ERRATUM];
