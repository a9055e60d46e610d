import { describe, expect, it } from "vitest";
import { RaftInvariantError } from "../../src/core/invariant.ts";
import { MessageType, type RaftMessage } from "../../src/core/message.ts";
import { acknowledge, leaderOf, readyLeaderOf } from "./fake-group.ts";
import { FakeHost } from "./fake-host.ts";
import { appendOf, confOf, message, r } from "./make.ts";

const typesOf = (messages: readonly RaftMessage[]): number[] => messages.map(({ type }) => type);
const T = MessageType;

describe("what a candidate says and counts", () => {
  it("PreVote leaves at once: it rests on nothing that would have to be stored", () => {
    const host = new FakeHost();
    host.core.campaign();
    const ready = host.take();
    expect(ready.append).toBeUndefined();
    expect(typesOf(ready.messages)).toEqual([T.PreVote, T.PreVote]);
    expect(ready.messages[0]).toMatchObject({ term: 2, index: 1, logTerm: 1, to: r(2) });
    expect(ready.soft).toEqual({ role: "pre-candidate", leader: 0, term: 1 });
  });

  it("RequestVote waits until term and own vote are durable", () => {
    const host = new FakeHost();
    host.core.campaign();
    host.flush();
    host.core.step(message({ type: T.PreVoteReply, term: 2 }));
    const { append, messages } = host.take();
    expect(messages).toEqual([]);
    expect(append?.hardState).toEqual({ currentTerm: 2, votedFor: r(1), commitIndex: 1 });
    expect(typesOf(append?.after ?? [])).toEqual([T.RequestVote, T.RequestVote]);
  });

  it("the own vote counts only once it is durable", () => {
    const host = new FakeHost();
    host.core.campaign();
    host.flush();
    host.core.step(message({ type: T.PreVoteReply, term: 2 }));
    host.flush();
    host.core.step(message({ type: T.RequestVoteReply, term: 2 }));
    expect(host.core.role).toBe("candidate");
    host.durable();
    expect(host.core.role).toBe("leader");
  });

  it("a group of one leads as soon as its own vote is durable", () => {
    const host = new FakeHost({ conf: confOf([1]) });
    host.core.campaign();
    expect(host.core.role).toBe("candidate");
    host.flush();
    host.durable();
    expect([host.core.role, host.core.commitIndex]).toEqual(["leader", 1]);
    host.settle();
    expect([host.core.commitIndex, host.core.appliedIndex]).toEqual([2, 2]);
  });
});

describe("what a voter says", () => {
  it("a vote waits until it is durable", () => {
    const host = new FakeHost();
    host.core.step(message({ type: T.RequestVote, term: 2, index: 1, logTerm: 1 }));
    const { append, messages } = host.take();
    expect([messages, append?.hardState]).toEqual([
      [],
      { currentTerm: 2, votedFor: r(2), commitIndex: 1 },
    ]);
    expect(append?.after).toMatchObject([{ type: T.RequestVoteReply, reject: false, term: 2 }]);
  });

  it("a repeated vote goes at once if nothing is outstanding", () => {
    const host = new FakeHost();
    const request = message({ type: T.RequestVote, term: 2, index: 1, logTerm: 1 });
    host.receive(request);
    host.core.step(request);
    const { append, messages } = host.take();
    expect([append, typesOf(messages)]).toEqual([undefined, [T.RequestVoteReply]]);
  });

  it("an answer rides behind what is outstanding, in an append without contents", () => {
    const host = new FakeHost();
    host.core.step(appendOf(1, 1, 1, [1]));
    host.flush();
    host.core.step(message({ type: T.PreVote, term: 1, from: r(3) }));
    const { append, messages } = host.take();
    expect(messages).toEqual([]);
    expect(append).toMatchObject({ seq: 2, entries: [], hardState: undefined });
    expect(append?.after).toMatchObject([{ type: T.PreVoteReply, reject: true }]);
  });
});

describe("what a follower says", () => {
  it("an acknowledgement waits for its entries, which carry the newest commit index", () => {
    const host = new FakeHost();
    host.core.step(appendOf(1, 1, 1, [1, 1], { commit: 2 }));
    const { append, messages } = host.take();
    expect([messages, append?.entries.length]).toEqual([[], 2]);
    expect(append?.hardState).toEqual({ currentTerm: 1, votedFor: 0, commitIndex: 2 });
    expect(append?.after).toMatchObject([
      { type: T.AppendEntriesReply, index: 3, hint: 3, commit: 2 },
    ]);
  });

  it("a new commit index alone is not written", () => {
    const host = new FakeHost({ terms: [1] });
    host.core.step(appendOf(1, 2, 1, [], { commit: 2 }));
    const { append, committed } = host.take();
    expect([append, committed.map(({ index }) => index)]).toEqual([undefined, [2]]);
  });

  it("answers to heartbeats go at once", () => {
    const host = new FakeHost();
    host.core.step(appendOf(1, 1, 1, [1]));
    host.flush();
    host.core.step(message({ type: T.Heartbeat, context: 4 }));
    expect(host.take().messages).toMatchObject([{ type: T.HeartbeatReply, hint: 2, context: 4 }]);
  });

  it("answers to heartbeats of a new term wait until that term is durable", () => {
    const host = new FakeHost();
    host.core.step(message({ type: T.Heartbeat, term: 3 }));
    const { append, messages } = host.take();
    expect([messages, typesOf(append?.after ?? [])]).toEqual([[], [T.HeartbeatReply]]);
    host.core.step(message({ type: T.Heartbeat, term: 3 }));
    expect(host.flush()).toEqual([]);
    host.durable();
    host.durable();
    host.core.step(message({ type: T.Heartbeat, term: 3 }));
    expect(typesOf(host.flush())).toEqual([T.HeartbeatReply]);
  });

  it("applies only what is committed and durable here", () => {
    const host = new FakeHost();
    host.core.step(appendOf(1, 1, 1, [1, 1], { commit: 3 }));
    expect(host.take().committed).toEqual([]);
    host.durable();
    expect([host.core.durableIndex, host.take().committed.length]).toEqual([3, 2]);
  });
});

