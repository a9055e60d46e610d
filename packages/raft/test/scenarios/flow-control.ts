import { deepStrictEqual, equal, ok } from "node:assert/strict";
import { entrySize } from "../../src/core/entry.ts";
import { Random } from "../../src/core/random.ts";
import { Cluster } from "../../src/sim/scenario/cluster.ts";
import type { Scenario } from "../../src/sim/scenario/scenario.ts";

const THREE = { voters: [1, 2, 3], index: 10 };

function led(options: ConstructorParameters<typeof Cluster>[0]): Cluster {
  const s = new Cluster(options);
  s.elect(1);
  s.beat(1);
  return s;
}

/** Appends with entries in flight to a node. */
function loaded(s: Cluster, node: number): number {
  return s.flights({ type: "AppendEntries", to: node, where: (m) => m.entries.length > 0 }).length;
}

/** Something happens in the cluster, or to a message. */
function disturb(s: Cluster, random: Random): void {
  if (random.below(3) === 0) s.tryPropose(1, "x");
  if (random.below(4) === 0) s.tick(1);
  s.ready(...s.nodes);
  const { flights } = s.network;
  const chosen = flights[random.below(Math.max(1, flights.length))];
  const where = (message: unknown): boolean => message === chosen?.message;
  const fate = random.below(10);
  if (fate < 2) s.drop({ where });
  else if (fate < 3) s.deliverCopy({ where });
  else s.deliver({ where });
  if (random.below(2) === 0) s.appends(...s.nodes);
  if (random.below(4) === 0) s.applies(...s.nodes);
}

