import { describe, expect, it } from "vitest";
import { entrySize } from "../../src/core/entry.ts";
import { RaftInvariantError } from "../../src/core/invariant.ts";
import { MessageType, type RaftMessage } from "../../src/core/message.ts";
import { acknowledge, FakeGroup, leaderOf, readyLeaderOf } from "./fake-group.ts";
import { FakeHost } from "./fake-host.ts";
import { appendOf, confOf, entryOf, message, NO_BYTES, r } from "./make.ts";

const T = MessageType;
const ofType = (messages: readonly RaftMessage[], type: MessageType): RaftMessage[] =>
  messages.filter((one) => one.type === type);
const toNode = (messages: readonly RaftMessage[], node: number): RaftMessage[] =>
  messages.filter(({ to, type }) => to === r(node) && type === T.AppendEntries);

describe("a follower", () => {
  it("drops nothing for an old message that says less", () => {
    const host = new FakeHost();
    host.receive(appendOf(1, 1, 1, [1, 1, 1, 1]));
    host.receive(appendOf(1, 1, 1, [1, 1]));
    expect(host.core.lastIndex).toBe(5);
  });

  it("drops only what conflicts", () => {
    const host = new FakeHost({ terms: [1, 2, 2] });
    host.receive(appendOf(3, 2, 1, [3]));
    expect([host.core.lastIndex, host.core.termAt(2), host.core.termAt(3)]).toEqual([3, 1, 3]);
    expect(host.log.lastIndex).toBe(3);
  });

  it("acknowledges what it verified, not what it has", () => {
    const host = new FakeHost({ terms: [1, 1, 1] });
    expect(host.receive(appendOf(2, 2, 1, [], { commit: 4 }))).toMatchObject([
      { type: T.AppendEntriesReply, index: 2, hint: 4, commit: 2 },
    ]);
  });

  it("does not believe a commit index beyond what a message has verified", () => {
    const host = new FakeHost({ terms: [1, 1, 1] });
    host.receive(message({ type: T.Heartbeat, term: 2, commit: 4 }));
    expect(host.core.commitIndex).toBe(1);
    host.receive(appendOf(2, 3, 1, [], { commit: 4 }));
    expect(host.core.commitIndex).toBe(3);
    host.receive(message({ type: T.Heartbeat, term: 2, commit: 4 }));
    expect(host.core.commitIndex).toBe(3);
  });

  it("forgets what it verified with a leader when another one comes", () => {
    const host = new FakeHost();
    host.receive(appendOf(1, 1, 1, [1, 1]));
    host.receive(message({ type: T.Heartbeat, term: 2, commit: 3, from: r(3) }));
    expect(host.core.commitIndex).toBe(1);
  });

  it("refuses what does not follow on its log, with a hint that skips a term", () => {
    const host = new FakeHost({ terms: [1, 3, 3, 3], term: 4 });
    expect(host.receive(appendOf(4, 9, 4))).toMatchObject([
      { reject: true, index: 9, hint: 5, logTerm: 3, context: 5 },
    ]);
    expect(host.receive(appendOf(4, 5, 2))).toMatchObject([{ reject: true, hint: 2, logTerm: 1 }]);
  });

  it("acknowledges at least what is committed", () => {
    const host = new FakeHost({ terms: [1, 1, 1], commit: 3 });
    expect(host.receive(appendOf(1, 1, 1, [1]))).toMatchObject([{ index: 3, reject: false }]);
  });

  it.each([
    ["with a gap", [entryOf(2, 1), entryOf(4, 1)]],
    ["out of order", [entryOf(3, 1), entryOf(2, 1)]],
    ["that do not follow on the message", [entryOf(5, 1)]],
    ["whose terms fall", [entryOf(2, 1), entryOf(3, 0)]],
    ["of a term above the message's", [entryOf(2, 2)]],
  ])("takes no entries %s", (_, entries) => {
    const host = new FakeHost();
    expect(host.core.step(appendOf(1, 1, 1, [], { entries }))).toBe("ignored:entries-out-of-order");
    expect(host.core.lastIndex).toBe(1);
  });

  it("stops when a leader contradicts what is committed", () => {
    const holes = [{ first: 2, last: 2 }];
    const host = new FakeHost({ terms: [1, 1], commit: 3, holes });
    expect(() => host.core.step(appendOf(2, 1, 1, [1, 2]))).toThrow(RaftInvariantError);
  });
});

