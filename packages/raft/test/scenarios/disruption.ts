import { equal, notEqual, ok } from "node:assert/strict";
import { Cluster } from "../../src/sim/scenario/cluster.ts";
import type { Scenario } from "../../src/sim/scenario/scenario.ts";
import { ELECTION_TICKS } from "../../src/sim/scenario/start.ts";
import { candidate } from "./campaigns.ts";

const THREE = { voters: [1, 2, 3], index: 10 };

/** A seed by which a node that was just heard by its leader does not campaign within the shortest timeout. */
function seedWithSlow(node: number): number {
  for (let seed = 1; seed < 100; seed++) {
    const s = new Cluster({ ...THREE, seed });
    s.elect(1);
    s.tick(node, ELECTION_TICKS + 1);
    if (s.facts(node).role === "follower") return seed;
  }
  throw new Error("no such seed");
}

/** PreVote, CheckQuorum and stickiness together: who may disturb whom, and who must give way. */
export const DISRUPTION: readonly Scenario[] = [
  {
    name: "a leader without contact to a quorum steps down within two election timeouts (checklist 14)",
    run() {
      const s = new Cluster(THREE);
      s.elect(1);
      s.isolate(1);
      for (let tick = 0; tick < 2 * ELECTION_TICKS; tick++) s.beat(1);
      notEqual(s.facts(1).role, "leader");
      s.expect(1, { term: 2, leader: 0 });
    },
  },
  {
    name: "a leader in contact with just a quorum stays",
    run() {
      const s = new Cluster(THREE);
      s.elect(1);
      s.crash(3);
      for (let tick = 0; tick < 5 * ELECTION_TICKS; tick++) s.beat(1);
      s.expect(1, { role: "leader", term: 2 });
      s.expect(2, { leader: 1 });
    },
  },
  {
    name: "answers of learners do not keep a leader in office",
    run() {
      const s = new Cluster({ voters: [1, 2, 3], learners: [4, 5], index: 10 });
      s.elect(1);
      s.isolate(1, [2, 3]);
      for (let tick = 0; tick < 2 * ELECTION_TICKS; tick++) s.beat(1, 1, 4, 5);
      notEqual(s.facts(1).role, "leader");
    },
  },
  {
    name: "in a joint configuration a leader needs contact to both majorities (checklist 46)",
    run() {
      const s = new Cluster({ voters: [1, 2, 3], spares: [4, 5], index: 10 });
      s.elect(1);
      s.change(1, "v4 v5 r2 r3", "joint-explicit");
      s.stabilize();
      s.expect(1, { conf: "1 4 5 & 1 2 3" });
      s.isolate(1, [2, 3]);
      for (let tick = 0; tick < 2 * ELECTION_TICKS; tick++) s.beat(1, 1, 4, 5);
      notEqual(s.facts(1).role, "leader");
    },
  },
  {
    name: "votes and pre-votes are refused while the leader was heard lately (checklist 11)",
    run() {
      for (const type of ["RequestVote", "PreVote"] as const) {
        const s = new Cluster(THREE);
        s.elect(1);
        s.inject(type, { from: 3, to: 2, term: 9, index: 50, logTerm: 8 });
        s.stabilize(2);
        const answers = s.flights({ to: 3, type: `${type}Reply` });
        ok(answers.every((message) => message.reject));
        s.expect(2, { term: 2, leader: 1, vote: 1 });
      }
    },
  },
  {
    name: "they are granted once the leader has been silent for an election timeout",
    run() {
      for (const type of ["RequestVote", "PreVote"] as const) {
        const s = new Cluster({ ...THREE, seed: seedWithSlow(2) });
        s.elect(1);
        s.tick(2, ELECTION_TICKS);
        s.expect(2, { role: "follower", leader: 1 });
        s.inject(type, { from: 3, to: 2, term: 9, index: 50, logTerm: 8 });
        s.stabilize(2);
        equal(s.first({ to: 3, type: `${type}Reply` }).reject, false);
      }
    },
  },
  {
    name: "a vote for a transfer is granted at once",
    run() {
      const s = new Cluster(THREE);
      s.elect(1);
      s.inject("RequestVote", { from: 3, to: 2, term: 3, index: 11, logTerm: 2, context: 1 });
      s.stabilize(2);
      equal(s.first({ to: 3, type: "RequestVoteReply" }).reject, false);
      s.expect(2, { term: 3, vote: 3 });
    },
  },
  {
    name: "a leader refuses votes itself while it is in contact with a quorum",
    run() {
      const s = new Cluster(THREE);
      s.elect(1);
      s.inject("RequestVote", { from: 3, to: 1, term: 9, index: 50, logTerm: 8 });
      s.stabilize(1);
      s.expect(1, { role: "leader", term: 2 });
    },
  },
  {
    name: "a member that was cut off for long returns without a new term and without disturbing the leader",
    run() {
      const s = new Cluster(THREE);
      s.elect(1);
      s.isolate(3);
      s.propose(1, "a");
      for (let round = 0; round < 8; round++) {
        s.timeout(3);
        s.ready(3);
        s.beat(1, 1, 2);
      }
      s.expect(3, { role: "pre-candidate", term: 2 });
      s.heal();
      s.timeout(3);
      s.stabilize();
      s.beat(1);
      s.expect(1, { role: "leader", term: 2, commit: 12 });
      s.expect(3, { role: "follower", leader: 1, term: 2, commit: 12 });
    },
  },
  {
    name: "a pre-vote of a lagging member fails, one of an up-to-date member replaces a dead leader",
    run() {
      const s = new Cluster(THREE);
      s.elect(1);
      s.isolate(3);
      s.propose(1, "a");
      s.stabilize();
      s.heal();
      s.crash(1);
      s.forgetLeader(2);
      s.timeout(3);
      s.stabilize();
      s.expect(3, { role: "pre-candidate", term: 2 });
      s.timeout(2);
      s.stabilize();
      s.expect(2, { role: "leader", term: 3, commands: ["a"] });
      s.expect(3, { role: "follower", leader: 2, commands: ["a"] });
    },
  },
  {
    name: "a majority of members that lost contact replaces a leader that only a minority hears",
    run() {
      const s = new Cluster(THREE);
      s.elect(1);
      s.isolate(1);
      s.forgetLeader(3);
      s.timeout(2);
      s.stabilize();
      const leaders = [2, 3].filter((node) => s.facts(node).role === "leader");
      equal(leaders.length, 1);
      s.heal();
      s.beat(leaders[0] ?? 0);
      s.expect(1, { role: "follower", leader: leaders[0] ?? 0 });
    },
  },
  {
    name: "a candidate answers a pre-vote of a member in an earlier term with its own term (checklist 9)",
    run() {
      const s = new Cluster({ ...THREE, terms: { 1: 5 } });
      candidate(s, 1);
      s.drop({});
      s.expect(1, { role: "candidate", term: 6 });
      s.campaign(2);
      s.ready(2);
      s.deliver({ type: "PreVote", to: 1 });
      s.stabilize(1);
      const reply = s.first({ type: "PreVoteReply", to: 2 });
      equal(reply.reject, true);
      equal(reply.term, 6);
      s.deliver({ to: 2 });
      s.expect(2, { term: 6, role: "follower" });
    },
  },
  {
    name: "candidates and pre-candidates of different terms do not dead-lock",
    run() {
      const s = new Cluster({ ...THREE, terms: { 1: 9, 2: 4 } });
      s.campaign(1);
      s.campaign(2);
      s.stabilize();
      for (let round = 0; round < 6; round++) {
        for (const node of s.nodes) {
          if (s.facts(node).role !== "leader") s.timeout(node);
          s.stabilize();
        }
      }
      equal(s.nodes.filter((node) => s.facts(node).role === "leader").length, 1);
    },
  },
  {
    name: "a candidate stuck in a higher term with a stale log forces the leader up and rejoins (checklist 10)",
    run() {
      const s = new Cluster(THREE);
      s.elect(1);
      s.isolate(3);
      s.propose(1, "a");
      s.stabilize();
      // As a transfer that nobody else heard of leaves it: a candidate by TimeoutNow.
      s.inject("TimeoutNow", { from: 1, to: 3, term: 2 });
      s.stabilize(3);
      s.expect(3, { role: "candidate", term: 3 });
      s.heal();
      for (let round = 0; round < 3 * ELECTION_TICKS; round++) {
        for (const node of s.nodes) s.tick(node);
        s.stabilize();
      }
      const leader = s.nodes.find((node) => s.facts(node).role === "leader");
      ok(leader === 1 || leader === 2, "one with the committed entry leads");
      s.expectAll([1, 2, 3], { leader, last: s.facts(1).last });
      equal(s.facts(3).commit, s.facts(1).commit);
    },
  },
  {
    name: "a candidate in a higher term is freed by the first heartbeat of the leader, which it answers with its term",
    run() {
      const s = new Cluster(THREE);
      s.elect(1);
      s.isolate(3);
      s.inject("TimeoutNow", { from: 1, to: 3, term: 2 });
      s.stabilize(3);
      s.heal();
      s.drop({});
      s.beat(1);
      notEqual(s.facts(1).role, "leader");
      equal(s.facts(1).term, 3);
    },
  },
  {
    name: "the leader of a former term that returns is a follower after one message",
    run() {
      const s = new Cluster(THREE);
      s.elect(1);
      s.isolate(1);
      s.propose(1, "lost");
      s.forgetLeader(3);
      s.timeout(2);
      s.stabilize();
      const leader = 2;
      s.expect(leader, { role: "leader", term: 3 });
      s.propose(leader, "kept");
      s.stabilize();
      s.heal();
      s.beat(leader);
      s.expect(1, { role: "follower", leader, commands: ["kept"] });
    },
  },
  {
    name: "a heartbeat that comes late does not revive an old leader",
    run() {
      const s = new Cluster(THREE);
      s.elect(1);
      s.tick(1);
      s.ready(1);
      s.forgetLeader(2);
      s.timeout(3);
      s.ready(3);
      s.deliver({ type: "PreVote", to: 2 });
      s.ready(2);
      s.appends(2);
      s.deliver({ type: "PreVoteReply", to: 3 });
      s.ready(3);
      s.appends(3);
      s.expect(3, { role: "candidate", term: 3 });
      s.deliver({ type: "Heartbeat", to: 3 });
      s.expect(3, { role: "candidate", term: 3 });
      s.drop({ type: "Heartbeat", to: 2 });
      s.stabilize();
      s.expect(3, { role: "leader", term: 3 });
      s.expect(1, { role: "follower", leader: 3 });
    },
  },
];

