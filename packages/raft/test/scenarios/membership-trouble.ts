import { equal, notEqual, ok } from "node:assert/strict";
import { type Entry, EntryType } from "../../src/core/entry.ts";
import { Cluster } from "../../src/sim/scenario/cluster.ts";
import type { Scenario } from "../../src/sim/scenario/scenario.ts";
import { checksum, ELECTION_TICKS, GROUP_ID } from "../../src/sim/scenario/start.ts";
import { led } from "./membership-changes.ts";

/** Changes that are refused, lost or met by a crash. */
export const TROUBLE: readonly Scenario[] = [
  {
    name: "a second change waits until the first is applied (checklist 43)",
    run() {
      const s = led();
      s.change(1, "v4");
      equal(s.tryChange(1, "v5"), "pending-conf");
      s.ready(1);
      equal(s.tryChange(1, "v5"), "pending-conf");
      s.stabilize();
      equal(s.tryChange(1, "v5"), "");
    },
  },
  {
    name: "after a leader change, too, an unapplied change of the former leader is waited for (checklist 43)",
    run() {
      const s = led();
      s.isolate(3);
      s.change(1, "v4");
      s.ready(1);
      s.deliver({ type: "AppendEntries", to: 2 });
      s.ready(2);
      s.appends(2);
      s.crash(1);
      s.heal();
      s.forgetLeader(2);
      s.forgetLeader(3);
      s.campaign(2);
      for (let round = 0; round < 30 && s.facts(2).role !== "leader"; round++) {
        s.ready(2, 3);
        s.appends(2, 3);
        s.deliver({});
      }
      s.expect(2, { role: "leader", applied: 11, last: 13 });
      equal(s.tryChange(2, "v5"), "not-ready");
      for (let round = 0; round < 6; round++) {
        s.ready(2, 3);
        s.appends(2, 3);
        s.deliver({ type: ["AppendEntries", "AppendEntriesReply"] });
      }
      s.expect(2, { commit: 13, applied: 11 });
      equal(s.tryChange(2, "v5"), "pending-conf");
      s.stabilize();
      s.expect(2, { conf: "1 2 3 4" });
      equal(s.tryChange(2, "v5"), "");
    },
  },
  {
    name: "an uncommitted change that is truncated leaves the members as they were (checklist 44)",
    run() {
      const s = led();
      s.isolate(1);
      s.change(1, "v4");
      s.stabilize(1);
      s.expect(1, { last: 12, conf: "1 2 3" });
      s.forgetLeader(2);
      s.forgetLeader(3);
      s.elect(2, 2, 3);
      s.propose(2, "a");
      s.stabilize(2, 3);
      s.heal();
      s.beat(2);
      s.beat(2);
      s.expectAll([1, 2, 3], { conf: "1 2 3", terms: [2, 3, 3], commands: ["a"] });
      equal(s.tryChange(2, "v4"), "");
    },
  },
  {
    name: "a change is applied once however often its replica restarts (checklist 44)",
    run() {
      const s = led();
      s.change(1, "v4");
      s.stabilize();
      s.beat(1);
      for (let round = 0; round < 3; round++) {
        for (const node of [2, 3, 4]) {
          s.crash(node);
          s.restart(node);
          s.beat(1);
        }
      }
      s.expectAll([1, 2, 3, 4], { conf: "1 2 3 4" });
    },
  },
  {
    name: "a restart between appending, committing and applying a change ends with the change in effect once",
    run() {
      for (let steps = 0; steps <= 8; steps++) {
        const s = led();
        s.change(1, "v4");
        let left = steps;
        const advance = (action: () => void): void => {
          if (left-- > 0) action();
        };
        advance(() => s.ready(1));
        advance(() => s.deliver({ type: "AppendEntries", to: 2 }));
        advance(() => s.ready(2));
        advance(() => s.appends(2));
        advance(() => s.deliver({ to: 1 }));
        advance(() => s.appends(1));
        advance(() => s.ready(1));
        advance(() => s.applies(1));
        s.crash(2);
        s.restart(2);
        s.stabilize();
        s.beat(1);
        s.beat(1);
        s.expectAll([1, 2, 3], { conf: "1 2 3 4" });
      }
    },
  },
  {
    name: "a leader that crashes at any message of a joint change leaves a group that finishes or forgets it",
    run() {
      for (let messages = 0; messages <= 30; messages++) {
        const s = led();
        s.change(1, "v4 v5 r3");
        deliverSome(s, messages);
        s.crash(1);
        recover(s, [2, 3, 4, 5]);
        const leader = leaderOf(s, [2, 3, 4, 5]);
        ok(leader !== undefined, `crash after ${messages} messages`);
        const { conf } = s.facts(leader);
        ok(conf === "1 2 3" || conf === "1 2 4 5", `${conf} after ${messages} messages`);
        s.propose(leader, "after");
        s.restart(1);
        for (let beat = 0; beat < 4; beat++) s.beat(leader);
        ok(s.facts(leader).commands.includes("after"));
        s.expect(1, { commands: ["after"] });
      }
    },
  },
  {
    name: "a new leader proposes the leaving of a joint configuration that its predecessor did not (checklist 51)",
    run() {
      const s = led();
      s.change(1, "v4 v5");
      s.ready(1);
      s.stabilize(2, 3);
      s.appends(1);
      s.deliver({ to: 1 });
      s.ready(1);
      s.deliver({ type: ["AppendEntries", "Heartbeat"], to: 2 });
      s.ready(2);
      s.appends(2);
      s.applies(2);
      s.expect(2, { conf: "1 2 3 4 5 & 1 2 3 auto" });
      s.crash(1);
      s.drop({});
      recover(s, [2, 3, 4, 5]);
      const leader = leaderOf(s, [2, 3, 4, 5]);
      ok(leader !== undefined);
      for (let beat = 0; beat < 3; beat++) s.beat(leader);
      s.expect(leader, { conf: "1 2 3 4 5" });
    },
  },
  {
    name: "two changes in a row: a restart that lost the commit index does not campaign with members two changes old",
    run() {
      const s = new Cluster({ voters: [1], spares: [2, 3], index: 10 });
      s.elect(1);
      s.change(1, "v2");
      s.stabilize();
      s.beat(1);
      s.change(1, "v3");
      s.stabilize();
      s.beat(1);
      s.expectAll([1, 2, 3], { conf: "1 2 3", commit: 13 });
      // Node 1 restarts from its snapshot at 10, where it was alone; the last commit index may not be on its disk.
      s.crash(1);
      s.restart(1);
      ok(s.facts(1).commit >= 12, "the change before its last one is known to be committed");
      s.isolate(1);
      s.stabilize(1);
      s.expect(1, { conf: "1 2" });
      s.timeout(1);
      s.timeout(1);
      s.stabilize(1);
      notEqual(s.facts(1).role, "leader");
      s.forgetLeader(2);
      s.forgetLeader(3);
      s.elect(2, 2, 3);
      s.heal();
      s.beat(2);
      s.beat(2);
      s.expect(1, { role: "follower", leader: 2, conf: "1 2 3" });
    },
  },
  {
    name: "a change that would leave no voter is not possible",
    run() {
      const s = led({ voters: [1], spares: [2], index: 10 });
      equal(s.tryChange(1, "r1"), "invalid");
      s.expect(1, { conf: "1", last: 11 });
    },
  },
  {
    name: "changes without effect and of strangers leave the members as they were",
    run() {
      const s = led();
      for (const steps of ["r5", "v2"]) {
        s.tryChange(1, steps);
        s.stabilize();
        s.expectAll([1, 2, 3], { conf: "1 2 3" });
      }
    },
  },
  {
    name: "an entry that is no valid change here changes nothing when it is applied, on any replica",
    run() {
      const s = led();
      const { index, term, last } = { index: 11, term: 2, last: 13 };
      const change = s.encodedChange("v4 v5", "joint-explicit");
      // The second one would enter a joint configuration twice; the third is no change at all.
      const datas = [change, change, Uint8Array.of(250, 1, 2)];
      const entries = datas.map((data, offset) => confEntry(12 + offset, term, data));
      for (let at = 12; at <= last + 1; at++) s.ledger.declare(at, term);
      for (const node of [2, 3]) {
        s.inject("AppendEntries", {
          from: 1,
          to: node,
          term,
          index,
          logTerm: term,
          commit: last + 1,
          entries,
        });
        s.stabilize(node);
        s.expect(node, { conf: "1 2 3 4 5 & 1 2 3", applied: last + 1 });
      }
    },
  },
  {
    name: "followers refuse changes",
    run() {
      const s = led();
      equal(s.tryChange(2, "v4"), "not-leader");
    },
  },
];

function confEntry(index: number, term: number, data: Uint8Array): Entry {
  const type = EntryType.ConfChange;
  return { index, term, type, data, crc: checksum(GROUP_ID, index, term, type, data) };
}

/** Delivers single messages, oldest first, with all disks and Readys prompt. */
function deliverSome(s: Cluster, messages: number): void {
  const work = (): void => {
    s.ready(...s.nodes);
    s.appends(...s.nodes);
    s.applies(...s.nodes);
    s.snapshots(...s.nodes);
    s.ready(...s.nodes);
  };
  work();
  for (let delivered = 0; delivered < messages; delivered++) {
    s.deliver({ count: 1 });
    work();
  }
}

/** Lets time pass until the nodes have a leader and are at rest. */
function recover(s: Cluster, nodes: readonly number[]): void {
  for (let round = 0; round < 12 * ELECTION_TICKS; round++) {
    for (const node of nodes) s.tick(node);
    s.stabilize(...nodes);
  }
}

function leaderOf(s: Cluster, nodes: readonly number[]): number | undefined {
  return nodes.find((node) => s.facts(node).role === "leader");
}