describe("a leader", () => {
  it("finds where a follower agrees within few messages, over many entries and terms", () => {
    const terms = (count: number, term: number): number[] => new Array<number>(count).fill(term);
    const group = new FakeGroup(3, (node) => ({
      terms:
        node === 3
          ? [...terms(100, 1), ...terms(3_000, 2), ...terms(3_000, 3)]
          : [...terms(100, 1), ...terms(4_000, 4), ...terms(2_500, 5)],
      term: 5,
    }));
    group.elect(1);
    group.propose(1, "a");
    group.settle();
    expect(group.host(3).core.lastIndex).toBe(group.host(1).core.lastIndex);
    const probes = group.delivered.filter((one) => one.type === T.AppendEntriesReply && one.reject);
    expect(probes.length).toBeLessThanOrEqual(5);
  });

  it("sends at most a window of messages ahead, and finds lost ones by heartbeat", () => {
    const size = entrySize(entryOf(1, 1, "abc"));
    const host = readyLeaderOf({
      conf: confOf([1, 2]),
      config: { maxInflightMessages: 4, maxEntriesBytesPerMessage: 2 * size },
    });
    for (let count = 0; count < 20; count++) host.core.propose(Buffer.from("abc"));
    expect(toNode(host.settle(), 2).length).toBe(4);
    host.core.propose(Buffer.from("abc"));
    expect(toNode(host.settle(), 2)).toEqual([]);
    const reply = message({ type: T.HeartbeatReply, term: 2, hint: 2, commit: 2 });
    const [empty, ...more] = toNode(host.receive(reply), 2);
    expect([empty?.entries, empty?.index, more]).toEqual([[], 10, []]);
    const refusal = { type: T.AppendEntriesReply, term: 2, index: 10, reject: true } as const;
    const again = toNode(host.receive(message({ ...refusal, hint: 2, context: 2 })), 2);
    expect(again.map(({ index, entries }) => [index, entries.length])).toEqual([[2, 2]]);
    acknowledge(host, 2);
    expect(host.core.progress(r(2))?.inflights.count).toBe(0);
  });

  it("probes again when messages were lost", () => {
    const host = readyLeaderOf();
    host.core.propose(NO_BYTES);
    host.settle();
    host.core.reportUnreachable(r(2));
    host.core.reportUnreachable(r(9));
    expect(host.core.progress(r(2))).toMatchObject({ state: "probe", next: 3 });
    const reply = message({ type: T.HeartbeatReply, term: 2, hint: 2, commit: 2 });
    expect(toNode(host.receive(reply), 2)).toMatchObject([{ index: 2, entries: [{ index: 3 }] }]);
  });

  it("takes an acknowledgement only of entries that it has", () => {
    const host = leaderOf();
    host.receive(message({ type: T.AppendEntriesReply, term: 2, index: 50, hint: 50 }));
    expect([host.core.progress(r(2))?.match, host.core.commitIndex]).toEqual([0, 1]);
  });

  it("never lets an acknowledgement fall", () => {
    const host = readyLeaderOf();
    host.receive(message({ type: T.AppendEntriesReply, term: 2, index: 1, hint: 2 }));
    expect(host.core.progress(r(2))?.match).toBe(2);
  });

  it("ignores answers of strangers, and every answer when it does not lead", () => {
    const host = readyLeaderOf();
    const reply = message({ type: T.AppendEntriesReply, term: 2, index: 2, hint: 2 });
    expect(host.core.step({ ...reply, from: r(9) })).toBe("ignored:not-a-member");
    expect(new FakeHost().core.step({ ...reply, term: 1 })).toBe("ignored:not-leader");
  });

  it("ignores another leader of its own term", () => {
    const host = readyLeaderOf();
    expect(host.core.step(appendOf(2, 2, 2))).toBe("ignored:second-leader");
    expect(host.core.role).toBe("leader");
  });

  it("tells the commit index soon, and tells it again where the notice was lost", () => {
    const host = readyLeaderOf();
    host.core.propose(NO_BYTES);
    host.settle();
    const [notice] = acknowledge(host, 2).filter(({ to }) => to === r(2));
    expect(notice).toMatchObject({ type: T.AppendEntries, commit: 3, entries: [] });
    acknowledge(host, 3);
    const stale = message({ type: T.HeartbeatReply, term: 2, hint: 3, commit: 2 });
    expect(toNode(host.receive(stale), 2)).toMatchObject([{ commit: 3 }]);
  });

  it("tells a follower by heartbeat no more than that one has", () => {
    const host = readyLeaderOf();
    host.core.propose(NO_BYTES);
    host.settle();
    acknowledge(host, 2);
    host.core.tick(2);
    const beats = ofType(host.settle(), T.Heartbeat);
    expect(beats.map(({ to, commit }) => [to, commit])).toEqual([
      [r(2), 3],
      [r(3), 2],
    ]);
  });

  it("replicates 1,000 entries over a network that loses a third of all messages", () => {
    const group = new FakeGroup(3, () => ({
      config: { maxEntriesBytesPerMessage: 200, maxInflightMessages: 8 },
    }));
    group.elect(1);
    let count = 0;
    for (let round = 0; round < 100; round++) {
      group.isLost = ({ type }) => type !== T.HeartbeatReply && ++count % 3 === 0;
      for (let each = 0; each < 10; each++) group.propose(1, `${round}.${each}`);
      group.tick(1);
    }
    group.heal();
    group.tick(12);
    const leader = group.host(1);
    expect(leader.commands.length).toBe(1_000);
    for (const node of [2, 3]) {
      expect(group.host(node).commands).toEqual(leader.commands);
      expect(leader.core.progress(r(node))?.inflights.count).toBe(0);
    }
    expect(leader.core.uncommittedBytes).toBe(0);
  });
});

