import { describe, expect, it } from "vitest";
import { MessageType, type RaftMessage } from "../../src/core/message.ts";
import { acknowledge, FakeGroup, leaderOf, readyLeaderOf } from "./fake-group.ts";
import { FakeHost } from "./fake-host.ts";
import { appendOf, change, confOf, message, NO_BYTES, r } from "./make.ts";

const T = MessageType;
const ofType = (messages: readonly RaftMessage[], type: MessageType): RaftMessage[] =>
  messages.filter((one) => one.type === type);
const beatReply = (context: number, from = 2): RaftMessage =>
  message({ type: T.HeartbeatReply, term: 2, hint: 2, commit: 2, context, from: r(from) });

describe("reads of a leader", () => {
  it("are answered after a round of heartbeats that began after the question", () => {
    const host = readyLeaderOf();
    expect(host.core.readIndex(7)).toBe(true);
    expect(ofType(host.settle(), T.Heartbeat)).toMatchObject([{ context: 1 }, { context: 1 }]);
    host.receive(beatReply(0));
    expect(host.reads).toEqual([]);
    host.receive(beatReply(1));
    expect(host.reads).toEqual([{ context: 7, index: 2 }]);
    host.receive(beatReply(1, 3));
    expect(host.reads.length).toBe(1);
  });

  it("share a round with those that come in the same turn, and wait for the next one otherwise", () => {
    const host = readyLeaderOf();
    host.core.readIndex(1);
    host.core.readIndex(2);
    host.settle();
    host.core.readIndex(3);
    expect(ofType(host.settle(), T.Heartbeat).length).toBe(2);
    host.receive(beatReply(1));
    expect(host.reads.map(({ context }) => context)).toEqual([1, 2]);
    host.receive(beatReply(9));
    expect(host.reads.length).toBe(2);
    host.receive(beatReply(2));
    expect(host.reads.length).toBe(3);
  });

  it("wait until it has committed in its term", () => {
    const host = leaderOf({ terms: [1], commit: 1 });
    expect([host.core.readIndex(1), host.core.isLeaderReady]).toEqual([true, false]);
    expect(ofType(host.settle(), T.Heartbeat)).toEqual([]);
    expect(ofType(acknowledge(host, 2), T.Heartbeat).length).toBe(2);
    host.receive(beatReply(1));
    expect(host.reads).toEqual([{ context: 1, index: 3 }]);
  });

  it("fail when it loses its office", () => {
    const host = readyLeaderOf();
    host.core.readIndex(1);
    host.settle();
    host.receive(message({ type: T.Heartbeat, term: 3 }));
    expect(host.reads).toEqual([{ context: 1, index: -1 }]);
  });

  it("of a group of one need nobody", () => {
    const host = leaderOf({ conf: confOf([1]) });
    host.core.readIndex(5);
    host.settle();
    expect(host.reads).toEqual([{ context: 5, index: 2 }]);
  });

  it("need both majorities in a joint configuration", () => {
    const host = readyLeaderOf({
      conf: { ...confOf([1, 2, 4]), votersOutgoing: [r(1), r(2), r(3)] },
    });
    host.core.readIndex(1);
    host.settle();
    host.receive(beatReply(1, 3));
    expect(host.reads).toEqual([]);
    host.receive(beatReply(1, 4));
    expect(host.reads.length).toBe(1);
  });

  it("are bounded in number", () => {
    const host = readyLeaderOf();
    let taken = 0;
    while (host.core.readIndex(taken)) taken++;
    expect(taken).toBe(4_096);
    expect(host.receive(message({ type: T.ReadIndex, term: 2, context: 1 }))).toContainEqual(
      expect.objectContaining({ type: T.ReadIndexReply, reject: true }),
    );
  });
});

