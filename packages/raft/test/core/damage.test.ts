import { describe, expect, it } from "vitest";
import type { IndexRange } from "../../src/core/hard-state.ts";
import { MessageType, type RaftMessage } from "../../src/core/message.ts";
import { acknowledge, FakeGroup, readyLeaderOf } from "./fake-group.ts";
import { FakeHost, type HostOptions } from "./fake-host.ts";
import { appendOf, confOf, entriesOf, message, r } from "./make.ts";

const T = MessageType;
const TERMS = [1, 1, 2, 2, 2, 3];

/** A log 2..7 with terms 1, 1, 2, 2, 2, 3, of which `holes` cannot be read. */
function damaged(holes: readonly IndexRange[], rest: HostOptions = {}): FakeHost {
  return new FakeHost({ terms: TERMS, holes, term: 4, ...rest });
}

const repairsOf = (host: FakeHost): number[] =>
  host.outstanding.flatMap(({ repairs }) => repairs.map(({ index }) => index));
const repliesOf = (messages: readonly RaftMessage[]): RaftMessage[] =>
  messages.filter(({ type }) => type === T.AppendEntriesReply);

describe("a log with a hole", () => {
  it("is refused beyond the hole, and filled by what the leader has", () => {
    const host = damaged([{ first: 4, last: 4 }]);
    expect(repliesOf(host.receive(appendOf(4, 7, 3)))).toMatchObject([
      { reject: true, hint: 3, logTerm: 1, context: 3 },
    ]);
    host.core.step(appendOf(4, 3, 1, [2, 2]));
    host.flush();
    expect([repairsOf(host), host.core.contiguousLast, host.core.isDamaged]).toEqual([
      [4],
      7,
      true,
    ]);
    host.durable();
    expect([host.core.isDamaged, host.core.durableIndex, host.core.lastIndex]).toEqual([
      false,
      7,
      7,
    ]);
    expect(host.outstanding).toEqual([]);
  });

  it("counts as damaged, and its entries as not durable, until the repair is on the disk", () => {
    const host = damaged([{ first: 4, last: 4 }], { commit: 5 });
    expect(host.core.durableIndex).toBe(3);
    host.core.step(appendOf(4, 3, 1, [2, 2, 2, 3], { commit: 7 }));
    expect([host.core.durableIndex, host.core.isDamaged]).toEqual([3, true]);
    const [first, later] = [host.take(), host.take()];
    expect([first.committed.at(-1)?.index, later.committed]).toEqual([3, []]);
    host.durable();
    expect(host.core.durableIndex).toBe(7);
    host.settle();
    expect(host.core.appliedIndex).toBe(7);
  });

  it("is not joined to what stands behind it before a leader has sent that, too", () => {
    const host = damaged([{ first: 4, last: 4 }]);
    // A leader without 5(2): it fills the hole with an entry of its own history, and fails.
    host.receive(appendOf(4, 3, 1, [1]));
    expect([host.core.contiguousLast, host.core.isDamaged]).toEqual([4, true]);
    // The next one has the history that stands behind the hole.
    expect(repliesOf(host.receive(appendOf(5, 7, 3, [], { from: r(3) })))).toMatchObject([
      { reject: true, hint: 4 },
    ]);
    expect(repliesOf(host.receive(appendOf(5, 4, 2, [2, 2, 3], { from: r(3) })))[0]?.reject).toBe(
      true,
    );
    host.receive(appendOf(5, 3, 1, [2, 2, 2, 3, 5], { from: r(3) }));
    expect([4, 5, 6, 7, 8].map((index) => host.core.termAt(index))).toEqual([2, 2, 2, 3, 5]);
    expect(host.core.isDamaged).toBe(false);
  });

  it("is cut where the leader's entry behind it differs", () => {
    const host = damaged([{ first: 4, last: 4 }]);
    host.receive(appendOf(4, 3, 1, [2, 4]));
    expect([host.core.lastIndex, host.core.termAt(4), host.core.termAt(5)]).toEqual([5, 2, 4]);
    expect(host.core.holes).toEqual([]);
  });

  it("is cut at once by an entry newer than all behind it", () => {
    const host = damaged([{ first: 4, last: 5 }]);
    host.receive(appendOf(4, 3, 1, [4]));
    expect([host.core.lastIndex, host.core.termAt(4), host.core.isDamaged]).toEqual([4, 4, false]);
  });

  it("at its end is bounded by the promise that came with it", () => {
    const host = damaged([{ first: 6, last: 7 }], { promise: { term: 3, index: 7 } });
    expect([host.core.hasPromise, host.core.contiguousLast]).toEqual([true, 5]);
    const ask = (logTerm: number, index: number): boolean | undefined =>
      host.receive(message({ type: T.PreVote, term: 9, logTerm, index }))[0]?.reject;
    expect([ask(2, 99), ask(3, 6), ask(3, 7), ask(4, 1)]).toEqual([true, true, false, false]);
    host.core.step(appendOf(4, 5, 2, [2, 3]));
    host.flush();
    expect(host.outstanding.map(({ promise }) => promise)).toEqual([{ term: 0, index: 0 }]);
    host.settle();
    expect([host.core.hasPromise, host.core.isDamaged]).toEqual([false, false]);
  });

  it("votes by all of its log, with what stands behind the hole", () => {
    const host = damaged([{ first: 4, last: 4 }]);
    const ask = (logTerm: number, index: number): boolean | undefined =>
      host.receive(message({ type: T.PreVote, term: 9, logTerm, index }))[0]?.reject;
    expect([ask(3, 6), ask(3, 7)]).toEqual([true, false]);
    const joined = damaged([{ first: 4, last: 6 }]);
    expect(
      joined.receive(message({ type: T.PreVote, term: 9, logTerm: 2, index: 99 }))[0]?.reject,
    ).toBe(true);
  });

  it("is told to the leader with each heartbeat until it is filled", () => {
    const host = damaged([{ first: 4, last: 4 }]);
    const beat = message({ type: T.Heartbeat, term: 4 });
    expect(host.receive(beat).filter(({ type }) => type === T.Damage)).toMatchObject([
      { index: 3 },
    ]);
    host.receive(appendOf(4, 3, 1, [2, 2]));
    expect(host.receive(beat).map(({ type }) => type)).toEqual([T.HeartbeatReply]);
  });
});

