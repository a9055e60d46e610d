import { deepStrictEqual, equal, notEqual, ok } from "node:assert/strict";
import { Cluster } from "../../src/sim/scenario/cluster.ts";
import type { Scenario } from "../../src/sim/scenario/scenario.ts";

/** Commands in the log of {@link full}. */
export const COMMANDS: readonly string[] = ["a", "b", "c", "d"];

/** The log of `COMMANDS` after the no-op at 11, in term 2. */
export const LAST = 15;

/** Node 1 leads; all three hold the no-op at 11 and four commands at 12 to 15, committed and applied. */
export function full(): Cluster {
  const s = new Cluster({ voters: [1, 2, 3], index: 10 });
  s.elect(1);
  for (const command of COMMANDS) s.propose(1, command);
  s.stabilize();
  s.beat(1);
  s.expectAll([1, 2, 3], { last: LAST, commit: LAST });
  return s;
}

interface DamageCase {
  readonly name: string;
  readonly first: number;
  readonly last: number;
  readonly snapshot?: true;
}

const RANGES: readonly DamageCase[] = [
  { name: "its first entry", first: 11, last: 11 },
  { name: "an entry in the middle", first: 13, last: 13 },
  { name: "several in the middle", first: 12, last: 14 },
  { name: "its last entry", first: LAST, last: LAST },
  { name: "all entries", first: 11, last: LAST },
  { name: "its snapshot", first: 0, last: -1, snapshot: true },
  { name: "its snapshot and the first entry", first: 11, last: 11, snapshot: true },
  { name: "its snapshot and an entry in the middle", first: 13, last: 13, snapshot: true },
  { name: "everything", first: 11, last: LAST, snapshot: true },
];

/** A node's disk has damage after a restart, by what is damaged and whose disk it is (CTRL, FAST 2018). */
const TABLE: readonly Scenario[] = RANGES.flatMap(({ name, first, last, snapshot }) =>
  ([1, 3] as const).map((node) => ({
    name: `a ${node === 1 ? "leader" : "follower"} that restarts with damage of ${name} is repaired and loses nothing`,
    run(): void {
      const s = full();
      s.crash(node);
      s.damage(node, { first, last }, snapshot === true);
      if (node === 1) {
        s.forgetLeader(2);
        s.forgetLeader(3);
        s.elect(2, 2, 3);
      }
      s.restart(node);
      s.expect(node, { isDamaged: true });
      s.timeout(node);
      s.campaign(node);
      s.ready(node);
      s.expect(node, { role: "follower" });
      equal(s.flights({ from: node, type: ["PreVote", "RequestVote"] }).length, 0);
      const leader = node === 1 ? 2 : 1;
      for (let beat = 0; beat < 4; beat++) s.beat(leader);
      s.expect(node, { isDamaged: false, commands: COMMANDS, leader });
      s.expect(node, { last: s.facts(leader).last, commit: s.facts(leader).commit });
      // And it counts again.
      s.crash(node === 1 ? 3 : 2);
      s.propose(leader, "e");
      s.stabilize();
      s.beat(leader);
      s.expect(node, { commands: [...COMMANDS, "e"] });
      // What was repaired is on the disk.
      s.crash(node);
      s.restart(node);
      s.expect(node, { isDamaged: false });
    },
  })),
);

