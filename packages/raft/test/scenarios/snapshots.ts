import { equal, notEqual, ok } from "node:assert/strict";
import type { SnapshotMeta } from "../../src/core/message.ts";
import { Cluster } from "../../src/sim/scenario/cluster.ts";
import type { Scenario } from "../../src/sim/scenario/scenario.ts";

const THREE = { voters: [1, 2, 3], index: 10 };

const COMMANDS = ["c0", "c1", "c2"];

/** Node 1 leads, node 3 misses the commands, and the leader has compacted them away (or only up to an index). */
function behind(compactTo?: number): Cluster {
  const s = new Cluster(THREE);
  s.elect(1);
  s.isolate(3);
  for (const command of COMMANDS) s.propose(1, command);
  s.stabilize();
  s.compact(1, compactTo);
  s.heal();
  return s;
}

function snapshotAt(s: Cluster, index: number, term: number): SnapshotMeta {
  return { index, term, conf: s.replica(1).core.conf };
}

/** Snapshots between leader and follower, and the states that the leader keeps about it. */
const TRANSFER: readonly Scenario[] = [
  {
    name: "a follower whose next entry is compacted gets a snapshot and goes on by appends",
    run() {
      const s = behind();
      s.beat(1);
      s.expect(3, { commands: COMMANDS, commit: 14, applied: 14, durable: 14 });
      equal(s.replica(3).log.compactedIndex, 14);
      equal(s.progress(1, 3).state, "replicate");
      s.propose(1, "d");
      s.stabilize();
      s.expect(3, { commands: [...COMMANDS, "d"], last: 15 });
    },
  },
  {
    name: "nothing is appended to a follower while a snapshot is on its way",
    run() {
      const s = behind();
      s.tick(1);
      untilSnapshot(s);
      equal(s.progress(1, 3).state, "snapshot");
      s.propose(1, "d");
      s.ready(1);
      equal(s.flights({ type: "AppendEntries", to: 3 }).length, 0);
      equal(s.replica(1).snapshotRequests.length, 1, "it is asked for once");
    },
  },
  {
    name: "an acknowledgement alone ends the snapshot state: no report is needed",
    run() {
      const s = behind();
      s.tick(1);
      untilSnapshot(s);
      s.stabilize();
      equal(s.progress(1, 3).state, "replicate");
      equal(s.progress(1, 3).match, 14);
    },
  },
  {
    name: "a snapshot older than the one the leader thinks of is enough if the log goes on from there",
    run() {
      const s = behind(13);
      // The leader's newest snapshot is at 14, but it keeps entries from 13 on, and what arrives is one at 13.
      const meta = snapshotAt(s, 13, 2);
      s.tick(1);
      untilSnapshot(s);
      s.drop({});
      s.replica(1).snapshotRequests = [];
      s.inject("InstallSnapshot", { from: 1, to: 3, term: 2, snapshot: meta });
      s.replica(3).provide(meta, { index: 13, commands: ["c0", "c1"] });
      s.stabilize();
      s.beat(1);
      s.beat(1);
      s.stabilize();
      s.expect(3, { commit: 14, commands: COMMANDS });
    },
  },
  {
    name: "a failed transfer returns the follower to probing, and another snapshot is asked for",
    run() {
      const s = behind();
      s.tick(1);
      untilSnapshot(s);
      s.replica(1).snapshotRequests = [];
      s.reportSnapshot(1, 3, false);
      equal(s.progress(1, 3).state, "probe");
      s.beat(1);
      s.beat(1);
      s.expect(3, { commands: COMMANDS });
    },
  },
  {
    name: "a successful transfer whose answer is lost is found out by probing",
    run() {
      const s = behind();
      s.tick(1);
      untilSnapshot(s);
      s.snapshots(1);
      s.deliver({ type: "InstallSnapshot", to: 3 });
      s.ready(3);
      s.appends(3);
      s.drop({ from: 3 });
      s.reportSnapshot(1, 3, true);
      s.beat(1);
      s.beat(1);
      equal(s.progress(1, 3).state, "replicate");
      equal(s.progress(1, 3).match, 14);
      equal(s.replica(1).snapshotRequests.length, 0);
    },
  },
  {
    name: "a follower that waits for a snapshot and restarts is served again",
    run() {
      const s = behind();
      s.tick(1);
      untilSnapshot(s);
      s.snapshots(1);
      s.deliver({ type: "InstallSnapshot", to: 3 });
      s.ready(3);
      s.crash(3);
      s.restart(3);
      s.expect(3, { last: 11 });
      s.reportSnapshot(1, 3, false);
      s.beat(1);
      s.beat(1);
      s.expect(3, { commands: COMMANDS });
    },
  },
  {
    name: "no snapshot is asked for while its receiver is away, but as soon as it is back",
    run() {
      const s = new Cluster(THREE);
      s.elect(1);
      s.crash(3);
      for (let tick = 0; tick < 25; tick++) s.beat(1);
      s.propose(1, "a");
      s.stabilize();
      s.compact(1);
      s.reportUnreachable(1, 3);
      for (let beat = 0; beat < 3; beat++) {
        s.tick(1);
        s.ready(1);
        equal(s.replica(1).snapshotRequests.length, 0);
        s.stabilize();
      }
      s.restart(3);
      s.beat(1);
      s.beat(1);
      s.expect(3, { commands: ["a"] });
    },
  },
  {
    name: "a throttled follower whose entries are compacted meanwhile is not stuck",
    run() {
      const s = new Cluster({ ...THREE, config: { maxInflightMessages: 2 } });
      s.elect(1);
      for (let command = 0; command < 6; command++) {
        s.propose(1, `c${command}`);
        s.ready(1);
        s.stabilize(1, 2);
      }
      equal(
        s.flights({ type: "AppendEntries", to: 3, where: (m) => m.entries.length > 0 }).length,
        2,
      );
      s.compact(1);
      s.stabilize();
      s.beat(1);
      s.beat(1);
      s.expect(3, { commands: ["c0", "c1", "c2", "c3", "c4", "c5"] });
      equal(s.progress(1, 3).state, "replicate");
    },
  },
  {
    name: "a follower that falls behind again while a snapshot travels catches up in bounded tries (checklist 58)",
    run() {
      const s = behind();
      let requests = 0;
      for (let round = 0; round < 5; round++) {
        s.tick(1);
        s.ready(1);
        s.stabilize(1, 2);
        s.deliver({ to: 3 });
        s.ready(3);
        s.appends(3);
        s.deliver({ to: 1 });
        s.ready(1);
        requests += s.replica(1).snapshotRequests.length;
        s.snapshots(1);
        // The leader writes on, and compacts, before it arrives.
        s.propose(1, `w${round}`);
        s.stabilize(1, 2);
        s.compact(1, s.facts(1).applied - 1);
      }
      s.stabilize();
      s.beat(1);
      s.beat(1);
      s.expect(3, { commands: s.facts(1).commands });
      ok(requests <= 5);
    },
  },
  ...[-1, 0, 1].map((offset) => ({
    name: `a follower at the snapshot's index ${offset === 0 ? "" : `${offset > 0 ? "+" : ""}${offset} `}goes on (checklist 54)`,
    run(): void {
      const s = new Cluster(THREE);
      s.elect(1);
      s.propose(1, "a");
      s.stabilize();
      if (offset < 1) s.isolate(3);
      s.propose(1, "b");
      s.stabilize();
      if (offset === -1) {
        s.compact(1, 13);
      } else {
        s.compact(1, 12);
      }
      s.heal();
      s.propose(1, "c");
      s.stabilize();
      s.beat(1);
      s.beat(1);
      s.expect(3, { commands: ["a", "b", "c"], commit: 14 });
      equal(s.replica(3).log.compactedIndex, offset === -1 ? 13 : 10);
    },
  })),
  {
    name: "a learner that joins gets the members with its first snapshot (checklist 45)",
    run() {
      const s = new Cluster({ ...THREE, spares: [4] });
      s.elect(1);
      s.propose(1, "a");
      s.stabilize();
      s.change(1, "l4");
      s.stabilize();
      s.beat(1);
      s.expect(4, { conf: "1 2 3 learners 4", commands: ["a"], leader: 1, commit: 13 });
    },
  },
  {
    name: "a snapshot taken before a change was applied carries the former members, and the change follows it",
    run() {
      const s = new Cluster({ ...THREE, spares: [4] });
      s.elect(1);
      s.compact(1);
      s.change(1, "v4");
      s.ready(1);
      equal(s.snapshotConf(1), "1 2 3");
      s.stabilize();
      s.beat(1);
      s.expect(4, { conf: "1 2 3 4", commit: 12 });
      s.crash(4);
      s.restart(4);
      s.stabilize();
      s.beat(1);
      s.expect(4, { conf: "1 2 3 4" });
    },
  },
  {
    name: "a replica that was added but heard nothing yet is told by a snapshot, never by appends from the start",
    run() {
      const s = new Cluster({ voters: [1, 2, 3], spares: [4], index: 1 });
      s.elect(1);
      s.change(1, "l4");
      s.stabilize();
      s.beat(1);
      s.expect(4, { conf: "1 2 3 learners 4" });
      equal(s.replica(4).log.durable.snapshot.meta.index, s.replica(1).log.snapshotIndex);
    },
  },
];