/** Forgetting a leader, which waking from hibernation rests on. */
export const FORGETTING: readonly Scenario[] = [
  {
    name: "a follower that forgets its leader keeps term and vote, and follows again at the next heartbeat",
    run() {
      const s = new Cluster({ voters: [1, 2, 3], learners: [4], index: 10 });
      s.elect(1);
      for (const node of [2, 4]) {
        const { term, vote } = s.facts(node);
        s.forgetLeader(node);
        s.expect(node, { role: "follower", leader: 0, term, vote });
        s.beat(1);
        s.expect(node, { role: "follower", leader: 1, term, vote });
      }
    },
  },
  {
    name: "a leader does not forget itself",
    run() {
      const s = new Cluster(THREE);
      s.elect(1);
      s.forgetLeader(1);
      s.expect(1, { role: "leader", leader: 1, term: 2 });
      s.propose(1, "a");
      s.stabilize();
      s.expectAll([1, 2, 3], { commit: 12 });
    },
  },
  {
    name: "one that forgot its leader does not forget it again, and may be told so at any role",
    run() {
      const s = new Cluster(THREE);
      s.forgetLeader(2);
      s.expect(2, { role: "follower", leader: 0, term: 1 });
      candidate(s, 1);
      s.forgetLeader(1);
      s.expect(1, { role: "candidate", term: 2 });
    },
  },
  {
    name: "members that forgot the leader grant pre-votes at once",
    run() {
      const s = new Cluster(THREE);
      s.elect(1);
      s.crash(1);
      s.campaign(2);
      s.stabilize();
      notEqual(s.facts(2).role, "leader", "node 3 still sticks to the leader");
      s.forgetLeader(3);
      s.forgetLeader(2);
      s.campaign(2);
      s.stabilize();
      s.expect(2, { role: "leader", term: 3 });
    },
  },
  {
    name: "but not to a candidate that lacks entries",
    run() {
      const s = new Cluster(THREE);
      s.elect(1);
      s.isolate(3);
      s.propose(1, "a");
      s.stabilize();
      s.crash(1);
      s.heal();
      s.forgetLeader(2);
      s.forgetLeader(3);
      s.campaign(3);
      s.stabilize();
      s.expect(3, { role: "pre-candidate", term: 2 });
      s.expect(2, { role: "follower", term: 2, leader: 0 });
      s.campaign(2);
      s.stabilize();
      s.expect(2, { role: "leader", term: 3 });
      s.expect(3, { commands: ["a"] });
    },
  },
  {
    name: "a follower that forgot the leader still commits what that leader sends",
    run() {
      const s = new Cluster(THREE);
      s.elect(1);
      s.forgetLeader(2);
      s.forgetLeader(3);
      s.propose(1, "a");
      s.stabilize();
      s.expectAll([2, 3], { leader: 1, commit: 12, commands: ["a"] });
    },
  },
];
