import { deepStrictEqual, equal, ok } from "node:assert/strict";
import { Cluster } from "../../src/sim/scenario/cluster.ts";
import type { Scenario } from "../../src/sim/scenario/scenario.ts";
import { startEntry } from "../../src/sim/scenario/start.ts";
import { appendCases } from "./append-table.ts";

const THREE = { voters: [1, 2, 3], index: 10 };

/** A leader of term 2 in node 1, everyone at index 11. */
function led(options: ConstructorParameters<typeof Cluster>[0] = THREE): Cluster {
  const s = new Cluster(options);
  s.elect(1);
  return s;
}

/** How entries travel and when they count as committed. */
export const REPLICATION: readonly Scenario[] = [
  {
    name: "a proposal is appended, replicated, committed by a quorum and applied everywhere (paper 5.3)",
    run() {
      const s = led();
      s.propose(1, "a");
      s.ready(1);
      s.expect(1, { last: 12, commit: 11 });
      const appends = s.flights({ type: "AppendEntries" });
      equal(appends.length, 2);
      ok(
        appends.every(
          ({ index, logTerm, entries }) => index === 11 && logTerm === 2 && entries.length === 1,
        ),
      );
      s.appends(1);
      s.expect(1, { commit: 11, durable: 12 });
      s.deliver({ type: "AppendEntries", to: 2 });
      s.ready(2);
      equal(s.flights({ type: "AppendEntriesReply" }).length, 0, "no answer before it is durable");
      s.appends(2);
      s.deliver({ type: "AppendEntriesReply" });
      s.expect(1, { commit: 12 });
      s.stabilize();
      s.expectAll([1, 2, 3], { commit: 12, applied: 12, commands: ["a"] });
    },
  },
  {
    name: "the two followers alone commit while the leader's disk is slow",
    run() {
      const s = led();
      s.propose(1, "a");
      s.ready(1);
      s.stabilize(2, 3);
      s.deliver({ to: 1 });
      s.ready(1);
      s.expect(1, { commit: 12, durable: 11, applied: 11 });
      s.applies(1);
      s.expect(1, { applied: 11 });
      s.appends(1);
      s.stabilize();
      s.expectAll([1, 2, 3], { applied: 12 });
    },
  },
  {
    name: "the leader gets back what it proposed a command as, others get its bytes only",
    run() {
      const s = led();
      const command = { name: "a command" };
      const result = s.replica(1).call((core) => core.propose(Uint8Array.of(1), command));
      deepStrictEqual(result, { ok: true, index: 12, term: 2 });
      s.ready(1);
      s.stabilize(2, 3);
      s.appends(1);
      s.deliver({ to: 1 });
      s.ready(1);
      const [entry] = s.replica(1).toApply;
      deepStrictEqual([entry?.index, entry?.command], [12, command]);
    },
  },
  {
    name: "followers refuse proposals and name the leader",
    run() {
      const s = led();
      const result = s.replica(2).core.propose(new Uint8Array(1));
      deepStrictEqual(result, { ok: false, why: "not-leader", leader: s.id(1) });
    },
  },
  {
    name: "a write that waits does not hold back the next (two appends outstanding)",
    run() {
      const s = led();
      s.propose(1, "a");
      s.ready(1);
      s.propose(1, "b");
      s.ready(1);
      equal(s.replica(1).log.pendingCount, 2);
      s.deliver({ type: "AppendEntries", to: 2, count: 1 });
      s.ready(2);
      s.deliver({ type: "AppendEntries", to: 2, count: 1 });
      s.ready(2);
      equal(s.replica(2).log.pendingCount, 2);
      s.appendOne(2);
      s.deliver({ type: "AppendEntriesReply" });
      equal(s.progress(1, 2).match, 12);
      s.appendOne(1);
      s.expect(1, { commit: 12 });
      s.ready(1);
      s.applies(1);
      s.expect(1, { applied: 12 });
      s.appendOne(2);
      s.deliver({ type: "AppendEntriesReply" });
      equal(s.progress(1, 2).match, 13);
      s.stabilize();
      s.expectAll([1, 2, 3], { commit: 13, applied: 13, commands: ["a", "b"] });
    },
  },
  {
    name: "applying lags behind committing without holding it up",
    run() {
      const s = led();
      for (const command of ["a", "b", "c"]) {
        s.propose(1, command);
        s.ready(1, 2, 3);
        for (let round = 0; round < 3; round++) {
          s.deliver({});
          s.ready(1, 2, 3);
          s.appends(1, 2, 3);
        }
      }
      s.expect(1, { commit: 14, applied: 11 });
      s.applies(1);
      s.expect(1, { commit: 14, applied: 14, commands: ["a", "b", "c"] });
    },
  },
  {
    name: "every commit of a term needs an entry of that term: older ones commit with the no-op (paper 5.4.2, checklist 21)",
    run() {
      const s = new Cluster({ ...THREE, logs: { 1: [2, 3], 2: [2], 3: [2] } });
      s.campaign(1);
      s.stabilize(1);
      for (let round = 0; round < 6; round++) {
        s.deliver({ type: ["PreVote", "PreVoteReply", "RequestVote", "RequestVoteReply"] });
        s.ready(1, 2, 3);
        s.appends(1, 2, 3);
      }
      s.expect(1, { role: "leader", term: 4, terms: [2, 3, 4], commit: 10 });
      // Both followers hold everything but the no-op.
      const reply = { to: 1, term: 4, index: 12 };
      s.inject("AppendEntriesReply", { ...reply, from: 2 });
      s.inject("AppendEntriesReply", { ...reply, from: 3 });
      s.expect(1, { commit: 10 });
      s.drop({ type: "AppendEntriesReply" });
    },
  },
  {
    name: "entries of a dead leader commit without new proposals (checklist 22)",
    run() {
      const s = led();
      s.propose(1, "a");
      s.ready(1);
      s.deliver({ type: "AppendEntries", to: 2 });
      s.ready(2);
      s.appends(2);
      s.crash(1);
      s.forgetLeader(3);
      s.forgetLeader(2);
      s.elect(2);
      s.expectAll([2, 3], { commit: 13, commands: ["a"], terms: [2, 2, 3] });
    },
  },
  {
    name: "a delayed, shorter append does not remove what a longer one brought (checklist 23)",
    run() {
      const s = led();
      for (const command of ["a", "b", "c", "d", "e"]) {
        s.propose(1, command);
        s.ready(1);
      }
      const flights = s.flights({ type: "AppendEntries", to: 2 });
      equal(flights.length, 5);
      s.stabilize(2);
      s.expect(2, { last: 16 });
      for (const { index, logTerm, entries, commit, term } of flights.slice(0, 3)) {
        s.inject("AppendEntries", { from: 1, to: 2, term, index, logTerm, entries, commit });
        s.stabilize(2);
        s.expect(2, { last: 16, durable: 16 });
      }
      s.stabilize();
      s.expectAll([1, 2, 3], { commit: 16 });
    },
  },
  {
    name: "appends that overtake each other are refused and sent again, not lost",
    run() {
      const s = led();
      s.propose(1, "a");
      s.ready(1);
      s.propose(1, "b");
      s.ready(1);
      s.deliver({ type: "AppendEntries", to: 2, where: ({ index }) => index === 12 });
      s.ready(2);
      s.expect(2, { last: 11 });
      s.deliver({ type: "AppendEntries", to: 2, where: ({ index }) => index === 11 });
      s.stabilize();
      s.beat(1);
      s.expectAll([1, 2, 3], { commit: 13, commands: ["a", "b"] });
    },
  },
  {
    name: "a rejection caused by overtaking does not send a follower back below what it acknowledged",
    run() {
      const s = led();
      s.propose(1, "a");
      s.stabilize();
      s.inject("AppendEntriesReply", {
        from: 2,
        to: 1,
        term: 2,
        index: 11,
        reject: true,
        hint: 10,
        logTerm: 1,
        context: 10,
      });
      equal(s.progress(1, 2).match, 12);
      ok(s.progress(1, 2).next > 12);
    },
  },
  {
    name: "a follower commits only what this message verified, however far the leader is (checklist 25)",
    run() {
      const s = new Cluster({ ...THREE, logs: { 2: [2, 2, 2, 2] } });
      s.inject("AppendEntries", { from: 1, to: 2, term: 3, index: 10, logTerm: 1, commit: 14 });
      s.stabilize(2);
      s.expect(2, { commit: 10, last: 14 });
      const entries = [startEntry(11, 3)];
      s.inject("AppendEntries", {
        from: 1,
        to: 2,
        term: 3,
        index: 10,
        logTerm: 1,
        commit: 10,
        entries,
      });
      s.stabilize(2);
      s.expect(2, { commit: 10, terms: [3] });
    },
  },
  {
    name: "an acknowledgement names what was verified with this leader, not the log's end (checklist 28)",
    run() {
      const s = new Cluster({ ...THREE, logs: { 2: [2, 2, 2, 2] } });
      s.inject("AppendEntries", { from: 1, to: 2, term: 3, index: 10, logTerm: 1, commit: 10 });
      s.stabilize(2);
      const reply = s.first({ type: "AppendEntriesReply", to: 1 });
      equal(reply.reject, false);
      equal(reply.index, 10);
    },
  },
  {
    name: "a heartbeat tells a follower no more than it is known to hold (checklist 26)",
    run() {
      const s = led();
      s.isolate(3);
      s.propose(1, "a");
      s.stabilize();
      s.heal();
      s.tick(1);
      s.ready(1);
      equal(s.first({ type: "Heartbeat", to: 3 }).commit, 11);
      equal(s.first({ type: "Heartbeat", to: 2 }).commit, 12);
    },
  },
  {
    name: "a divergent follower that gets a heartbeat first commits nothing of its own",
    run() {
      const s = new Cluster({ ...THREE, logs: { 1: [3, 3], 2: [3, 3], 3: [2, 2, 2] } });
      s.elect(1, 1, 2);
      s.expect(1, { commit: 13 });
      s.drop({ type: "AppendEntries", to: 3 });
      s.tick(1);
      s.ready(1);
      s.deliver({ type: "Heartbeat", to: 3 });
      s.expect(3, { commit: 10, terms: [2, 2, 2] });
      s.stabilize();
      s.expectAll([1, 2, 3], { commit: 13, terms: [3, 3, 4] });
    },
  },
  {
    name: "match never goes back: delayed acknowledgements of the same term are harmless (checklist 29)",
    run() {
      const s = led();
      for (const command of ["a", "b", "c"]) s.propose(1, command);
      s.stabilize();
      equal(s.progress(1, 2).match, 14);
      s.inject("AppendEntriesReply", { from: 2, to: 1, term: 2, index: 12, hint: 14, commit: 11 });
      equal(s.progress(1, 2).match, 14);
    },
  },
  {
    name: "acknowledgements of a former term move nothing (checklist 29)",
    run() {
      const s = led();
      s.propose(1, "a");
      s.ready(1);
      s.deliver({ type: "AppendEntries", to: 2 });
      s.ready(2);
      s.appends(2);
      const old = s.first({ type: "AppendEntriesReply", from: 2 });
      s.drop({});
      s.appends(1);
      s.inject("HeartbeatReply", { from: 3, to: 1, term: 4 });
      s.isolate(2);
      s.forgetLeader(3);
      s.campaign(1);
      s.stabilize(1, 3);
      s.expect(1, { role: "leader", term: 5 });
      const before = s.progress(1, 2).match;
      const { index, term } = old;
      s.inject("AppendEntriesReply", { from: 2, to: 1, term, index, hint: index, commit: 11 });
      equal(s.progress(1, 2).match, before);
    },
  },
  {
    name: "one lost append of many is repaired within one heartbeat (checklist 31)",
    run() {
      const s = led();
      for (const command of ["a", "b", "c"]) {
        s.propose(1, command);
        s.ready(1);
      }
      s.drop({ type: "AppendEntries", to: 3, count: 1 });
      s.stabilize();
      s.beat(1);
      s.expectAll([1, 2, 3], { commit: 14, commands: ["a", "b", "c"] });
    },
  },
  {
    name: "the last append of a burst, lost, is repaired within two heartbeats",
    run() {
      const s = led();
      s.propose(1, "a");
      s.ready(1);
      s.drop({ type: "AppendEntries", to: 3 });
      s.stabilize();
      s.beat(1);
      s.beat(1);
      s.expect(3, { commit: 12, commands: ["a"] });
    },
  },
  {
    name: "a follower learns of a commit after the message that told it was lost",
    run() {
      const s = led();
      s.propose(1, "a");
      s.ready(1);
      s.stabilize(2, 3);
      s.deliver({ to: 1 });
      s.ready(1);
      s.expect(1, { commit: 12 });
      s.drop({ to: 2 });
      s.drop({ to: 3 });
      s.expectAll([2, 3], { commit: 11 });
      s.beat(1);
      s.expectAll([2, 3], { commit: 12 });
    },
  },
  {
    name: "a follower answers an append of a leader whose previous entry it lacks with where to go on (paper 5.3)",
    run() {
      const s = new Cluster({ ...THREE, logs: { 1: [2, 2, 3], 2: [2, 2, 3] } });
      s.inject("AppendEntries", { from: 1, to: 2, term: 5, index: 20, logTerm: 4, commit: 10 });
      s.stabilize(2);
      const reply = s.first({ type: "AppendEntriesReply", to: 1 });
      equal(reply.reject, true);
      equal(reply.index, 20);
      equal(reply.hint, 13);
      equal(reply.logTerm, 3);
      s.expect(2, { last: 13 });
    },
  },
  ...appendCases(),
];