describe("reads of a follower", () => {
  it("are asked of the leader, and answered with its commit index", () => {
    const group = new FakeGroup(3);
    group.elect(1);
    expect(group.host(2).core.readIndex(4)).toBe(true);
    group.settle();
    expect(group.host(2).reads).toEqual([{ context: 4, index: 2 }]);
  });

  it("fail without a leader at once, with one that does not lead any more by its answer", () => {
    const host = new FakeHost();
    expect(host.core.readIndex(1)).toBe(false);
    host.receive(message({ type: T.Heartbeat }));
    expect(host.core.readIndex(1)).toBe(true);
    host.receive(message({ type: T.ReadIndexReply, context: 9 }));
    expect(host.reads).toEqual([]);
    host.receive(message({ type: T.ReadIndexReply, context: 1, reject: true }));
    expect(host.reads).toEqual([{ context: 1, index: -1 }]);
    expect(host.receive(message({ type: T.ReadIndex, context: 3 }))).toMatchObject([
      { type: T.ReadIndexReply, context: 3, reject: true },
    ]);
  });

  it("fail when the answer does not come, when the leader changes, and when it is forgotten", () => {
    const host = new FakeHost();
    const beat = message({ type: T.Heartbeat });
    host.receive(beat);
    host.core.readIndex(1);
    for (let count = 0; count < 20; count++) {
      host.core.tick();
      host.core.step(beat);
    }
    host.settle();
    expect(host.reads).toEqual([{ context: 1, index: -1 }]);
    host.core.readIndex(2);
    host.receive(message({ type: T.Heartbeat, term: 2, from: r(3) }));
    host.core.readIndex(3);
    host.core.forgetLeader();
    host.settle();
    expect(host.reads.map(({ context }) => context)).toEqual([1, 2, 3]);
    expect(host.core.leader).toBe(0);
  });

  it("are bounded in number, and not taken by candidates", () => {
    const host = new FakeHost();
    host.receive(message({ type: T.Heartbeat }));
    let taken = 0;
    while (host.core.readIndex(taken)) taken++;
    expect(taken).toBe(4_096);
    host.core.campaign();
    expect(host.core.readIndex(1)).toBe(false);
  });
});

describe("a transfer of leadership", () => {
  it("tells a voter that has everything to campaign at once", () => {
    const host = readyLeaderOf();
    expect(host.core.transferLeader(r(2))).toBe(true);
    expect(host.settle()).toMatchObject([{ type: T.TimeoutNow, to: r(2), term: 2 }]);
    expect(host.core.propose(NO_BYTES)).toMatchObject({ ok: false, why: "transferring" });
    expect(host.core.proposeConfChange(change([["remove", 3]]))).toMatchObject({
      why: "transferring",
    });
    expect([host.core.transferLeader(r(2)), host.core.transferee]).toEqual([true, r(2)]);
  });

  it("brings a voter that is behind up to date first", () => {
    const host = readyLeaderOf();
    host.core.propose(NO_BYTES);
    host.settle();
    host.core.transferLeader(r(3));
    expect(ofType(host.settle(), T.TimeoutNow)).toEqual([]);
    expect(ofType(acknowledge(host, 2), T.TimeoutNow)).toEqual([]);
    expect(ofType(acknowledge(host, 3), T.TimeoutNow)).toMatchObject([{ to: r(3) }]);
  });

  it.each([
    ["to itself", 1],
    ["to a learner", 4],
    ["to a stranger", 9],
  ])("is refused %s", (_, node) => {
    const host = readyLeaderOf({ conf: confOf([1, 2, 3], [4]) });
    expect([host.core.transferLeader(r(node)), host.core.transferee]).toEqual([false, 0]);
  });

  it("is refused to who is away, and by who does not lead", () => {
    const host = readyLeaderOf();
    host.dead.add(r(2));
    for (let count = 0; count < 12; count++) {
      host.core.tick();
      host.receive(beatReply(0, 3));
    }
    expect(host.core.transferLeader(r(2))).toBe(false);
    expect(new FakeHost().core.transferLeader(r(2))).toBe(false);
  });

  it("is given up after an election timeout, and proposals are taken again", () => {
    const host = readyLeaderOf();
    host.core.transferLeader(r(2));
    host.settle();
    for (let count = 0; count < 10; count++) {
      host.core.tick();
      host.receive(beatReply(0, 3));
    }
    expect(host.events).toEqual([{ kind: "transfer-aborted", to: r(2) }]);
    expect([host.core.transferee, host.core.propose(NO_BYTES).ok]).toEqual([0, true]);
  });

  it("ends with the target leading, against the loyalty of the rest", () => {
    const group = new FakeGroup(3);
    group.elect(1);
    group.propose(1, "a");
    group.settle();
    group.host(1).core.transferLeader(r(3));
    group.settle();
    expect(group.leaders()).toEqual([3]);
    expect(group.host(2).core.leader).toBe(r(3));
  });

  it("is obeyed only by followers of who asks for it", () => {
    const host = new FakeHost();
    host.receive(message({ type: T.TimeoutNow }));
    expect(host.core.role).toBe("follower");
    host.receive(appendOf(1, 1, 1, [1]));
    host.receive(message({ type: T.TimeoutNow, from: r(3) }));
    expect(host.core.role).toBe("follower");
    const sent = host.receive(message({ type: T.TimeoutNow }));
    expect(sent).toMatchObject([
      { type: T.RequestVote, context: 1, term: 2 },
      { type: T.RequestVote, context: 1 },
    ]);
  });
});