describe("limits", () => {
  const size = entrySize(entryOf(1, 1, "abc"));

  it("of uncommitted entries make a leader busy, and are free again when they are committed", () => {
    const host = readyLeaderOf({ config: { maxUncommittedBytes: 2 * size } });
    const data = Buffer.from("abc");
    expect([host.core.propose(data).ok, host.core.propose(data).ok]).toEqual([true, true]);
    expect(host.core.propose(data)).toEqual({ ok: false, why: "busy", leader: r(1) });
    host.settle();
    acknowledge(host, 2);
    expect([host.core.uncommittedBytes, host.core.propose(data).ok]).toEqual([0, true]);
  });

  it("let one entry through that alone is larger", () => {
    const host = readyLeaderOf({ config: { maxUncommittedBytes: 10 } });
    expect(host.core.propose(new Uint8Array(1_000)).ok).toBe(true);
    expect(host.core.propose(NO_BYTES).ok).toBe(false);
  });

  it("count what a new leader found uncommitted, and come back to 0", () => {
    const host = new FakeHost();
    host.receive(appendOf(1, 1, 1, [1, 1, 1]));
    host.core.forgetLeader();
    host.core.campaign();
    host.settle();
    host.receive(message({ type: T.PreVoteReply, term: 2 }));
    host.receive(message({ type: T.RequestVoteReply, term: 2 }));
    expect(host.core.uncommittedBytes).toBe(
      3 * size + entrySize({ ...entryOf(5, 2), data: NO_BYTES }),
    );
    acknowledge(host, 3);
    expect(host.core.uncommittedBytes).toBe(0);
  });

  it("hold for entries that only the disk has, too: until they are committed nothing is added to them", () => {
    const host = leaderOf({ terms: [1, 1] });
    const data = Buffer.from("abc");
    expect(host.core.propose(data)).toEqual({ ok: false, why: "busy", leader: r(1) });
    acknowledge(host, 2);
    expect(host.core.propose(data).ok).toBe(true);
  });

  it("of entries being applied hold back more of them", () => {
    const host = new FakeHost({
      terms: new Array<number>(9).fill(1),
      config: { maxApplyingBytes: 2 * size },
    });
    host.core.step(appendOf(1, 10, 1, [], { commit: 10 }));
    expect(host.take().committed.map(({ index }) => index)).toEqual([2, 3]);
    expect(host.take().committed).toEqual([]);
    host.core.onApplied(2);
    expect(host.take().committed).toEqual([]);
    host.core.onApplied(3);
    expect(host.take().committed.map(({ index }) => index)).toEqual([4, 5]);
    expect(() => host.core.onApplied(6)).toThrow(RaftInvariantError);
    host.core.onApplied(1);
    expect(host.core.appliedIndex).toBe(3);
  });
});