describe("a snapshot for a damaged log", () => {
  const snapshotAt = (index: number, term: number): RaftMessage =>
    message({
      type: T.InstallSnapshot,
      term: 4,
      snapshot: { index, term, conf: confOf([1, 2, 3]) },
    });

  it("before an intact end keeps that end", () => {
    const host = damaged([{ first: 2, last: 3 }]);
    host.core.step(snapshotAt(4, 2));
    expect(host.take().append).toMatchObject({ keepsSuffix: true, snapshot: { index: 4 } });
    expect(host.core.durableIndex).toBe(1);
    host.settle();
    expect([host.core.durableIndex, host.core.lastIndex, host.core.isDamaged]).toEqual([
      7,
      7,
      false,
    ]);
  });

  it("inside a hole leaves a promise for what is dropped behind it", () => {
    const host = damaged([{ first: 3, last: 4 }]);
    host.core.step(snapshotAt(4, 2));
    expect(host.take().append).toMatchObject({
      keepsSuffix: false,
      promise: { term: 3, index: 7 },
    });
    host.settle();
    expect([host.core.lastIndex, host.core.hasPromise]).toEqual([4, true]);
    host.core.forgetLeader();
    expect(
      host.receive(message({ type: T.PreVote, term: 9, logTerm: 3, index: 6 }))[0]?.reject,
    ).toBe(true);
    host.receive(appendOf(4, 4, 2, [2, 2, 3]));
    expect(host.core.isDamaged).toBe(false);
  });

  it("below what is known as committed keeps what follows, for that agrees", () => {
    const host = damaged([{ first: 1, last: 3 }], { conf: confOf([]), applied: 0, commit: 6 });
    expect(host.core.contiguousLast).toBe(0);
    host.core.step(snapshotAt(3, 1));
    expect(host.take().append).toMatchObject({ keepsSuffix: true, promise: undefined });
    host.settle();
    expect([host.core.commitIndex, host.core.lastIndex, host.core.conf.voters.length]).toEqual([
      6, 7, 3,
    ]);
    host.receive(appendOf(4, 3, 1, [2, 2, 2, 3], { commit: 7 }));
    expect([host.core.appliedIndex, host.core.isDamaged]).toEqual([7, false]);
  });

  it("that ends before the own log begins is refused, and the leader told how far one must reach", () => {
    const base = { index: 5, term: 1 };
    const host = new FakeHost({
      base,
      terms: [2],
      commit: 6,
      conf: confOf([]),
      applied: 0,
      holes: [{ first: 1, last: 5 }],
    });
    expect(repliesOf(host.receive(snapshotAt(3, 1)))).toMatchObject([{ index: 0, reject: false }]);
    const sent = host.receive(message({ type: T.Heartbeat, term: 4 }));
    expect(sent.find(({ type }) => type === T.Damage)).toMatchObject({ index: 0, hint: 5 });
    const leader = readyLeaderOf({ terms: [1, 1, 1, 1, 1] });
    leader.log.compact(3);
    leader.receive(message({ type: T.Damage, term: 2, index: 0, hint: 5 }));
    expect(leader.snapshotRequests).toEqual([{ to: r(2), atLeast: 5 }]);
    host.receive(snapshotAt(5, 1), appendOf(4, 5, 1, [2]));
    expect([host.core.isDamaged, host.core.lastIndex]).toEqual([false, 6]);
  });

  it("is asked for from the start of the log when the own one is damaged", () => {
    const host = damaged([{ first: 1, last: 1 }], { conf: confOf([]), applied: 0 });
    expect(repliesOf(host.receive(appendOf(4, 7, 3)))).toMatchObject([
      { reject: true, hint: 0, context: 0 },
    ]);
  });
});

