import { deepStrictEqual, equal, notEqual, ok } from "node:assert/strict";
import { Cluster } from "../../src/sim/scenario/cluster.ts";
import type { Scenario } from "../../src/sim/scenario/scenario.ts";
import { ELECTION_TICKS } from "../../src/sim/scenario/start.ts";

const THREE = { voters: [1, 2, 3], index: 10 };

function led(options: ConstructorParameters<typeof Cluster>[0] = THREE): Cluster {
  const s = new Cluster(options);
  s.elect(1);
  return s;
}

/** ReadIndex: what a read may rest on (Raft dissertation 6.4). */
export const READS: readonly Scenario[] = [
  {
    name: "a read at the leader is answered with its commit index after a round of heartbeats",
    run() {
      const s = led();
      ok(s.readIndex(1, 5));
      s.ready(1);
      deepStrictEqual(s.replica(1).reads, []);
      s.deliver({ to: 2 });
      s.ready(2);
      s.appends(2);
      s.deliver({ to: 1 });
      s.ready(1);
      deepStrictEqual(s.replica(1).reads, [{ context: 5, index: 11 }]);
    },
  },
  {
    name: "a read at a follower goes through the leader",
    run() {
      const s = led();
      ok(s.readIndex(2, 9));
      s.stabilize();
      deepStrictEqual(s.replica(2).reads, [{ context: 9, index: 11 }]);
    },
  },
  {
    name: "a read without a known leader cannot be served",
    run() {
      const s = new Cluster(THREE);
      equal(s.readIndex(2, 9), false);
    },
  },
  {
    name: "a read at a leader whose term has no commit yet is not answered before it has (checklist 84)",
    run() {
      const s = led();
      s.propose(1, "a");
      s.stabilize();
      s.crash(1);
      s.forgetLeader(2);
      s.forgetLeader(3);
      s.campaign(2);
      for (let round = 0; round < 10 && s.facts(2).role !== "leader"; round++) {
        s.ready(2, 3);
        s.appends(2, 3);
        s.deliver({});
      }
      s.expect(2, { role: "leader" });
      const isTaken = s.readIndex(2, 1);
      s.ready(2);
      deepStrictEqual(s.replica(2).reads, []);
      s.stabilize();
      s.beat(2);
      if (isTaken) deepStrictEqual(s.replica(2).reads, [{ context: 1, index: 13 }]);
      ok(s.readIndex(2, 2));
      s.stabilize();
      s.beat(2);
      deepStrictEqual(s.replica(2).reads.at(-1), { context: 2, index: 13 });
    },
  },
  {
    name: "answers to heartbeats before the read do not count for it (checklist 84)",
    run() {
      const s = led();
      s.tick(1);
      s.ready(1);
      s.deliver({ to: 2 });
      s.deliver({ to: 3 });
      s.ready(2, 3);
      s.appends(2, 3);
      equal(s.flights({ type: "HeartbeatReply" }).length, 2);
      ok(s.readIndex(1, 3));
      s.deliver({ type: "HeartbeatReply" });
      s.ready(1);
      deepStrictEqual(s.replica(1).reads, []);
      s.stabilize();
      deepStrictEqual(s.replica(1).reads, [{ context: 3, index: 11 }]);
    },
  },
  {
    name: "answers to an older round of heartbeats do not count for a round that has begun (checklist 84)",
    run() {
      const s = led();
      s.tick(1);
      s.ready(1);
      s.deliver({ to: 2 });
      s.deliver({ to: 3 });
      s.ready(2, 3);
      s.appends(2, 3);
      ok(s.readIndex(1, 3));
      s.ready(1);
      equal(s.flights({ type: "Heartbeat" }).length, 2);
      equal(s.flights({ type: "HeartbeatReply" }).length, 2);
      s.deliver({ type: "HeartbeatReply" });
      s.ready(1);
      deepStrictEqual(s.replica(1).reads, []);
      s.stabilize();
      deepStrictEqual(s.replica(1).reads, [{ context: 3, index: 11 }]);
    },
  },
  {
    name: "a deposed leader answers no read, and says so when it learns of it",
    run() {
      const s = led();
      s.isolate(1);
      s.forgetLeader(2);
      s.forgetLeader(3);
      s.elect(2, 2, 3);
      s.propose(2, "new");
      s.stabilize(2, 3);
      ok(s.readIndex(1, 4));
      for (let beat = 0; beat < 3; beat++) s.beat(1);
      ok(s.replica(1).reads.every((read) => read.index === -1));
      s.heal();
      s.beat(2);
      s.expect(1, { role: "follower" });
      deepStrictEqual(s.replica(1).reads, [{ context: 4, index: -1 }]);
    },
  },
  {
    name: "answers of learners do not confirm a read",
    run() {
      const s = led({ voters: [1, 2, 3], learners: [4, 5], index: 10 });
      s.isolate(1, [2, 3]);
      ok(s.readIndex(1, 4));
      s.stabilize(1, 4, 5);
      deepStrictEqual(s.replica(1).reads, []);
    },
  },
  {
    name: "in a joint configuration a read needs both majorities (checklist 46)",
    run() {
      const s = led({ voters: [1, 2, 3], spares: [4, 5], index: 10 });
      s.change(1, "v4 v5 r2 r3", "joint-explicit");
      s.stabilize();
      s.beat(1);
      const { commit } = s.facts(1);
      s.isolate(1, [2, 3]);
      ok(s.readIndex(1, 4));
      s.stabilize();
      deepStrictEqual(s.replica(1).reads, []);
      s.heal();
      s.beat(1);
      s.beat(1);
      deepStrictEqual(s.replica(1).reads, [{ context: 4, index: commit }]);
    },
  },
  {
    name: "a lone voter answers reads by itself",
    run() {
      const s = led({ voters: [1], index: 10 });
      ok(s.readIndex(1, 8));
      s.stabilize();
      deepStrictEqual(s.replica(1).reads, [{ context: 8, index: 11 }]);
    },
  },
  {
    name: "many reads share a round, and all of them are answered in order",
    run() {
      const s = led();
      for (let context = 1; context <= 20; context++) ok(s.readIndex(1, context));
      s.ready(1);
      ok(s.flights({ type: "Heartbeat", to: 2 }).length <= 20);
      s.stabilize();
      s.beat(1);
      deepStrictEqual(
        s.replica(1).reads.map((read) => read.context),
        Array.from({ length: 20 }, (_, offset) => offset + 1),
      );
    },
  },
  {
    name: "a read is not put off by others that come while its round is under way",
    run() {
      const s = led();
      ok(s.readIndex(1, 1));
      s.ready(1);
      s.deliver({ type: "Heartbeat", to: 2 });
      s.ready(2);
      ok(s.readIndex(1, 2));
      s.ready(1);
      s.deliver({ type: "HeartbeatReply", from: 2, count: 1 });
      s.ready(1);
      deepStrictEqual(s.replica(1).reads, [{ context: 1, index: 11 }]);
    },
  },
  {
    name: "a read whose heartbeats are lost is answered after the next ones",
    run() {
      const s = led();
      ok(s.readIndex(1, 6));
      s.ready(1);
      s.drop({});
      s.beat(1);
      s.beat(1);
      deepStrictEqual(s.replica(1).reads, [{ context: 6, index: 11 }]);
    },
  },
];