const REPAIR: readonly Scenario[] = [
  {
    name: "only the hole is filled; the intact entries after it are kept and count again",
    run() {
      const s = full();
      s.crash(3);
      s.damage(3, { first: 12, last: 13 });
      s.restart(3);
      equal(s.replica(3).core.termAt(12), undefined);
      const repaired: number[] = [];
      for (let round = 0; round < 12; round++) {
        s.tick(1);
        s.ready(1);
        s.deliver({ to: 3 });
        const before = s.replica(3).log.handedOver;
        s.ready(3);
        const after = s.replica(3).log.handedOver;
        for (let index = 11; index <= LAST; index++) {
          const [was, is] = [before.entries[index - 11], after.entries[index - 11]];
          if (was !== undefined) equal(is, was, `entry ${index} is not rewritten`);
          else if (is !== undefined) repaired.push(index);
        }
        s.stabilize(3);
        s.stabilize(1);
      }
      deepStrictEqual(repaired, [12, 13]);
      s.stabilize();
      s.expect(3, { isDamaged: false, last: LAST, commands: COMMANDS });
    },
  },
  {
    name: "a damaged replica acknowledges no more than it can read",
    run() {
      const s = full();
      s.crash(3);
      s.damage(3, { first: 13, last: 13 });
      s.restart(3);
      s.tick(1);
      s.ready(1);
      s.deliver({ to: 3 });
      s.stabilize(3);
      for (const message of s.flights({ type: "AppendEntriesReply", from: 3 })) {
        if (!message.reject) ok(message.index <= 12);
      }
    },
  },
  {
    name: "holes in two places are both filled",
    run() {
      const s = full();
      s.crash(3);
      s.damage(3, { first: 12, last: 12 });
      s.damage(3, { first: 14, last: 14 });
      s.restart(3);
      for (let beat = 0; beat < 4; beat++) s.beat(1);
      s.expect(3, { isDamaged: false, last: LAST, commands: COMMANDS });
    },
  },
  {
    name: "a crash in the middle of the repair leaves the rest as a hole, which is repaired then",
    run() {
      const s = full();
      s.crash(3);
      s.damage(3, { first: 12, last: 14 });
      s.restart(3);
      s.beat(1, 1);
      for (let round = 0; round < 6 && s.replica(3).log.pendingCount === 0; round++) {
        s.deliver({ to: 3 });
        s.ready(3);
        if (s.replica(3).log.pendingCount === 0) s.stabilize(1);
      }
      s.crash(3);
      s.restart(3);
      s.expect(3, { isDamaged: true });
      for (let beat = 0; beat < 4; beat++) s.beat(1);
      s.expect(3, { isDamaged: false, commands: COMMANDS });
    },
  },
  {
    name: "a hole of entries that the leader compacted is closed by a snapshot, and what follows it is kept",
    run() {
      const s = full();
      s.compact(1, 13);
      s.compact(2, 13);
      s.crash(3);
      s.damage(3, { first: 12, last: 12 });
      s.restart(3);
      for (let beat = 0; beat < 4; beat++) s.beat(1);
      s.expect(3, { isDamaged: false, commands: COMMANDS, last: LAST });
    },
  },
  {
    name: "an uncommitted entry that is damaged may be replaced by another leader's",
    run() {
      const s = full();
      s.isolate(3);
      s.inject("AppendEntries", {
        from: 1,
        to: 3,
        term: 2,
        index: LAST,
        logTerm: 2,
        commit: LAST,
        entries: [
          { ...entryLike(s), index: LAST + 1, term: 2, crc: 77 },
          { ...entryLike(s), index: LAST + 2, term: 2, crc: 78 },
        ],
      });
      s.stabilize(3);
      s.crash(3);
      s.damage(3, { first: LAST + 1, last: LAST + 1 });
      s.restart(3);
      ok(s.transfer(1, 2));
      s.stabilize(1, 2);
      s.expect(2, { role: "leader" });
      s.heal();
      for (let beat = 0; beat < 4; beat++) s.beat(2);
      s.expect(3, { isDamaged: false, commands: COMMANDS, last: LAST + 1, term: 3 });
      deepStrictEqual(s.facts(3).terms, [2, 2, 2, 2, 2, 3]);
    },
  },
];

function entryLike(s: Cluster): ReturnType<Cluster["entries"]>[number] {
  const entry = s.entries(1, LAST, LAST)[0];
  if (entry === undefined) throw new Error("no entry");
  return entry;
}

