import { describe, expect, it } from "vitest";
import { encodeConfChange } from "../../src/core/conf-change-codec.ts";
import { EntryType } from "../../src/core/entry.ts";
import { MessageType } from "../../src/core/message.ts";
import { acknowledge, FakeGroup, leaderOf, readyLeaderOf } from "./fake-group.ts";
import { FakeHost } from "./fake-host.ts";
import { appendOf, change, confOf, entryOf, message, NO_BYTES, r } from "./make.ts";

const T = MessageType;
const OF_THREE = { conf: confOf([1, 2, 3]) };

describe("a change of members", () => {
  it("takes effect when it is applied", () => {
    const host = readyLeaderOf();
    expect(host.core.proposeConfChange(change([["add-learner", 4]]))).toEqual({
      ok: true,
      index: 3,
      term: 2,
    });
    host.settle();
    expect(host.core.progress(r(4))).toBeUndefined();
    const sent = acknowledge(host, 2);
    expect(host.core.conf).toEqual(confOf([1, 2, 3], [4]));
    expect(sent.filter(({ to }) => to === r(4))).toMatchObject([{ type: T.AppendEntries }]);
  });

  it("is refused before an entry of the leader's term is committed", () => {
    const host = leaderOf();
    expect(host.core.proposeConfChange(change([["remove", 3]]))).toMatchObject({
      ok: false,
      why: "not-ready",
    });
  });

  it("is refused while another one is not applied, also one that a former leader left behind", () => {
    const host = readyLeaderOf();
    host.core.proposeConfChange(change([["remove", 3]]));
    expect(host.core.proposeConfChange(change([["remove", 2]]))).toMatchObject({
      why: "pending-conf",
    });
    host.settle();
    acknowledge(host, 2);
    expect(host.core.proposeConfChange(change([["add-learner", 4]])).ok).toBe(true);
    const next = leaderOf({ terms: [1, 1], commit: 1 });
    for (const node of [2, 3]) {
      next.core.step(
        message({ type: T.AppendEntriesReply, term: 2, index: 4, hint: 4, from: r(node) }),
      );
    }
    next.flush();
    expect(next.core.proposeConfChange(change([["remove", 3]]))).toMatchObject({
      why: "pending-conf",
    });
  });

  it("that makes no sense is refused, and does nothing where it is applied nevertheless", () => {
    const host = readyLeaderOf();
    expect(host.core.proposeConfChange(change([]))).toMatchObject({ why: "invalid" });
    const conf = host.core.conf;
    const type = EntryType.ConfChange;
    expect(host.core.applyConfChange({ ...entryOf(3, 2, "?"), type })).toBe(conf);
    expect(
      host.core.applyConfChange({ ...entryOf(3, 2), type, data: encodeConfChange(change([])) }),
    ).toBe(conf);
  });

  it("that cannot be encoded is refused, and the group goes on", () => {
    const host = readyLeaderOf();
    const large = { ...change([["remove", 3]]), context: new Uint8Array(64 * 1024 + 1) };
    expect(host.core.proposeConfChange(large)).toMatchObject({ ok: false, why: "invalid" });
    const long = change(Array.from({ length: 129 }, () => ["remove", 3] as const));
    expect(host.core.proposeConfChange(long)).toMatchObject({ ok: false, why: "invalid" });
    const stranger = {
      ...change([]),
      steps: [{ kind: "remove", replica: 2 ** 32 + r(3) }],
    } as const;
    expect(host.core.proposeConfChange(stranger)).toMatchObject({ ok: false, why: "invalid" });
    expect(host.core.proposeConfChange(change([["remove", 3]])).ok).toBe(true);
  });

  it("is settled when an entry is committed that was appended after it was applied", () => {
    const host = readyLeaderOf();
    expect(host.core.isConfSettled).toBe(true);
    host.core.proposeConfChange(change([["remove", 3]]));
    host.core.propose(NO_BYTES);
    host.settle();
    acknowledge(host, 2);
    expect([host.core.conf, host.core.isConfSettled]).toEqual([confOf([1, 2]), false]);
    host.core.settleConf();
    host.core.settleConf();
    host.settle();
    expect([host.core.lastIndex, host.core.isConfSettled]).toEqual([5, false]);
    acknowledge(host, 2);
    expect(host.core.isConfSettled).toBe(true);
    host.core.settleConf();
    expect(host.core.lastIndex).toBe(5);
  });

  it("is refused by who does not lead", () => {
    expect(new FakeHost().core.proposeConfChange(change([["remove", 2]]))).toMatchObject({
      why: "not-leader",
    });
  });

  it("of several voters goes through both majorities, and is ended by the leader itself", () => {
    const group = new FakeGroup(5, () => OF_THREE);
    group.elect(1);
    const steps = change([
      ["add-voter", 4],
      ["add-voter", 5],
      ["remove", 2],
      ["remove", 3],
    ]);
    expect(group.host(1).core.proposeConfChange(steps).ok).toBe(true);
    group.settle();
    group.tick(4);
    expect(group.host(1).core.conf).toEqual(confOf([1, 4, 5]));
    group.propose(1, "a");
    group.settle();
    for (const node of [1, 4, 5]) expect(group.host(node).commands).toEqual(["a"]);
  });

  it("made explicitly joint is ended by order", () => {
    const group = new FakeGroup(4, () => OF_THREE);
    group.elect(1);
    const leader = group.host(1).core;
    leader.proposeConfChange(change([["add-voter", 4]], "joint-explicit"));
    group.settle();
    group.tick(4);
    expect(leader.conf).toEqual({ ...confOf([1, 2, 3, 4]), votersOutgoing: OF_THREE.conf.voters });
    leader.proposeConfChange(change([]));
    group.settle();
    expect(leader.conf).toEqual(confOf([1, 2, 3, 4]));
  });

  it("left joint by a leader that died is ended by the next one", () => {
    const joint = { ...confOf([1, 2, 4]), votersOutgoing: OF_THREE.conf.voters, autoLeave: true };
    const group = new FakeGroup(4, () => ({ conf: joint }));
    group.elect(2);
    group.tick(4);
    expect(group.host(2).core.conf).toEqual(confOf([1, 2, 4]));
  });

  it("that removes the leader makes it step down, and it campaigns no more", () => {
    const group = new FakeGroup(3);
    group.elect(1);
    group.host(1).core.proposeConfChange(change([["remove", 1]]));
    group.settle();
    expect([group.host(1).core.role, group.host(1).core.conf]).toEqual([
      "follower",
      confOf([2, 3]),
    ]);
    group.tick(60);
    const [leader] = group.leaders();
    expect([2, 3]).toContain(leader);
    expect(group.host(1).core.role).toBe("follower");
  });

  it("that removes a voter may commit what waited for it", () => {
    const host = readyLeaderOf({ conf: confOf([1, 2]) });
    host.core.proposeConfChange(change([["remove", 2]]));
    host.core.propose(NO_BYTES);
    host.settle();
    host.receive(message({ type: T.AppendEntriesReply, term: 2, index: 3, hint: 3 }));
    expect([host.core.conf, host.core.commitIndex]).toEqual([confOf([1]), 4]);
  });

  it("that removes the target of a transfer ends the transfer", () => {
    const host = readyLeaderOf();
    host.core.proposeConfChange(change([["remove", 3]]));
    host.core.transferLeader(r(3));
    host.settle();
    acknowledge(host, 2);
    expect([host.core.transferee, host.events]).toEqual([
      0,
      [{ kind: "transfer-aborted", to: r(3) }],
    ]);
  });
});

describe("learners", () => {
  it("get the log and count for nothing", () => {
    const host = readyLeaderOf({ conf: confOf([1, 2], [3]) });
    host.core.propose(NO_BYTES);
    expect(host.settle().map(({ to }) => to)).toEqual([r(2), r(3)]);
    acknowledge(host, 3);
    expect(host.core.commitIndex).toBe(2);
    acknowledge(host, 2);
    expect(host.core.commitIndex).toBe(3);
  });

  it("forget a leader that they do not hear of, and do not campaign", () => {
    const host = new FakeHost({ conf: confOf([2, 3], [1]) });
    host.receive(appendOf(1, 1, 1));
    host.core.tick(25);
    expect([host.core.role, host.core.leader]).toEqual(["follower", 0]);
  });
});

describe("members that left", () => {
  it("do not disturb those that stayed", () => {
    const group = new FakeGroup(3);
    group.elect(1);
    group.isLost = ({ to }) => to === r(3);
    group.host(1).core.proposeConfChange(change([["remove", 3]]));
    group.settle();
    const term = group.host(1).core.currentTerm;
    for (let count = 0; count < 10; count++) group.tick(10);
    expect([group.leaders(), group.host(1).core.currentTerm]).toEqual([[1], term]);
  });
});