describe("damage found while running", () => {
  it("of a follower is reported, promised and repaired", () => {
    const host = new FakeHost();
    host.receive(appendOf(1, 1, 1, [1, 1, 1, 1], { commit: 5 }));
    host.core.reportDamage({ first: 3, last: 3 });
    const { append } = host.take();
    expect(append?.promise).toEqual({ term: 1, index: 5 });
    expect(append?.after).toMatchObject([{ type: T.Damage, index: 2 }]);
    host.log.entries.delete(3);
    host.settle();
    host.receive(appendOf(1, 2, 1, [1, 1]));
    expect([host.core.isDamaged, host.core.contiguousLast, host.log.term(3)]).toEqual([
      false,
      5,
      1,
    ]);
  });

  it("of a leader ends its leadership", () => {
    const host = readyLeaderOf();
    host.core.reportDamage({ first: 2, last: 9 });
    expect([host.core.role, host.core.isDamaged]).toEqual(["follower", true]);
    expect(host.settle().filter(({ type }) => type === T.LeaderGone).length).toBe(2);
  });

  it("of entries that memory still holds is repaired from there, also by a leader", () => {
    const host = readyLeaderOf();
    for (const text of ["a", "b"]) host.core.propose(Buffer.from(text));
    host.settle();
    host.core.reportDamage({ first: 3, last: 9 });
    expect([host.core.role, host.core.durableIndex, host.core.isDamaged]).toEqual([
      "leader",
      2,
      true,
    ]);
    host.core.reportDamage({ first: 4, last: 4 });
    host.flush();
    expect(repairsOf(host)).toEqual([3, 4]);
    host.settle();
    expect([host.core.durableIndex, host.core.isDamaged, host.core.termAt(4)]).toEqual([
      4,
      false,
      2,
    ]);
  });

  it("binds votes to what was there, though storage does not know its term any more", () => {
    const host = new FakeHost({ terms: [1, 3], term: 3 });
    host.log.entries.delete(3);
    host.core.reportDamage({ first: 3, last: 3 });
    expect(host.take().append?.promise).toEqual({ term: 3, index: 3 });
  });

  it("of what was repaired and compacted before it was written needs no write", () => {
    const host = new FakeHost({ terms: [1, 1, 1], commit: 4 });
    host.settle();
    host.core.reportDamage({ first: 3, last: 3 });
    host.settle();
    host.core.step(appendOf(1, 2, 1, [1, 1]));
    host.log.compact(4);
    expect(host.take().append?.repairs).toEqual([]);
  });

  it("that was compacted away is over with the next message", () => {
    const host = new FakeHost({ terms: [1, 1, 1], commit: 4 });
    host.settle();
    host.core.reportDamage({ first: 3, last: 3 });
    host.settle();
    host.log.compact(4, 1);
    host.receive(appendOf(1, 4, 1));
    expect([host.core.isDamaged, host.core.contiguousLast]).toEqual([false, 4]);
  });

  it("of a candidate ends its campaign", () => {
    const host = new FakeHost({ terms: [1, 1] });
    host.core.campaign();
    host.core.reportDamage({ first: 2, last: 2 });
    expect(host.core.role).toBe("follower");
  });

  it("outside the stored log is nothing", () => {
    const host = new FakeHost({ terms: [1] });
    host.core.reportDamage({ first: 0, last: 1 });
    host.core.reportDamage({ first: 3, last: 9 });
    expect([host.core.isDamaged, host.core.hasReady()]).toEqual([false, false]);
  });

  it("makes the leader count no more than is left, and send the rest again", () => {
    const host = readyLeaderOf({ terms: [1, 1, 1] });
    host.receive(message({ type: T.Damage, term: 2, index: 2 }));
    const sent = host.core.progress(r(2));
    expect([sent?.match, sent?.state]).toEqual([2, "probe"]);
    const [again] = host.receive(message({ type: T.HeartbeatReply, term: 2, hint: 2 }));
    expect(again).toMatchObject({
      type: T.AppendEntries,
      index: 2,
      entries: [{ index: 3 }, { index: 4 }, { index: 5 }],
    });
    acknowledge(host, 2);
    expect(host.core.progress(r(2))?.state).toBe("replicate");
  });

  it("never makes leader and follower answer each other without pause", () => {
    const group = new FakeGroup(3);
    group.elect(1);
    for (let count = 0; count < 5; count++) group.propose(1, "a");
    group.settle();
    group.isLost = ({ type }) => type === T.Damage;
    const follower = group.host(2);
    follower.core.reportDamage({ first: 3, last: 4 });
    for (const index of [3, 4]) follower.log.entries.delete(index);
    group.propose(1, "b");
    group.tick(5);
    expect(follower.core.isDamaged).toBe(true);
    group.heal();
    group.tick(5);
    expect([follower.core.isDamaged, follower.commands.length]).toEqual([false, 6]);
  });
});

