import { describe, expect, it } from "vitest";
import { encodeConfChange } from "../../src/core/conf-change-codec.ts";
import { EntryType } from "../../src/core/entry.ts";
import { MessageType, type RaftMessage } from "../../src/core/message.ts";
import { acknowledge, leaderOf, readyLeaderOf } from "./fake-group.ts";
import { FakeHost } from "./fake-host.ts";
import { appendOf, change, confOf, entryOf, message, r } from "./make.ts";

const T = MessageType;

function snapshotAt(index: number, term: number, rest: Partial<RaftMessage> = {}): RaftMessage {
  const conf = confOf([1, 2, 3, 4]);
  return message({ type: T.InstallSnapshot, term: 3, snapshot: { index, term, conf }, ...rest });
}

const repliesOf = (messages: readonly RaftMessage[]): RaftMessage[] =>
  messages.filter(({ type }) => type === T.AppendEntriesReply);

describe("a follower that gets a snapshot", () => {
  it("beyond its log takes it over, with the members in it, once it is durable", () => {
    const host = new FakeHost({ terms: [1, 1] });
    host.core.step(snapshotAt(9, 2));
    const { append, committed } = host.take();
    expect(append).toMatchObject({
      snapshot: { index: 9, term: 2 },
      keepsSuffix: false,
      entries: [],
      hardState: { currentTerm: 3, commitIndex: 9 },
      after: [{ type: T.AppendEntriesReply, index: 9, reject: false }],
    });
    expect([committed, host.core.appliedIndex, host.core.durableIndex]).toEqual([[], 1, 1]);
    expect([host.core.commitIndex, host.core.lastIndex, host.core.firstIndex]).toEqual([9, 9, 10]);
    host.durable();
    expect([host.core.appliedIndex, host.core.durableIndex, host.core.conf]).toEqual([
      9,
      9,
      confOf([1, 2, 3, 4]),
    ]);
    expect(repliesOf(host.receive(appendOf(3, 9, 2, [3])))).toMatchObject([{ index: 10 }]);
  });

  it("that its log has already learns only that it is committed", () => {
    const host = new FakeHost({ terms: [1, 1, 2] });
    host.core.step(snapshotAt(3, 1));
    const { append, committed } = host.take();
    expect([append?.snapshot, committed.map(({ index }) => index)]).toEqual([undefined, [2, 3]]);
    expect([host.core.commitIndex, host.core.lastIndex]).toEqual([3, 4]);
    expect(repliesOf(host.settle())).toMatchObject([{ index: 3 }]);
  });

  it("does not take a change of members for news that it had still to apply and that is older", () => {
    const data = encodeConfChange(change([["add-learner", 5]]));
    const entry = { ...entryOf(2, 1), type: EntryType.ConfChange, data };
    const host = new FakeHost({ entries: [entry], commit: 2 });
    host.flush();
    expect(host.toApply.map(({ index }) => index)).toEqual([2]);
    host.core.step(snapshotAt(9, 2));
    expect(host.core.applyConfChange(entry)).toEqual(confOf([1, 2, 3, 4]));
    host.flush();
    host.durable();
    expect(host.core.applyConfChange(entry)).toEqual(confOf([1, 2, 3, 4]));
  });

  it("whose entry there has another term drops its log", () => {
    const host = new FakeHost({ terms: [1, 1, 1] });
    host.core.step(snapshotAt(3, 2));
    expect(host.take().append?.keepsSuffix).toBe(false);
    host.durable();
    expect([host.core.lastIndex, host.core.termAt(3), host.log.lastIndex]).toEqual([3, 2, 3]);
  });

  it.each([1, 2, 3])(
    "at %i, not beyond its commit index, refuses it and says what it has",
    (index) => {
      const host = new FakeHost({ terms: [1, 1, 1], commit: 3 });
      expect(repliesOf(host.receive(snapshotAt(index, 1)))).toMatchObject([
        { index: 3, reject: false },
      ]);
      expect([host.core.commitIndex, host.core.lastIndex, host.log.compactedIndex]).toEqual([
        3, 4, 1,
      ]);
    },
  );

  it("while another one is on its way to the disk takes only a newer one", () => {
    const host = new FakeHost();
    host.core.step(snapshotAt(9, 2));
    host.flush();
    host.core.step(snapshotAt(9, 2));
    host.core.step(snapshotAt(7, 2));
    expect(host.take().append?.snapshot).toBeUndefined();
    host.core.step(snapshotAt(12, 2));
    expect(host.take().append?.snapshot?.index).toBe(12);
    host.durable();
    host.durable();
    expect([host.core.appliedIndex, host.core.durableIndex]).toEqual([9, 9]);
    host.durable();
    expect([host.core.appliedIndex, host.core.durableIndex, host.core.lastIndex]).toEqual([
      12, 12, 12,
    ]);
  });

  it("does not campaign before it is durable", () => {
    const host = new FakeHost();
    host.core.step(snapshotAt(9, 2));
    host.flush();
    host.core.campaign();
    expect(host.core.role).toBe("follower");
    host.settle();
    host.core.campaign();
    expect(host.core.role).toBe("pre-candidate");
  });

  it("does not take old entries on their way to the disk for part of it", () => {
    const host = new FakeHost();
    host.core.step(appendOf(2, 1, 1, [2, 2, 2, 2, 2], { from: r(3) }));
    host.flush();
    host.core.step(snapshotAt(4, 3));
    host.flush();
    host.durable();
    expect(host.core.durableIndex).toBe(1);
    host.durable();
    expect(host.core.durableIndex).toBe(4);
  });

  it("forgets what it was about to apply below it", () => {
    const host = new FakeHost({ terms: [1, 1, 1] });
    host.core.step(appendOf(1, 4, 1, [], { commit: 3 }));
    expect(host.take().committed.length).toBe(2);
    host.core.step(snapshotAt(9, 2));
    host.settle();
    host.receive(appendOf(3, 9, 2, [3], { commit: 10 }));
    expect(host.applied.map(({ index }) => index)).toEqual([10]);
  });

  it("without contents ignores the message", () => {
    const host = new FakeHost();
    host.receive(message({ type: T.Heartbeat, term: 3 }));
    expect(host.receive(snapshotAt(9, 2, { snapshot: undefined }))).toEqual([]);
  });

  it("is a replica that waits to be added: it learns its members and takes part", () => {
    const host = new FakeHost({
      self: 4,
      conf: confOf([]),
      base: { index: 0, term: 0 },
      applied: 0,
      term: 0,
    });
    host.core.tick(100);
    expect([host.core.role, host.core.hasReady()]).toEqual(["follower", false]);
    const to = r(4);
    expect(repliesOf(host.receive(appendOf(3, 5, 3, [], { to })))).toMatchObject([
      { reject: true, hint: 0, context: 0 },
    ]);
    host.receive(snapshotAt(5, 3, { to }), appendOf(3, 5, 3, [3], { to, commit: 6 }));
    expect([host.core.appliedIndex, host.core.conf.voters.length]).toEqual([6, 4]);
  });
});