/** How much a leader sends ahead, and how it finds out what did not arrive. */
export const FLOW_CONTROL: readonly Scenario[] = [
  {
    name: "no more messages are in flight to a follower than the window allows; an answer opens it",
    run() {
      const s = led({ ...THREE, config: { maxInflightMessages: 3 } });
      for (let command = 0; command < 6; command++) {
        s.propose(1, `c${command}`);
        s.ready(1);
      }
      equal(loaded(s, 2), 3);
      s.deliver({ type: "AppendEntries", to: 2, count: 1 });
      s.ready(2);
      s.appends(2);
      s.deliver({ type: "AppendEntriesReply", from: 2 });
      s.ready(1);
      ok(loaded(s, 2) >= 3);
      s.stabilize();
      s.expectAll([1, 2, 3], { commit: 17 });
    },
  },
  {
    name: "while the window is full, the answer to a heartbeat lets one empty append through, which tells the commit index",
    run() {
      const s = led({ ...THREE, config: { maxInflightMessages: 3 } });
      for (let command = 0; command < 6; command++) {
        s.propose(1, `c${command}`);
        s.ready(1);
      }
      s.stabilize(1, 3);
      s.expect(1, { commit: 17 });
      s.tick(1);
      s.ready(1);
      s.deliver({ type: "Heartbeat", to: 2 });
      s.ready(2);
      s.deliver({ type: "HeartbeatReply", from: 2 });
      s.ready(1);
      equal(loaded(s, 2), 3, "not more than the window");
      const empty = s.flights({
        type: "AppendEntries",
        to: 2,
        where: (m) => m.entries.length === 0,
      });
      ok(empty.some((message) => message.commit === 17));
    },
  },
  {
    name: "a follower that lags is sent a whole window at once when it is found",
    run() {
      const config = { maxInflightMessages: 8, maxEntriesBytesPerMessage: 40 };
      const s = led({ ...THREE, config });
      s.isolate(3);
      for (let command = 0; command < 20; command++) s.propose(1, `c${command}`);
      s.stabilize();
      s.heal();
      s.reportUnreachable(1, 3);
      s.tick(1);
      for (let round = 0; round < 10 && s.progress(1, 3).state !== "replicate"; round++) {
        s.ready(1);
        s.deliver({ to: 3 });
        s.stabilize(3);
        s.deliver({ to: 1 });
      }
      s.drop({});
      s.ready(1);
      equal(loaded(s, 3), 8);
    },
  },
  {
    name: "the window counts bytes as well as messages",
    run() {
      const s = led({ ...THREE, config: { maxInflightBytes: 250 } });
      for (let command = 0; command < 8; command++) {
        s.propose(1, "x".repeat(68));
        s.ready(1);
      }
      ok(loaded(s, 2) <= 3, "of 100 bytes each");
      ok(loaded(s, 2) >= 2);
      s.stabilize();
      s.expectAll([1, 2, 3], { commit: 19 });
    },
  },
  {
    name: "a full window whose messages are all lost is opened again by heartbeats (checklist 31)",
    run() {
      const s = led({ ...THREE, config: { maxInflightMessages: 2 } });
      for (let command = 0; command < 5; command++) {
        s.propose(1, `c${command}`);
        s.ready(1);
      }
      s.drop({ to: 3 });
      s.stabilize();
      for (let beat = 0; beat < 3; beat++) s.beat(1);
      s.expect(3, { commit: 16, commands: ["c0", "c1", "c2", "c3", "c4"] });
    },
  },
  {
    name: "no message carries more bytes than allowed, except for a single larger entry (checklist 41)",
    run() {
      const s = led({ ...THREE, config: { maxEntriesBytesPerMessage: 100 } });
      s.isolate(3);
      for (let command = 0; command < 6; command++) s.propose(1, "y".repeat(10));
      s.propose(1, "z".repeat(500));
      s.propose(1, "y".repeat(10));
      s.stabilize();
      s.heal();
      let largest = 0;
      for (let round = 0; round < 40; round++) {
        if (round % 4 === 0) s.tick(1);
        s.ready(1);
        for (const { entries } of s.flights({ type: "AppendEntries", to: 3 })) {
          const bytes = entries.reduce((sum, entry) => sum + entrySize(entry), 0);
          if (entries.length > 1) largest = Math.max(largest, bytes);
        }
        s.deliver({ to: 3 });
        s.ready(3);
        s.appends(3);
        s.deliver({ to: 1 });
      }
      ok(largest > 0 && largest <= 100, `${largest} bytes`);
      s.expect(3, { commit: 19 });
    },
  },
  {
    name: "proposals beyond the limit of uncommitted bytes are refused until some commit (checklist 34)",
    run() {
      const s = led({ ...THREE, config: { maxUncommittedBytes: 1000 } });
      s.isolate(1);
      let taken = 0;
      while (taken < 100 && s.tryPropose(1, "x".repeat(68)) === "") taken++;
      ok(taken >= 9 && taken <= 11, `${taken} taken`);
      equal(s.tryPropose(1, "x"), "busy");
      s.stabilize(1);
      s.heal();
      for (let beat = 0; beat < 3; beat++) s.beat(1);
      equal(s.tryPropose(1, "x"), "");
    },
  },
  {
    name: "a new leader counts what it inherits uncommitted, and everything is given back when it commits",
    run() {
      for (const size of [1, 2, 9]) {
        const s = new Cluster({ ...THREE, logs: { 1: Array.from({ length: size }, () => 2) } });
        const before = s.replica(1).core.uncommittedBytes;
        s.elect(1);
        equal(s.replica(1).core.uncommittedBytes, before);
        equal(before, 0);
      }
      const s = led({ ...THREE, config: { maxUncommittedBytes: 300 } });
      for (let command = 0; command < 3; command++) s.propose(1, "x".repeat(68));
      s.ready(1);
      s.deliver({ type: "AppendEntries", to: 2 });
      s.stabilize(2);
      s.crash(1);
      s.forgetLeader(2);
      s.forgetLeader(3);
      s.campaign(2);
      for (let round = 0; round < 10 && s.facts(2).role !== "leader"; round++) {
        s.ready(2, 3);
        s.appends(2, 3);
        s.deliver({});
      }
      s.expect(2, { role: "leader", commit: 11, last: 15 });
      equal(s.tryPropose(2, "x"), "busy");
      s.stabilize();
      s.expect(2, { commit: 15 });
      equal(s.replica(2).core.uncommittedBytes, 0);
    },
  },
  {
    name: "one large proposal is taken even if it alone exceeds the limit",
    run() {
      const s = led({ ...THREE, config: { maxUncommittedBytes: 100 } });
      equal(s.tryPropose(1, "x".repeat(500)), "");
      equal(s.tryPropose(1, "x"), "busy");
      s.stabilize();
      s.expectAll([1, 2, 3], { commit: 12 });
      equal(s.tryPropose(1, "x"), "");
    },
  },
  {
    name: "no more is given out to be applied than the limit allows",
    run() {
      const s = led({ ...THREE, config: { maxApplyingBytes: 300 } });
      for (let command = 0; command < 9; command++) s.propose(1, "x".repeat(68));
      for (let round = 0; round < 8; round++) {
        s.ready(...s.nodes);
        s.appends(...s.nodes);
        s.deliver({});
      }
      s.expect(1, { commit: 20 });
      ok(s.replica(1).toApply.length <= 4, `${s.replica(1).toApply.length}`);
      s.stabilize();
      s.expect(1, { applied: 20 });
    },
  },
  {
    name: "probing sends one message per heartbeat, replicating streams",
    run() {
      const s = led(THREE);
      s.reportUnreachable(1, 3);
      equal(s.progress(1, 3).state, "probe");
      for (const command of ["a", "b", "c"]) {
        s.propose(1, command);
        s.ready(1);
      }
      ok(loaded(s, 3) <= 1);
      equal(loaded(s, 2), 3);
      s.stabilize();
      equal(s.progress(1, 3).state, "replicate");
      s.expect(3, { commit: 14 });
    },
  },
  {
    name: "a current follower in probing returns to replicating by its heartbeat's answer",
    run() {
      const s = led(THREE);
      s.reportUnreachable(1, 2);
      equal(s.progress(1, 2).state, "probe");
      s.beat(1);
      s.beat(1);
      equal(s.progress(1, 2).state, "replicate");
      equal(s.progress(1, 2).match, 11);
    },
  },
  {
    name: "lost probes are repeated with each heartbeat until one is answered",
    run() {
      const s = led(THREE);
      s.isolate(3);
      s.reportUnreachable(1, 3);
      s.propose(1, "a");
      for (let beat = 0; beat < 5; beat++) s.beat(1);
      s.heal();
      s.beat(1);
      s.beat(1);
      s.expect(3, { commands: ["a"] });
    },
  },
  {
    name: "no slot of the window leaks, whatever is lost, doubled or overtaken (checklist 32)",
    run() {
      const s = led({ ...THREE, config: { maxInflightMessages: 4 } });
      const random = new Random(20);
      for (let step = 0; step < 3000; step++) disturb(s, random);
      s.stabilize();
      for (let beat = 0; beat < 4; beat++) s.beat(1);
      const { last } = s.facts(1);
      s.expectAll([1, 2, 3], { last, commit: last, applied: last });
      for (const node of [2, 3]) {
        equal(s.progress(1, node).match, last);
        equal(s.progress(1, node).inflight, 0);
      }
    },
  },
  {
    name: "a divergence of thousands of entries over three terms is found in at most five round trips (checklist 33)",
    run() {
      const many = 3000;
      const log = (term: number): number[] => Array.from({ length: many }, () => term);
      const s = new Cluster({
        ...THREE,
        logs: {
          1: [2, 2, ...log(5), ...log(6)],
          2: [2, 2, ...log(5), ...log(6)],
          3: [2, 2, ...log(3), ...log(4), ...log(4)],
        },
        terms: { 1: 7, 2: 7, 3: 7 },
      });
      s.elect(1, 1, 2);
      let trips = 0;
      while (s.progress(1, 3).state !== "replicate" && trips < 20) {
        trips++;
        s.deliver({ to: 3 });
        s.ready(3);
        s.appends(3);
        s.deliver({ to: 1 });
        s.ready(1);
      }
      ok(trips <= 5, `${trips} round trips`);
      s.beat(1);
      s.expect(3, { last: s.facts(1).last, commit: s.facts(1).last });
    },
  },
  {
    name: "entries that left the memory are fetched for a follower and to be applied after a restart",
    run() {
      const s = led(THREE);
      s.isolate(3);
      for (const command of ["a", "b", "c"]) s.propose(1, command);
      s.stabilize();
      s.replica(1).log.evict(14);
      s.heal();
      s.tick(1);
      for (let round = 0; round < 8 && s.replica(1).fetches.length === 0; round++) {
        s.ready(1);
        s.deliver({ to: 3 });
        s.ready(3);
        s.appends(3);
        s.deliver({ to: 1 });
      }
      deepStrictEqual(
        s.replica(1).fetches.map(({ purpose, from }) => ({ purpose, from })),
        [{ purpose: s.id(3), from: 12 }],
      );
      s.ready(1);
      equal(s.replica(1).fetches.length, 1, "one fetch per follower at a time");
      s.stabilize();
      s.beat(1);
      s.expect(3, { commands: ["a", "b", "c"] });
    },
  },
  {
    name: "entries compacted while they are being fetched lead to a snapshot",
    run() {
      const s = led(THREE);
      s.isolate(3);
      for (const command of ["a", "b", "c"]) s.propose(1, command);
      s.stabilize();
      s.replica(1).log.evict(14);
      s.heal();
      s.tick(1);
      for (let round = 0; round < 8 && s.replica(1).fetches.length === 0; round++) {
        s.ready(1);
        s.deliver({ to: 3 });
        s.ready(3);
        s.appends(3);
        s.deliver({ to: 1 });
      }
      s.compact(1);
      s.stabilize();
      s.beat(1);
      s.beat(1);
      s.expect(3, { commands: ["a", "b", "c"] });
      equal(s.replica(3).log.compactedIndex, 14);
    },
  },
  {
    name: "entries fetched for a follower are not sent once the log or its leader has changed",
    run() {
      const s = led(THREE);
      s.isolate(1);
      for (const command of ["x", "y"]) s.propose(1, command);
      s.stabilize(1);
      const stale = s.entries(1, 12, 13);
      s.forgetLeader(2);
      s.forgetLeader(3);
      s.elect(2, 2, 3);
      for (const command of ["a", "b"]) s.propose(2, command);
      s.stabilize(2, 3);
      s.heal();
      s.beat(2);
      ok(s.transfer(2, 1));
      s.stabilize();
      s.expect(1, { role: "leader", term: 4 });
      s.drop({});
      // The answer to a question of its first term comes now.
      s.replica(1).call((core) => core.onFetched(s.id(3), stale));
      s.ready(1);
      equal(s.flights({ type: "AppendEntries" }).length, 0);
      s.stabilize();
      s.expectAll([1, 2, 3], { commands: ["a", "b"], terms: [2, 3, 3, 3, 4] });
    },
  },
  {
    name: "committed entries that left the memory are fetched and applied in order",
    run() {
      const s = new Cluster({ ...THREE, logs: { 1: [1, 1, 1, 1] }, commits: { 1: 14 } });
      s.replica(1).log.evict(13);
      s.ready(1);
      ok(s.replica(1).fetches.length === 1 && s.replica(1).toApply.length === 0);
      s.stabilize(1);
      s.expect(1, { applied: 14, commands: ["11:1", "12:1", "13:1", "14:1"] });
    },
  },
];