const VOTING: readonly Scenario[] = [
  {
    name: "a damaged replica refuses its vote to who lacks entries that it cannot read any more",
    run() {
      // Entry 12 is committed by nodes 1 and 2; node 3 lacks it. Node 2 dies, node 1 is damaged.
      const s = new Cluster({ voters: [1, 2, 3], index: 10 });
      s.elect(1);
      s.isolate(3);
      s.propose(1, "precious");
      s.stabilize();
      s.expect(1, { commit: 12 });
      s.crash(1);
      s.damage(1, { first: 12, last: 12 });
      s.crash(2);
      s.heal();
      s.restart(1);
      s.expect(1, { isDamaged: true });
      for (let round = 0; round < 3; round++) {
        s.timeout(3);
        s.timeout(1);
        s.stabilize();
      }
      notEqual(s.facts(3).role, "leader");
      notEqual(s.facts(1).role, "leader");
      // The intact copy returns and everything goes on without loss.
      s.restart(2);
      s.forgetLeader(3);
      s.timeout(2);
      s.stabilize();
      if (s.facts(2).role !== "leader") s.timeout(2);
      s.stabilize();
      s.expect(2, { role: "leader" });
      for (let beat = 0; beat < 4; beat++) s.beat(2);
      s.expectAll([1, 2, 3], { commands: ["precious"], isDamaged: false });
    },
  },
  {
    name: "a damaged replica votes for who has at least its log",
    run() {
      const s = full();
      s.crash(1);
      s.crash(3);
      s.damage(3, { first: 13, last: LAST });
      s.restart(3);
      s.forgetLeader(2);
      s.campaign(2);
      s.stabilize();
      s.expect(2, { role: "leader", term: 3 });
      for (let beat = 0; beat < 4; beat++) s.beat(2);
      s.expect(3, { isDamaged: false, commands: COMMANDS });
    },
  },
  {
    name: "a damaged replica is told to campaign by a transfer and does not",
    run() {
      const s = full();
      s.crash(3);
      s.damage(3, { first: 13, last: 13 });
      s.restart(3, false);
      s.inject("TimeoutNow", { from: 1, to: 3, term: 2 });
      s.ready(3);
      s.expect(3, { role: "follower", term: 2 });
    },
  },
  {
    name: "when all copies of an entry are damaged the group is without leader, never without the entry",
    run() {
      const s = full();
      for (const node of s.nodes) {
        s.crash(node);
        s.damage(node, { first: 13, last: 13 });
      }
      for (const node of s.nodes) s.restart(node);
      for (let round = 0; round < 3; round++) {
        for (const node of s.nodes) {
          s.timeout(node);
          s.campaign(node);
          s.stabilize();
        }
      }
      for (const node of s.nodes) {
        s.expect(node, { role: "follower", isDamaged: true, term: 2 });
        equal(s.replica(node).log.lastIndex, LAST);
      }
    },
  },
  {
    name: "a lone voter with damage does not lead, and does not shorten its log",
    run() {
      const s = new Cluster({ voters: [1], index: 10 });
      s.elect(1);
      for (const command of COMMANDS) s.propose(1, command);
      s.stabilize();
      s.crash(1);
      s.damage(1, { first: LAST, last: LAST });
      s.restart(1);
      s.timeout(1);
      s.campaign(1);
      s.stabilize();
      s.expect(1, { role: "follower", isDamaged: true });
      equal(s.replica(1).log.lastIndex, LAST);
    },
  },
  {
    name: "two of three damaged in different places are repaired by the third",
    run() {
      const s = full();
      for (const node of s.nodes) s.crash(node);
      s.damage(1, { first: 12, last: 12 });
      s.damage(3, { first: 14, last: LAST });
      for (const node of s.nodes) s.restart(node);
      s.stabilize();
      s.timeout(1);
      s.timeout(3);
      s.timeout(2);
      s.stabilize();
      s.expect(2, { role: "leader" });
      for (let beat = 0; beat < 4; beat++) s.beat(2);
      s.expectAll([1, 3], { isDamaged: false, commands: COMMANDS, leader: 2 });
    },
  },
];

/** Damage that shows while the replica runs. */
const FOUND: readonly Scenario[] = [
  {
    name: "a leader that finds damage gives up its office to one with the whole log, and is repaired by it",
    run() {
      const s = full();
      s.findDamage(1, { first: 13, last: 13 });
      s.stabilize();
      for (
        let round = 0;
        round < 60 && s.nodes.every((node) => s.facts(node).role !== "leader");
        round++
      ) {
        for (const node of s.nodes) s.tick(node);
        s.stabilize();
      }
      s.stabilize();
      const leader = s.nodes.find((node) => s.facts(node).role === "leader");
      ok(leader === 2 || leader === 3, `${leader} leads`);
      for (let beat = 0; beat < 4; beat++) s.beat(leader);
      s.expect(1, { isDamaged: false, commands: COMMANDS });
    },
  },
  {
    name: "a follower that finds damage is repaired without an election",
    run() {
      const s = full();
      s.findDamage(3, { first: 12, last: 13 });
      s.expect(3, { isDamaged: true });
      s.stabilize(3);
      s.deliver({ to: 1 });
      ok(s.progress(1, 3).match <= 11, "what it cannot read does not count");
      equal(s.replica(1).core.canHibernate(), false);
      for (let beat = 0; beat < 6; beat++) s.beat(1);
      s.expect(3, { isDamaged: false, commands: COMMANDS, term: 2 });
      s.expect(1, { role: "leader", term: 2 });
    },
  },
];

/** Damaged and forgetful disks (protocol-aware recovery, FAST 2018). */
export const DAMAGE: readonly Scenario[] = [...TABLE, ...REPAIR, ...VOTING, ...FOUND];