describe("entries that are not in memory", () => {
  const terms = [1, 1, 1, 1];

  it("are fetched to be applied, once at a time", () => {
    const host = new FakeHost({ terms });
    host.log.evictedTo = 5;
    host.core.step(appendOf(1, 5, 1, [], { commit: 4 }));
    const ready = host.take();
    expect(ready.fetches).toEqual([{ purpose: 0, from: 2, to: 4, maxBytes: 1024 * 1024 }]);
    expect(host.core.hasReady()).toBe(false);
    host.answerFetch();
    expect(host.take().committed.map(({ index }) => index)).toEqual([2, 3, 4]);
  });

  it("are fetched again after an answer that is of no use", () => {
    const host = new FakeHost({ terms });
    host.log.evictedTo = 5;
    host.core.step(appendOf(1, 5, 1, [], { commit: 4 }));
    host.take();
    host.core.onFetched(0, host.log.run(3, 4, 999));
    expect(host.take().fetches.length).toBe(1);
    host.core.onFetched(0, "damaged");
    expect(host.take().fetches.length).toBe(1);
    host.core.onFetched(0, host.log.run(2, 5, 999));
    expect(host.take().committed.map(({ index }) => index)).toEqual([2, 3, 4]);
  });

  it("are fetched for a follower that is behind, and sent when they come", () => {
    const host = leaderOf({ terms });
    host.log.evictedTo = 5;
    const refusal = { type: T.AppendEntriesReply, term: 2, index: 5, reject: true } as const;
    expect(toNode(host.receive(message({ ...refusal, hint: 2, context: 2 })), 2)).toEqual([]);
    expect(host.fetches).toMatchObject([{ purpose: r(2), from: 3, to: 6 }]);
    host.core.propose(NO_BYTES);
    host.core.reportUnreachable(r(2));
    host.settle();
    expect(host.fetches.length).toBe(1);
    host.answerFetch();
    const [sent] = toNode(host.settle(), 2);
    expect([sent?.index, sent?.entries.map(({ index }) => index)]).toEqual([2, [3, 4, 5, 6]]);
  });

  it("are asked for anew when the answer does not fit any more", () => {
    const host = leaderOf({ terms });
    host.log.evictedTo = 5;
    const refusal = { type: T.AppendEntriesReply, term: 2, index: 5, reject: true } as const;
    host.receive(message({ ...refusal, hint: 2, context: 2 }));
    // An acknowledgement shows meanwhile that it has more.
    host.receive(message({ type: T.AppendEntriesReply, term: 2, index: 3, hint: 3 }));
    host.answerFetch();
    host.settle();
    expect(host.fetches).toMatchObject([{ purpose: r(2), from: 4 }]);
    host.core.onFetched(r(2), "damaged");
    host.settle();
    expect(host.fetches.length).toBe(1);
    const beat = message({ type: T.HeartbeatReply, term: 2, hint: 3 });
    host.receive(beat);
    expect(host.fetches.length).toBe(2);
    host.core.onFetched(r(9), "compacted");
    host.log.compact(5);
    host.core.onFetched(r(2), "compacted");
    host.receive(beat);
    expect(host.snapshotRequests).toEqual([{ to: r(2), atLeast: 5 }]);
  });

  it("that come when nobody waits for them are ignored", () => {
    const host = readyLeaderOf();
    host.core.onFetched(r(2), [entryOf(2, 2)]);
    host.core.onFetched(r(2), "damaged");
    new FakeHost().core.onFetched(r(2), []);
    expect(host.settle()).toEqual([]);
  });
});

describe("proposals", () => {
  it("are refused by who does not lead, with the leader if known", () => {
    const host = new FakeHost();
    expect(host.core.propose(NO_BYTES)).toEqual({ ok: false, why: "not-leader", leader: 0 });
    host.receive(message({ type: T.Heartbeat }));
    expect(host.core.propose(NO_BYTES)).toEqual({ ok: false, why: "not-leader", leader: r(2) });
  });

  it("keep the command that their data encode, on the leader only", () => {
    const group = new FakeGroup(3);
    group.elect(1);
    const command = { kind: "publish" };
    expect(group.host(1).core.propose(Buffer.from("a"), command)).toEqual({
      ok: true,
      index: 3,
      term: 2,
    });
    expect(group.host(1).core.entryInMemory(3)?.command).toBe(command);
    group.settle();
    expect(group.host(1).applied.at(-1)?.command).toBe(command);
    expect(group.host(2).commands).toEqual(["a"]);
  });

  it("are taken and applied in order on all replicas", () => {
    const group = new FakeGroup(3);
    group.elect(2);
    for (const text of ["a", "b", "c"]) group.propose(2, text);
    group.settle();
    for (const node of [1, 2, 3]) expect(group.host(node).commands).toEqual(["a", "b", "c"]);
  });
});
