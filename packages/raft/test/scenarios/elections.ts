import { deepStrictEqual, equal, notEqual, ok } from "node:assert/strict";
import { Cluster } from "../../src/sim/scenario/cluster.ts";
import type { Scenario } from "../../src/sim/scenario/scenario.ts";
import { ELECTION_TICKS } from "../../src/sim/scenario/start.ts";
import { candidate, ticksToAttempt } from "./campaigns.ts";

const THREE = { voters: [1, 2, 3], index: 10 };

const FIVE = { voters: [1, 2, 3, 4, 5], index: 10 };

/** How elections go when nothing interferes, and what a candidate may count. */
export const ELECTIONS: readonly Scenario[] = [
  {
    name: "an undisturbed campaign ends with a leader, a committed no-op and followers that know both",
    run() {
      const s = new Cluster(THREE);
      s.campaign(1);
      s.stabilize();
      s.expect(1, { role: "leader", term: 2, vote: 1, commit: 11, applied: 11, terms: [2] });
      s.expectAll([2, 3], { role: "follower", leader: 1, term: 2, vote: 1, terms: [2] });
      s.expectAll([2, 3], { commit: 11, applied: 11 });
    },
  },
  {
    name: "an election timeout starts a pre-vote that asks for the next term and changes nothing",
    run() {
      const s = new Cluster(THREE);
      s.timeout(1);
      s.ready(1);
      s.expect(1, { role: "pre-candidate", term: 1, vote: 0 });
      const asked = s.flights({ type: "PreVote" });
      deepStrictEqual(asked.map((message) => message.to).sort(), [s.id(2), s.id(3)].sort());
      ok(asked.every((message) => message.term === 2 && message.index === 10));
      equal(s.replica(1).log.pendingCount, 0);
    },
  },
  {
    name: "a candidate asks for votes only when its term and own vote are durable",
    run() {
      const s = new Cluster(THREE);
      s.campaign(1);
      s.ready(1);
      s.deliver({ type: "PreVote" });
      s.ready(2, 3);
      s.appends(2, 3);
      s.deliver({ to: 1 });
      s.ready(1);
      s.expect(1, { role: "candidate", term: 2, vote: 1 });
      equal(s.flights({ type: "RequestVote" }).length, 0);
      s.appends(1);
      equal(s.flights({ type: "RequestVote" }).length, 2);
    },
  },
  {
    name: "a candidate does not lead by one grant of three before its own vote is durable (checklist 3)",
    run() {
      const s = new Cluster(THREE);
      s.campaign(1);
      s.ready(1);
      s.deliver({ type: "PreVote" });
      s.ready(2);
      s.appends(2);
      s.deliver({ to: 1 });
      s.ready(1);
      s.inject("RequestVoteReply", { from: 2, to: 1, term: 2 });
      s.ready(1);
      s.expect(1, { role: "candidate" });
      s.appends(1);
      s.expect(1, { role: "leader" });
    },
  },
  {
    name: "a crash between voting and its reaching the disk forgets the vote, and no grant had left",
    run() {
      const s = new Cluster(THREE);
      s.campaign(1);
      s.stabilize(1);
      s.deliver({ type: "PreVote", to: 2 });
      s.stabilize(2);
      s.stabilize(1);
      s.deliver({ type: "RequestVote", to: 2 });
      s.ready(2);
      s.expect(2, { term: 2, vote: 1 });
      equal(s.flights({ type: "RequestVoteReply" }).length, 0);
      s.crash(2);
      s.restart(2);
      s.expect(2, { term: 1, vote: 0 });
    },
  },
  {
    name: "a vote that reached the disk before the crash is kept, though its grant was never sent",
    run() {
      const s = new Cluster(THREE);
      s.inject("RequestVote", { from: 1, to: 2, term: 2, index: 10, logTerm: 1 });
      s.ready(2);
      s.crash(2, 1);
      s.restart(2);
      s.expect(2, { term: 2, vote: 1 });
      s.inject("RequestVote", { from: 3, to: 2, term: 2, index: 10, logTerm: 1 });
      s.stabilize(2);
      ok(s.flights({ type: "RequestVoteReply", to: 3 }).every((message) => message.reject));
    },
  },
  {
    name: "the same grant twice counts once (checklist 4)",
    run() {
      const s = new Cluster(FIVE);
      s.campaign(1);
      s.stabilize(1);
      s.deliver({ to: 2 });
      s.deliver({ to: 3 });
      s.stabilize(2, 3);
      s.deliver({ type: "PreVoteReply" });
      s.stabilize(1);
      s.deliver({ type: "RequestVote", to: 2 });
      s.ready(2);
      s.appends(2);
      s.deliverCopy({ type: "RequestVoteReply", to: 1 });
      s.deliverCopy({ type: "RequestVoteReply", to: 1 });
      s.ready(1);
      s.expect(1, { role: "candidate", term: 2 });
    },
  },
  {
    name: "the same pre-vote twice counts once",
    run() {
      const s = new Cluster(FIVE);
      s.campaign(1);
      s.stabilize(1);
      s.deliver({ to: 2 });
      s.stabilize(2);
      s.deliverCopy({ type: "PreVoteReply", to: 1 });
      s.deliverCopy({ type: "PreVoteReply", to: 1 });
      s.ready(1);
      s.expect(1, { role: "pre-candidate", term: 1 });
    },
  },
  {
    name: "grants of an earlier term do not elect in a later one (checklist 5)",
    run() {
      const s = new Cluster(THREE);
      candidate(s, 1);
      s.deliver({ type: "RequestVote" });
      s.ready(2, 3);
      s.appends(2, 3);
      equal(s.flights({ type: "RequestVoteReply", to: 1 }).length, 2);
      s.timeout(1);
      s.ready(1);
      s.deliver({ type: "PreVote" });
      s.ready(2, 3);
      s.appends(2, 3);
      s.deliver({ type: "PreVoteReply", to: 1 });
      s.ready(1);
      s.appends(1);
      s.expect(1, { role: "candidate", term: 3 });
      s.deliver({ type: "RequestVoteReply", where: (message) => message.term === 2 });
      s.ready(1);
      s.expect(1, { role: "candidate", term: 3 });
    },
  },
  {
    name: "pre-votes of an earlier attempt do not count for a later term",
    run() {
      const s = new Cluster(THREE);
      s.campaign(1);
      s.ready(1);
      s.drop({});
      // Another led the very term that was asked for.
      s.inject("Heartbeat", { from: 2, to: 1, term: 2 });
      s.stabilize(1);
      s.campaign(1);
      s.ready(1);
      s.expect(1, { role: "pre-candidate", term: 2 });
      s.inject("PreVoteReply", { from: 2, to: 1, term: 2 });
      s.inject("PreVoteReply", { from: 3, to: 1, term: 2 });
      s.ready(1);
      s.expect(1, { role: "pre-candidate", term: 2 });
    },
  },
  {
    name: "a candidate that steps down within its term keeps its vote (checklist 6)",
    run() {
      const s = new Cluster(THREE);
      candidate(s, 1);
      s.drop({});
      s.inject("Heartbeat", { from: 2, to: 1, term: 2 });
      s.expect(1, { role: "follower", leader: 2, term: 2, vote: 1 });
      s.inject("RequestVote", { from: 3, to: 1, term: 2, index: 20, logTerm: 1, context: 1 });
      s.stabilize(1);
      s.expect(1, { vote: 1 });
      ok(s.flights({ type: "RequestVoteReply", to: 3 }).every((message) => message.reject));
    },
  },
  {
    name: "a leader that steps down in a later term votes in it at most once",
    run() {
      const s = new Cluster(THREE);
      s.elect(1);
      const vote = { to: 1, term: 3, index: 11, logTerm: 2, context: 1 };
      s.inject("RequestVote", { ...vote, from: 2 });
      s.inject("RequestVote", { ...vote, from: 3 });
      s.stabilize(1);
      s.expect(1, { role: "follower", term: 3, vote: 2 });
      equal(s.first({ type: "RequestVoteReply", to: 2 }).reject, false);
      equal(s.first({ type: "RequestVoteReply", to: 3 }).reject, true);
    },
  },
  {
    name: "a candidate returns to follower at the first message of a leader of its term",
    run() {
      for (const type of ["AppendEntries", "Heartbeat"] as const) {
        const s = new Cluster(THREE);
        candidate(s, 1);
        s.inject(type, { from: 3, to: 1, term: 2, index: 10, logTerm: 1 });
        s.expect(1, { role: "follower", leader: 3, term: 2 });
      }
    },
  },
  {
    name: "a pre-candidate returns to follower at a message of the present leader",
    run() {
      const s = new Cluster(THREE);
      s.elect(2);
      s.timeout(1);
      s.ready(1);
      s.expect(1, { role: "pre-candidate", term: 2 });
      s.beat(2);
      s.expect(1, { role: "follower", leader: 2, term: 2 });
    },
  },
  {
    name: "rejections of a majority end a candidacy without a new term",
    run() {
      const s = new Cluster(THREE);
      candidate(s, 1);
      s.drop({});
      s.inject("RequestVoteReply", { from: 2, to: 1, term: 2, reject: true });
      s.inject("RequestVoteReply", { from: 3, to: 1, term: 2, reject: true });
      s.expect(1, { role: "follower", term: 2, vote: 1 });
    },
  },
  {
    name: "four voters cut in half elect nobody (checklist 17)",
    run() {
      const s = new Cluster({ voters: [1, 2, 3, 4], index: 10 });
      for (const node of [1, 2]) s.isolate(node, [3, 4]);
      for (let round = 0; round < 4; round++) {
        for (const node of s.nodes) {
          s.timeout(node);
          s.stabilize();
        }
      }
      for (const node of s.nodes) notEqual(s.facts(node).role, "leader");
      s.expectAll(s.nodes, { term: 1 });
    },
  },
  {
    name: "a quorum of voters is more than half, for one to nine of them",
    run() {
      for (let size = 1; size <= 9; size++) {
        const voters = Array.from({ length: size }, (_, offset) => offset + 1);
        const quorum = Math.floor(size / 2) + 1;
        for (const reachable of [quorum - 1, quorum]) {
          const s = new Cluster({ voters, index: 10 });
          for (const node of voters.slice(Math.max(1, reachable))) s.crash(node);
          s.campaign(1);
          s.stabilize();
          equal(s.facts(1).role === "leader", Math.max(1, reachable) >= quorum, `${size} voters`);
        }
      }
    },
  },
  {
    name: "a lone voter elects itself, and leads only when its vote is durable",
    run() {
      const s = new Cluster({ voters: [1], index: 10 });
      s.campaign(1);
      s.ready(1);
      notEqual(s.facts(1).role, "leader");
      s.appends(1);
      s.expect(1, { role: "leader", term: 2, vote: 1, commit: 10 });
      s.stabilize();
      s.expect(1, { commit: 11, applied: 11, durable: 11 });
    },
  },
  {
    name: "a candidate that got no answer campaigns again in the next term",
    run() {
      const s = new Cluster(THREE);
      candidate(s, 1);
      s.drop({});
      s.timeout(1);
      s.stabilize();
      s.expect(1, { role: "leader", term: 3 });
      s.expectAll([2, 3], { leader: 1, term: 3, commit: 11 });
    },
  },
  {
    name: "a split vote is resolved by a later timeout",
    run() {
      const s = new Cluster({ voters: [1, 2, 3, 4], index: 10 });
      candidate(s, 1);
      candidate(s, 2, [2, 3, 4]);
      s.deliver({ type: "RequestVote", from: 1, to: 3 });
      s.deliver({ type: "RequestVote", from: 2, to: 4 });
      s.stabilize();
      s.expectAll([1, 2], { term: 2 });
      notEqual(s.facts(1).role, "leader");
      notEqual(s.facts(2).role, "leader");
      s.timeout(3);
      s.stabilize();
      s.expect(3, { role: "leader", term: 3 });
    },
  },
  {
    name: "whoever grants a vote waits a full timeout before it campaigns itself (paper 5.2)",
    run() {
      for (let seed = 1; seed <= 20; seed++) {
        const s = new Cluster({ ...THREE, seed, terms: { 1: 2 } });
        s.tick(1, ELECTION_TICKS - 1);
        s.inject("RequestVote", { from: 2, to: 1, term: 2, index: 10, logTerm: 1 });
        s.expect(1, { vote: 2 });
        s.tick(1, ELECTION_TICKS - 1);
        s.expect(1, { role: "follower" });
      }
    },
  },
  {
    name: "the timeout of each attempt is at least the election timeout and less than twice that (paper 5.2)",
    run() {
      const seen = new Set<number>();
      for (let seed = 1; seed <= 60; seed++) {
        const s = new Cluster({ ...THREE, config: { seed } });
        for (let attempt = 0; attempt < 2; attempt++) seen.add(ticksToAttempt(s, 1));
      }
      ok(Math.min(...seen) >= ELECTION_TICKS);
      ok(Math.max(...seen) < 2 * ELECTION_TICKS);
      equal(seen.size, ELECTION_TICKS, "all values occur");
    },
  },
  {
    name: "nodes with different seeds rarely time out together (paper 5.2)",
    run() {
      let together = 0;
      const rounds = 200;
      for (let seed = 1; seed <= rounds; seed++) {
        const [a, b, c] = [1, 2, 3].map((node) => {
          const s = new Cluster({ ...THREE, config: { seed: seed * 1000 + node } });
          return ticksToAttempt(s, 1);
        });
        const least = Math.min(a ?? 0, b ?? 0, c ?? 0);
        if ([a, b, c].filter((ticks) => ticks === least).length > 1) together++;
      }
      ok(together / rounds < 0.35, `${together} of ${rounds}`);
    },
  },
];
