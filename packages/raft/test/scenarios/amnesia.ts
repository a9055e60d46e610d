import { deepStrictEqual, equal, ok } from "node:assert/strict";
import { Cluster } from "../../src/sim/scenario/cluster.ts";
import type { Scenario } from "../../src/sim/scenario/scenario.ts";
import { COMMANDS, full, LAST } from "./damage.ts";

/** Disks that went back in time, and promises. */
export const AMNESIA: readonly Scenario[] = [
  {
    name: "a replica that forgot what it had acknowledged is found out, promises it, and catches up",
    run() {
      const s = full();
      const past = new Cluster({ voters: [1, 2, 3], index: 10 }).replica(3).log.durable;
      s.crash(3);
      s.replica(3).log.rollBack({ ...past, hardState: { ...past.hardState, currentTerm: 2 } });
      s.restart(3);
      s.expect(3, { last: 10 });
      s.tick(1);
      for (let round = 0; round < 10 && s.flights({ type: "Promise" }).length === 0; round++) {
        s.ready(1, 3);
        s.appends(3);
        s.deliver({ type: ["AppendEntries", "Heartbeat", "AppendEntriesReply", "HeartbeatReply"] });
        s.ready(1);
      }
      const promise = s.first({ type: "Promise", to: 3 });
      equal(promise.index, LAST);
      equal(promise.logTerm, 2);
      deepStrictEqual(
        s.replica(1).events.filter((event) => event.kind === "amnesia"),
        [{ kind: "amnesia", replica: s.id(3), match: LAST, last: 10 }],
      );
      s.deliver({ type: "Promise" });
      s.ready(3);
      s.appends(3);
      if (s.facts(3).last < LAST) {
        s.expect(3, { hasPromise: true });
        deepStrictEqual(s.replica(3).log.durable.promise, { term: 2, index: LAST });
      }
      for (let beat = 0; beat < 4; beat++) s.beat(1);
      s.expect(3, { hasPromise: false, commands: COMMANDS, last: LAST });
      equal(s.progress(1, 3).match, LAST);
      // Fulfilled for good: not after the next restart either.
      s.propose(1, "e");
      s.stabilize();
      s.crash(3);
      s.restart(3);
      s.expect(3, { hasPromise: false });
    },
  },
  {
    name: "what an amnesiac acknowledged before does not count twice: the commit needs a new quorum",
    run() {
      const s = full();
      const past = new Cluster({ voters: [1, 2, 3], index: 10 }).replica(3).log.durable;
      s.isolate(2);
      s.crash(3);
      s.replica(3).log.rollBack({ ...past, hardState: { ...past.hardState, currentTerm: 2 } });
      s.restart(3);
      s.beat(1);
      s.beat(1);
      s.propose(1, "e");
      s.stabilize();
      s.beat(1);
      s.expectAll([1, 3], { commands: [...COMMANDS, "e"] });
    },
  },
  {
    name: "a forgotten acknowledgement does not help to commit: only who has the entry counts",
    run() {
      const voters = [1, 2, 3, 4, 5];
      const s = new Cluster({ voters, index: 10 });
      s.elect(1);
      const past = s.replica(3).log.durable;
      s.propose(1, "a");
      s.ready(1);
      s.deliver({ type: "AppendEntries", to: 3 });
      s.stabilize(3);
      s.deliver({ type: "AppendEntriesReply", to: 1 });
      s.appends(1);
      equal(s.progress(1, 3).match, 12);
      s.drop({});
      s.crash(3);
      s.replica(3).log.rollBack(past);
      s.restart(3);
      // Its first answer shows what is gone; what is sent to it then is lost.
      s.tick(1);
      for (let round = 0; round < 6 && s.progress(1, 3).match !== 0; round++) {
        s.ready(1);
        s.deliver({ to: 3 });
        s.ready(3);
        s.appends(3);
        s.deliver({ from: 3 });
      }
      s.ready(1);
      s.isolate(3);
      equal(s.progress(1, 3).match, 0);
      s.drop({});
      s.reportUnreachable(1, 2);
      s.beat(1, 1, 2);
      s.beat(1, 1, 2);
      equal(s.progress(1, 2).match, 12);
      s.expect(1, { commit: 11 });
      s.beat(1, 1, 2, 4);
      s.beat(1, 1, 2, 4);
      s.expect(1, { commit: 12 });
    },
  },
  {
    name: "a promise above the log forbids campaigning and voting for who is below it",
    run() {
      const s = new Cluster({ voters: [1, 2, 3], index: 10, logs: { 2: [2, 2], 3: [2, 2, 2, 2] } });
      s.crash(1);
      const disk = s.replica(1).log.durable;
      s.replica(1).log.rollBack({ ...disk, promise: { term: 2, index: 13 } });
      s.restart(1);
      s.expect(1, { hasPromise: true });
      s.timeout(1);
      s.campaign(1);
      s.ready(1);
      s.expect(1, { role: "follower", term: 1 });
      s.inject("RequestVote", { from: 2, to: 1, term: 5, index: 12, logTerm: 2 });
      s.stabilize(1);
      ok(s.flights({ type: "RequestVoteReply", to: 2 }).every((message) => message.reject));
      s.inject("RequestVote", { from: 3, to: 1, term: 5, index: 14, logTerm: 2 });
      s.stabilize(1);
      equal(s.first({ type: "RequestVoteReply", to: 3 }).reject, false);
    },
  },
  {
    name: "a promise is fulfilled by entries of a later term, though the log is shorter",
    run() {
      const s = new Cluster({ voters: [1, 2, 3], index: 10 });
      s.crash(3);
      const disk = s.replica(3).log.durable;
      s.replica(3).log.rollBack({ ...disk, promise: { term: 1, index: 40 } });
      s.restart(3);
      s.elect(1, 1, 2);
      s.beat(1);
      s.beat(1);
      s.expect(3, { hasPromise: false, last: 11 });
    },
  },
  {
    name: "a restarted follower that forgot nothing causes no alarm",
    run() {
      const s = full();
      for (const node of [2, 3]) {
        s.crash(node);
        s.restart(node);
      }
      for (let beat = 0; beat < 3; beat++) s.beat(1);
      deepStrictEqual(
        s.replica(1).events.filter((event) => event.kind === "amnesia"),
        [],
      );
      for (const node of [2, 3]) equal(s.progress(1, node).match, LAST);
    },
  },
  {
    name: "a follower that lost only what it had not acknowledged causes no alarm",
    run() {
      const s = full();
      s.propose(1, "e");
      s.ready(1);
      s.deliver({ type: "AppendEntries", to: 3 });
      s.ready(3);
      s.crash(3);
      s.restart(3);
      s.stabilize();
      s.beat(1);
      s.beat(1);
      deepStrictEqual(
        s.replica(1).events.filter((event) => event.kind === "amnesia"),
        [],
      );
      s.expect(3, { commands: [...COMMANDS, "e"] });
    },
  },
];
