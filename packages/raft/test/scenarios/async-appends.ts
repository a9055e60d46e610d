import { deepStrictEqual, equal, ok } from "node:assert/strict";
import { Cluster } from "../../src/sim/scenario/cluster.ts";
import type { Scenario } from "../../src/sim/scenario/scenario.ts";
import { startEntry } from "../../src/sim/scenario/start.ts";

const THREE = { voters: [1, 2, 3], index: 10 };

/** A leader of term 2 in node 1, everyone at index 11. */
function led(options: ConstructorParameters<typeof Cluster>[0] = THREE): Cluster {
  const s = new Cluster(options);
  s.elect(1);
  return s;
}

/** Follower's disk and overwritten entries: a completion must mark stable only what it wrote. */
export const ASYNC_APPENDS: readonly Scenario[] = [
  {
    name: "the completion of an overwritten append does not mark its successor durable (ABA, checklist 30)",
    run() {
      const s = new Cluster({ voters: [1, 2, 3, 4, 5, 6, 7], index: 10 });
      const append = (from: number, term: number, entries: readonly number[]): void =>
        s.inject("AppendEntries", {
          from,
          to: 1,
          term,
          index: 10,
          logTerm: 1,
          commit: 10,
          entries: entries.map((entryTerm, offset) => startEntry(11 + offset, entryTerm)),
        });
      append(2, 2, [2, 2]);
      s.ready(1);
      append(3, 3, [3]);
      s.ready(1);
      append(4, 4, [2, 2, 4]);
      s.ready(1);
      equal(s.replica(1).log.pendingCount, 3);
      s.appendOne(1);
      ok(s.facts(1).durable <= 12);
      const acks = (): number[] =>
        s
          .flights({ type: "AppendEntriesReply", from: 1 })
          .filter((message) => message.term === 4 && !message.reject)
          .map((message) => message.index);
      deepStrictEqual(acks(), [], "nothing of term 4 is durable");
      s.appendOne(1);
      ok(s.facts(1).durable <= 11);
      deepStrictEqual(acks(), []);
      s.appendOne(1);
      s.expect(1, { durable: 13, terms: [2, 2, 4] });
      deepStrictEqual(acks(), [13]);
    },
  },
  {
    name: "an old leader that rewrites the same index keeps its stable mark honest",
    run() {
      const s = new Cluster(THREE);
      s.elect(1);
      s.isolate(1);
      s.propose(1, "x");
      s.ready(1);
      s.expect(1, { last: 12, durable: 11 });
      s.inject("AppendEntries", {
        from: 2,
        to: 1,
        term: 3,
        index: 11,
        logTerm: 2,
        commit: 11,
        entries: [startEntry(12, 3)],
      });
      s.ready(1);
      s.appendOne(1);
      s.expect(1, { durable: 11, terms: [2, 3] });
      s.appendOne(1);
      s.expect(1, { durable: 12 });
    },
  },
  {
    name: "a truncation below what is durable takes the durable index back with it",
    run() {
      const s = new Cluster({ ...THREE, logs: { 1: [2, 2, 2] } });
      s.expect(1, { durable: 13 });
      s.inject("AppendEntries", {
        from: 2,
        to: 1,
        term: 3,
        index: 11,
        logTerm: 2,
        commit: 10,
        entries: [startEntry(12, 3)],
      });
      s.ready(1);
      ok(s.facts(1).durable <= 11);
      s.appends(1);
      s.expect(1, { durable: 12, terms: [2, 3] });
    },
  },
  {
    name: "a follower's crash between two outstanding appends leaves a prefix, and the leader goes on from there",
    run() {
      const s = led();
      s.propose(1, "a");
      s.ready(1);
      s.propose(1, "b");
      s.ready(1);
      s.deliver({ type: "AppendEntries", to: 2, count: 1 });
      s.ready(2);
      s.deliver({ type: "AppendEntries", to: 2, count: 1 });
      s.ready(2);
      s.crash(2, 1);
      s.restart(2);
      s.expect(2, { last: 12, durable: 12 });
      s.stabilize();
      s.beat(1);
      s.expectAll([1, 2, 3], { commit: 13, commands: ["a", "b"] });
    },
  },
  {
    name: "every append with entries carries the commit index that its message told, so a restart knows it",
    run() {
      const s = led();
      s.propose(1, "a");
      s.stabilize();
      s.propose(1, "b");
      s.stabilize();
      for (const node of [2, 3]) {
        const { hardState } = s.replica(node).log.durable;
        equal(hardState.commitIndex, 12);
        s.crash(node);
        s.restart(node);
        s.expect(node, { commit: 12, term: 2, vote: 1 });
      }
    },
  },
  {
    name: "after a restart the commit index is bounded by the log and not below the snapshot",
    run() {
      const s = new Cluster({ ...THREE, logs: { 1: [1, 1, 1] }, commits: { 1: 12, 2: 4 } });
      s.expect(1, { commit: 12, applied: 10 });
      s.stabilize(1);
      s.expect(1, { applied: 12 });
      s.expect(2, { commit: 10, applied: 10 });
    },
  },
];