const DELAYED: readonly Scenario[] = [
  {
    name: "a delayed snapshot of the same leader does not take a follower back (checklist 52)",
    run() {
      const s = behind();
      s.tick(1);
      untilSnapshot(s);
      s.snapshots(1);
      const copies = s.deliverCopy({ type: "InstallSnapshot", to: 3 });
      equal(copies, 1);
      s.ready(3);
      s.appends(3);
      s.deliver({ type: "AppendEntriesReply", to: 1 });
      s.propose(1, "d");
      s.ready(1);
      s.deliver({ type: "AppendEntries", to: 3 });
      s.ready(3);
      s.appends(3);
      s.expect(3, { last: 15 });
      s.deliver({ type: "InstallSnapshot", to: 3 });
      s.stabilize();
      s.expect(3, { last: 15, commands: [...COMMANDS, "d"] });
    },
  },
  {
    name: "a snapshot of a deposed leader is not installed (checklist 35)",
    run() {
      const s = behind();
      s.tick(1);
      untilSnapshot(s);
      s.snapshots(1);
      equal(s.flights({ type: "InstallSnapshot", to: 3 }).length, 1);
      s.inject("HeartbeatReply", { from: 2, to: 3, term: 7 });
      s.deliver({ type: "InstallSnapshot", to: 3 });
      s.stabilize(3);
      s.expect(3, { term: 7, commit: 11, last: 11 });
    },
  },
  {
    name: "snapshots of two leaders in turn leave the newer state (checklist 35)",
    run() {
      const s = behind();
      s.tick(1);
      untilSnapshot(s);
      s.snapshots(1);
      s.deliverCopy({ type: "InstallSnapshot", to: 3 });
      s.ready(3);
      s.isolate(1, [2, 3]);
      s.forgetLeader(2);
      s.forgetLeader(3);
      s.elect(2, 2, 3);
      s.propose(2, "d");
      s.stabilize(2, 3);
      s.compact(2);
      s.sendSnapshot(2, 3);
      s.stabilize(2, 3);
      s.expect(3, { commands: [...COMMANDS, "d"] });
      s.heal();
      s.beat(2);
      s.beat(2);
      s.expectAll([1, 2, 3], { commands: [...COMMANDS, "d"], commit: 16 });
    },
  },
  {
    name: "a snapshot that arrives while earlier appends still wait for the disk is installed in their order",
    run() {
      const s = new Cluster(THREE);
      s.elect(1);
      s.propose(1, "a");
      s.ready(1);
      s.deliver({ type: "AppendEntries", to: 3 });
      s.ready(3);
      equal(s.replica(3).log.pendingCount, 1);
      s.isolate(3);
      s.propose(1, "b");
      s.stabilize(1, 2);
      s.compact(1);
      s.heal();
      s.sendSnapshot(1, 3);
      s.deliver({ type: "InstallSnapshot", to: 3 });
      s.ready(3);
      equal(s.replica(3).log.pendingCount, 2);
      s.appendOne(3);
      s.appendOne(3);
      s.stabilize();
      s.beat(1);
      s.expect(3, { commands: ["a", "b"], commit: 13, durable: 13 });
    },
  },
  {
    name: "no candidate comes from a snapshot whose members do not contain it",
    run() {
      const s = new Cluster({ voters: [1, 2, 3], spares: [4], index: 10 });
      s.elect(1);
      s.sendSnapshot(1, 4);
      s.stabilize();
      s.timeout(4);
      s.campaign(4);
      s.ready(4);
      notEqual(s.facts(4).role, "pre-candidate");
      notEqual(s.facts(4).role, "candidate");
    },
  },
  {
    name: "a leader compacts on while followers are current, and a new leader starts from a compacted log",
    run() {
      const s = new Cluster(THREE);
      s.elect(1);
      for (const command of ["a", "b", "c"]) {
        s.propose(1, command);
        s.stabilize();
        for (const node of s.nodes) s.compact(node);
      }
      s.crash(1);
      s.forgetLeader(2);
      s.forgetLeader(3);
      s.elect(2);
      s.propose(2, "d");
      s.stabilize();
      s.restart(1);
      s.beat(2);
      s.beat(2);
      s.expectAll([1, 2, 3], { commands: ["a", "b", "c", "d"] });
    },
  },
];

/** Snapshots, compaction and installing. */
export const SNAPSHOTS: readonly Scenario[] = [...TRANSFER, ...DELAYED];

/** Until the leader in node 1 has asked its host for a snapshot for node 3. */
function untilSnapshot(s: Cluster): void {
  for (let round = 0; round < 10; round++) {
    s.ready(1);
    if (s.replica(1).snapshotRequests.length > 0) return;
    s.deliver({ to: 3 });
    s.ready(3);
    s.appends(3);
    s.deliver({ to: 1 });
  }
  ok(false, "no snapshot was asked for");
}