/** Handing over leadership (Raft dissertation 3.10). */
export const TRANSFERS: readonly Scenario[] = [
  {
    name: "leadership goes to a follower that is current, at once and without waiting for timeouts",
    run() {
      const s = led();
      ok(s.transfer(1, 2));
      s.stabilize();
      s.expect(2, { role: "leader", term: 3 });
      s.expectAll([1, 3], { role: "follower", leader: 2, term: 3 });
    },
  },
  {
    name: "a target that lags is brought up to date before it is told to campaign (checklist 19)",
    run() {
      const s = led();
      s.isolate(2);
      s.propose(1, "a");
      s.stabilize();
      s.heal();
      s.drop({});
      ok(s.transfer(1, 2));
      s.ready(1);
      equal(s.flights({ type: "TimeoutNow" }).length, 0);
      s.stabilize();
      s.beat(1, 1, 2, 3);
      s.beat(1, 1, 2, 3);
      s.expect(2, { role: "leader", commands: ["a"] });
    },
  },
  {
    name: "proposals are refused while a transfer goes on",
    run() {
      const s = led();
      ok(s.transfer(1, 2));
      s.ready(1);
      equal(s.tryPropose(1, "a"), "transferring");
      equal(s.tryChange(1, "r3"), "transferring");
      s.stabilize();
      s.propose(2, "a");
      s.stabilize();
      s.expectAll([1, 2, 3], { commands: ["a"] });
    },
  },
  {
    name: "a transfer to a target that is cut off ends after one election timeout, and proposals are taken again (checklist 19)",
    run() {
      const s = led();
      ok(s.transfer(1, 2));
      s.ready(1);
      s.isolate(2);
      for (let tick = 0; tick <= ELECTION_TICKS; tick++) s.beat(1);
      s.expect(1, { role: "leader", term: 2 });
      s.propose(1, "a");
      s.stabilize();
      s.expectAll([1, 3], { commands: ["a"] });
      ok(s.replica(1).events.some((event) => event.kind === "transfer-aborted"));
    },
  },
  {
    name: "learners, strangers, the leader itself and members not heard lately are no targets (checklist 19)",
    run() {
      const s = led({ voters: [1, 2, 3], learners: [4], spares: [5], index: 10 });
      equal(s.transfer(1, 4), false);
      equal(s.transfer(1, 5), false);
      equal(s.transfer(1, 1), false);
      s.isolate(3);
      for (let tick = 0; tick < 2 * ELECTION_TICKS; tick++) s.beat(1);
      equal(s.transfer(1, 3), false);
      s.expect(1, { role: "leader" });
    },
  },
  {
    name: "a follower cannot transfer, and a learner told to campaign does not",
    run() {
      const s = led({ voters: [1, 2, 3], learners: [4], index: 10 });
      equal(s.transfer(2, 3), false);
      s.inject("TimeoutNow", { from: 1, to: 4, term: 2 });
      s.stabilize(4);
      s.expect(4, { role: "follower", term: 2 });
    },
  },
  {
    name: "only the leader's TimeoutNow makes a follower campaign, and only a follower",
    run() {
      const s = led();
      s.inject("TimeoutNow", { from: 3, to: 2, term: 2 });
      s.expect(2, { role: "follower", term: 2, leader: 1 });
      s.forgetLeader(2);
      s.inject("TimeoutNow", { from: 3, to: 2, term: 2 });
      s.expect(2, { role: "follower", term: 2 });
    },
  },
  {
    name: "a transfer to a member that is removed meanwhile is given up at once",
    run() {
      const s = led();
      s.isolate(3);
      s.propose(1, "a");
      s.stabilize();
      s.change(1, "r3");
      s.ready(1);
      ok(s.transfer(1, 3));
      equal(s.tryPropose(1, "b"), "transferring");
      s.stabilize();
      s.expect(1, { role: "leader", conf: "1 2" });
      s.propose(1, "b");
      s.stabilize();
      s.expect(2, { commands: ["a", "b"] });
    },
  },
  {
    name: "the target may be changed while a transfer goes on",
    run() {
      const s = led();
      ok(s.transfer(1, 2));
      s.ready(1);
      s.isolate(2);
      ok(s.transfer(1, 3));
      s.stabilize();
      s.expect(3, { role: "leader" });
    },
  },
  {
    name: "a late TimeoutNow of a finished transfer does no harm",
    run() {
      const s = led();
      ok(s.transfer(1, 2));
      s.ready(1);
      s.deliverCopy({ type: "TimeoutNow" });
      s.stabilize(1, 2, 3);
      const { term } = s.facts(1);
      s.inject("TimeoutNow", { from: 1, to: 2, term: 2 });
      s.stabilize();
      s.expect(2, { role: "leader", term });
    },
  },
  {
    name: "a transfer whose target crashes leaves the leader in office or the group with another one",
    run() {
      const s = led();
      ok(s.transfer(1, 2));
      s.ready(1);
      s.deliver({ type: "TimeoutNow" });
      s.ready(2);
      s.crash(2);
      for (let tick = 0; tick < 3 * ELECTION_TICKS; tick++) {
        s.tick(3);
        s.beat(1);
      }
      const leader = [1, 3].find((node) => s.facts(node).role === "leader");
      notEqual(leader, undefined);
      s.propose(leader ?? 0, "a");
      s.stabilize();
      s.expectAll([1, 3], { commands: ["a"] });
    },
  },
  {
    name: "the leader cut off right after TimeoutNow is replaced at once",
    run() {
      const s = led();
      ok(s.transfer(1, 2));
      s.ready(1);
      s.deliver({ type: "TimeoutNow" });
      s.isolate(1);
      s.stabilize();
      s.expect(2, { role: "leader", term: 3 });
      s.heal();
      s.beat(2);
      s.expect(1, { role: "follower", leader: 2 });
    },
  },
];