describe("what a leader says and counts", () => {
  it("entries leave before they are durable here", () => {
    const host = readyLeaderOf();
    host.core.propose(Buffer.from("a"));
    const { append, messages } = host.take();
    expect(typesOf(messages)).toEqual([T.AppendEntries, T.AppendEntries]);
    expect(append?.after).toEqual([]);
    expect(append?.entries.map(({ index }) => index)).toEqual([3]);
  });

  it("its own acknowledgement counts only once the append is durable", () => {
    const host = readyLeaderOf({ conf: confOf([1, 2]) });
    const index = host.core.lastIndex + 1;
    host.core.propose(Buffer.from("a"));
    host.flush();
    host.core.step(message({ type: T.AppendEntriesReply, term: 2, index, hint: index }));
    expect(host.core.commitIndex).toBe(index - 1);
    host.durable();
    expect(host.core.commitIndex).toBe(index);
  });

  it("the disks of others may commit before its own, but it applies what is on its own", () => {
    const host = readyLeaderOf();
    host.core.propose(Buffer.from("a"));
    host.flush();
    for (const from of [r(2), r(3)]) {
      host.core.step(message({ type: T.AppendEntriesReply, term: 2, index: 3, hint: 3, from }));
    }
    expect(host.core.commitIndex).toBe(3);
    host.flush();
    expect(host.toApply).toEqual([]);
    host.durable();
    host.flush();
    expect(host.toApply.length).toBe(1);
  });

  it("an entry of a former term is committed only together with one of its own", () => {
    const host = leaderOf({ terms: [1, 1], commit: 1 });
    const reply = { type: T.AppendEntriesReply, term: 2, hint: 3 } as const;
    host.receive(message({ ...reply, index: 3 }));
    expect(host.core.commitIndex).toBe(1);
    host.receive(message({ ...reply, index: 4, hint: 4 }));
    expect(host.core.commitIndex).toBe(4);
  });
});

describe("several appends on their way", () => {
  it("are reported in order, or the group stops", () => {
    const host = new FakeHost();
    host.core.step(appendOf(1, 1, 1, [1]));
    host.flush();
    host.core.step(appendOf(1, 2, 1, [1]));
    host.flush();
    expect(() => host.core.onAppended(2)).toThrow(RaftInvariantError);
  });

  it("of entries that were replaced meanwhile mark nothing durable", () => {
    const host = new FakeHost();
    host.core.step(appendOf(1, 1, 1, [1, 1, 1]));
    host.flush();
    host.core.step(appendOf(2, 1, 1, [2], { from: r(3) }));
    host.flush();
    host.core.step(appendOf(3, 1, 1, [3, 3, 3]));
    host.flush();
    host.durable();
    expect(host.core.durableIndex).toBe(1);
    host.durable();
    expect(host.core.durableIndex).toBe(1);
    host.durable();
    expect([host.core.durableIndex, host.core.termAt(4)]).toEqual([4, 3]);
  });

  it("of the same entries written again count only with the last write", () => {
    const host = new FakeHost();
    host.core.step(appendOf(1, 1, 1, [1, 1]));
    host.flush();
    host.core.step(appendOf(2, 1, 1, [2], { from: r(3) }));
    host.core.step(appendOf(3, 2, 2, [2], { from: r(3) }));
    host.flush();
    host.durable();
    expect(host.core.durableIndex).toBe(1);
    host.durable();
    expect(host.core.durableIndex).toBe(3);
  });
});

describe("ready()", () => {
  it("has shared empty lists and nothing else when there is nothing to do", () => {
    const host = new FakeHost();
    expect(host.core.hasReady()).toBe(false);
    const [first, second] = [host.core.ready(), host.core.ready()];
    expect(first).toEqual({
      soft: undefined,
      append: undefined,
      messages: [],
      committed: [],
      reads: [],
      snapshotRequests: [],
      fetches: [],
      events: [],
    });
    expect(first.messages).toBe(second.messages);
  });

  it("tells of a new leader and a new term", () => {
    const host = new FakeHost();
    host.core.step(message({ type: T.Heartbeat, term: 5 }));
    expect(host.take().soft).toEqual({ role: "follower", leader: r(2), term: 5 });
    expect(host.take().soft).toBeUndefined();
  });

  it("comes to an end with nothing completed, however much is proposed", () => {
    const host = readyLeaderOf({ config: { maxEntriesBytesPerMessage: 64 } });
    for (let count = 0; count < 500; count++) host.core.propose(new Uint8Array(50));
    const sent = host.flush();
    expect(sent.length).toBeGreaterThan(100);
    acknowledge(host, 2, 3);
    expect(host.core.hasReady()).toBe(false);
  });
});