describe("a leader whose follower is behind its log", () => {
  const behind = (): FakeHost => {
    const host = readyLeaderOf({ terms: [1, 1, 1] });
    host.log.compact(4);
    host.core.propose(Buffer.from("a"));
    host.settle();
    host.core.reportUnreachable(r(2));
    host.receive(message({ type: T.Damage, term: 2, index: 1 }));
    return host;
  };

  it("asks for a snapshot once, and waits", () => {
    const host = behind();
    expect(host.snapshotRequests).toEqual([{ to: r(2), atLeast: 4 }]);
    expect(host.core.progress(r(2))).toMatchObject({
      state: "snapshot",
      pendingSnapshot: 4,
      next: 5,
    });
    host.receive(message({ type: T.HeartbeatReply, term: 2, hint: 1 }));
    host.core.propose(Buffer.from("b"));
    host.settle();
    expect(host.snapshotRequests.length).toBe(1);
  });

  it("goes on behind the snapshot when it was transferred", () => {
    const host = behind();
    host.core.reportSnapshot(r(2), true);
    host.settle();
    const [next] = host.receive(message({ type: T.HeartbeatReply, term: 2, hint: 4 }));
    expect(next).toMatchObject({ type: T.AppendEntries, index: 4, entries: [{ index: 5 }] });
  });

  it("asks again after a failure, not at once", () => {
    const host = behind();
    host.core.reportSnapshot(r(2), false);
    host.settle();
    expect(host.snapshotRequests.length).toBe(1);
    const beat = message({ type: T.HeartbeatReply, term: 2, hint: 1 });
    for (let count = 0; count < 3; count++) {
      host.receive(beat);
      const { next = 0 } = host.core.progress(r(2)) ?? {};
      const index = next - 1;
      host.receive(
        message({ type: T.AppendEntriesReply, term: 2, index, reject: true, hint: 1, context: 1 }),
      );
    }
    expect(host.snapshotRequests.length).toBe(2);
  });

  it("goes on by the follower's word alone, if that reaches its log", () => {
    const host = behind();
    host.receive(message({ type: T.AppendEntriesReply, term: 2, index: 3, hint: 3 }));
    expect(host.core.progress(r(2))?.state).toBe("snapshot");
    host.receive(message({ type: T.AppendEntriesReply, term: 2, index: 4, hint: 4 }));
    expect(host.core.progress(r(2))?.state).toBe("replicate");
    acknowledge(host, 2);
    expect(host.core.progress(r(2))?.match).toBe(6);
  });

  it("starts anew when the follower's node restarts", () => {
    const host = behind();
    host.core.peerRestarted(r(2));
    expect(host.core.progress(r(2))).toMatchObject({ state: "probe", pendingSnapshot: 0 });
  });

  it("makes none for a follower that is away", () => {
    const host = leaderOf({ terms: [1, 1, 1] });
    host.log.compact(4);
    acknowledge(host, 2);
    for (let count = 0; count < 30; count++) {
      host.core.tick();
      host.receive(message({ type: T.HeartbeatReply, term: 2, hint: 5, commit: 5 }));
    }
    host.core.reportUnreachable(r(3));
    expect(host.snapshotRequests).toEqual([]);
  });

  it("does nothing for reports about members that wait for no snapshot", () => {
    const host = readyLeaderOf();
    host.core.reportSnapshot(r(2), true);
    host.core.reportSnapshot(r(9), false);
    expect(host.core.progress(r(2))?.state).toBe("replicate");
  });
});