describe("a replica that forgot what it had acknowledged", () => {
  const restarted = (): FakeHost => {
    const host = readyLeaderOf();
    host.core.propose(Buffer.from("a"));
    host.settle();
    acknowledge(host, 2, 3);
    host.core.peerRestarted(r(2));
    host.settle();
    return host;
  };

  it("is found out by its first answer, and told what it promised", () => {
    const host = restarted();
    const sent = host.receive(message({ type: T.HeartbeatReply, term: 2, hint: 1, commit: 1 }));
    expect(host.events).toContainEqual({ kind: "amnesia", replica: r(2), match: 3, last: 1 });
    expect(sent).toMatchObject([
      { type: T.Promise, to: r(2), index: 3, logTerm: 2 },
      { type: T.AppendEntries, index: 1, entries: [{ index: 2 }, { index: 3 }] },
    ]);
    expect(host.core.progress(r(2))?.match).toBe(0);
  });

  it("is reminded with each round of heartbeats until it has everything again", () => {
    const host = restarted();
    host.receive(message({ type: T.HeartbeatReply, term: 2, hint: 1, commit: 1 }));
    const reply = message({ type: T.HeartbeatReply, term: 2, hint: 1, commit: 1 });
    expect(host.receive(reply)).toContainEqual(
      expect.objectContaining({ type: T.Promise, to: r(2), index: 3, logTerm: 2 }),
    );
    acknowledge(host, 2, 3);
    const sent = host.receive(message({ type: T.HeartbeatReply, term: 2, hint: 3, commit: 3 }));
    expect(sent.filter(({ type }) => type === T.Promise)).toEqual([]);
  });

  it("is found out by a refusal as well, and once only", () => {
    const host = restarted();
    const refusal = message({
      type: T.AppendEntriesReply,
      term: 2,
      index: 3,
      reject: true,
      hint: 1,
      context: 1,
    });
    host.receive(refusal);
    host.receive(refusal);
    expect(host.events.filter(({ kind }) => kind === "amnesia").length).toBe(1);
  });

  it("is trusted when it still has all", () => {
    const host = restarted();
    host.receive(message({ type: T.HeartbeatReply, term: 2, hint: 3, commit: 2 }));
    expect([host.events.length, host.core.progress(r(2))?.match]).toEqual([0, 3]);
  });

  it("is told of the leader's compacted end where the entry itself is gone", () => {
    const host = restarted();
    host.log.compact(3);
    host.core.propose(Buffer.from("b"));
    host.settle();
    acknowledge(host, 3);
    host.log.compact(4);
    const sent = host.receive(message({ type: T.HeartbeatReply, term: 2, hint: 1 }));
    expect(sent.find(({ type }) => type === T.Promise)).toMatchObject({ index: 4, logTerm: 2 });
  });

  it("keeps its promise until its log has reached it", () => {
    const host = new FakeHost({ terms: [1] });
    host.core.step(message({ type: T.Promise, index: 4, logTerm: 1 }));
    expect(host.take().append?.promise).toEqual({ term: 1, index: 4 });
    host.settle();
    host.core.campaign();
    expect(host.core.role).toBe("follower");
    expect(
      host.receive(message({ type: T.PreVote, term: 2, logTerm: 1, index: 3 }))[0]?.reject,
    ).toBe(true);
    host.receive(appendOf(1, 2, 1, [1]));
    expect(host.core.hasPromise).toBe(true);
    host.receive(appendOf(1, 3, 1, [1]));
    expect(host.core.hasPromise).toBe(false);
  });

  it("is not bound by a promise that its log fulfils, nor by one below another", () => {
    const host = new FakeHost({ terms: [1, 1] });
    host.receive(message({ type: T.Promise, index: 3, logTerm: 1 }));
    expect(host.core.hasPromise).toBe(false);
    host.receive(message({ type: T.Promise, index: 9, logTerm: 1 }));
    host.receive(message({ type: T.Promise, index: 8, logTerm: 1 }));
    host.receive(appendOf(1, 3, 1, [1, 1, 1, 1, 1]));
    expect(host.core.hasPromise).toBe(true);
  });

  it("is fulfilled by a log of a later term though it is shorter", () => {
    const host = new FakeHost({
      entries: entriesOf(2, [1]),
      promise: { term: 2, index: 9 },
      term: 2,
    });
    host.receive(appendOf(3, 2, 1, [3]));
    expect(host.core.hasPromise).toBe(false);
  });

  it("is probed again also while the group sleeps, as soon as it wakes", () => {
    const host = readyLeaderOf();
    host.core.hibernate();
    host.settle();
    host.core.peerRestarted(r(2));
    host.core.peerRestarted(r(1));
    host.core.peerRestarted(r(9));
    expect(host.core.hasReady()).toBe(false);
    host.core.wake();
    host.core.tick();
    host.settle();
    const sent = host.receive(message({ type: T.HeartbeatReply, term: 2, hint: 2, commit: 2 }));
    expect(sent).toMatchObject([{ type: T.AppendEntries, index: 2, entries: [] }]);
  });
});
