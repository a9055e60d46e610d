import { describe, expect, it } from "vitest";
import { MessageType, type RaftMessage } from "../../src/core/message.ts";
import { acknowledge, FakeGroup, leaderOf, readyLeaderOf } from "./fake-group.ts";
import { FakeHost, type HostOptions } from "./fake-host.ts";
import { appendOf, change, confOf, message, NO_BYTES, r } from "./make.ts";

const T = MessageType;

function sleepMessage(rest: Partial<RaftMessage> = {}): RaftMessage {
  return message({ type: T.Hibernate, index: 2, logTerm: 1, commit: 2, ...rest });
}

function asleep(options: HostOptions = {}): FakeHost {
  const host = new FakeHost({ terms: [1], ...options });
  host.receive(sleepMessage());
  return host;
}

const kindsOf = (host: FakeHost): string[] => host.events.map(({ kind }) => kind);

describe("a leader", () => {
  it("may sleep when everyone alive has everything, and tells all", () => {
    const host = readyLeaderOf();
    expect(host.core.canHibernate()).toBe(true);
    host.core.hibernate();
    expect(host.settle()).toMatchObject([
      { type: T.Hibernate, to: r(2), index: 2, logTerm: 2, commit: 2 },
      { type: T.Hibernate, to: r(3) },
    ]);
    host.core.tick(1_000);
    expect([host.core.isHibernating, host.core.role, host.core.hasReady()]).toEqual([
      true,
      "leader",
      false,
    ]);
    expect([host.core.canHibernate(), kindsOf(host)]).toEqual([false, ["hibernated"]]);
    host.core.hibernate();
    expect(host.core.hasReady()).toBe(false);
  });

  it.each<[string, (host: FakeHost) => void]>([
    ["an entry is not committed", (host) => host.core.propose(NO_BYTES)],
    [
      "a follower lacks something",
      (host) => {
        host.core.propose(NO_BYTES);
        host.settle();
        acknowledge(host, 2);
      },
    ],
    ["a read waits", (host) => host.core.readIndex(1)],
    ["a transfer goes on", (host) => host.core.transferLeader(r(2))],
    [
      "a change of members is under way",
      (host) => host.core.proposeConfChange(change([["remove", 3]])),
    ],
    [
      "no quorum of nodes is alive",
      (host) => {
        host.dead.add(r(2));
        host.dead.add(r(3));
      },
    ],
  ])("may not while %s", (_, prepare) => {
    const host = readyLeaderOf();
    prepare(host);
    host.core.hibernate();
    expect([host.core.canHibernate(), host.core.isHibernating]).toEqual([false, false]);
  });

  it("may not before it is ready, when joint, or when it does not lead", () => {
    expect(leaderOf().core.canHibernate()).toBe(false);
    expect(new FakeHost().core.canHibernate()).toBe(false);
    const conf = { ...confOf([1, 2, 3]), votersOutgoing: [r(1), r(2), r(3)] };
    expect(readyLeaderOf({ conf }).core.canHibernate()).toBe(false);
  });

  it("may while a member whose node is dead lacks something", () => {
    const host = readyLeaderOf();
    host.core.propose(NO_BYTES);
    host.settle();
    acknowledge(host, 2);
    host.dead.add(r(3));
    expect(host.core.canHibernate()).toBe(true);
  });

  it.each<[string, (host: FakeHost) => unknown]>([
    ["a proposal", (host) => host.core.propose(NO_BYTES)],
    ["a change of members", (host) => host.core.proposeConfChange(change([["remove", 3]]))],
    ["a read", (host) => host.core.readIndex(1)],
    ["a transfer", (host) => host.core.transferLeader(r(2))],
    ["a message", (host) => host.core.step(message({ type: T.ReadIndex, term: 2 }))],
    [
      "a refusal",
      (host) =>
        host.core.step(
          message({ type: T.AppendEntriesReply, term: 2, reject: true, hint: 1, context: 1 }),
        ),
    ],
    ["the host", (host) => host.core.wake()],
    ["the order to step down", (host) => host.core.stepDown()],
  ])("is woken by %s", (_, act) => {
    const host = readyLeaderOf();
    host.core.hibernate();
    host.settle();
    act(host);
    expect(host.core.isHibernating).toBe(false);
    host.core.wake();
    host.settle();
    expect(kindsOf(host)).toEqual(["hibernated", "woke"]);
  });

  it("sends heartbeats at its first tick after waking, and counts only living nodes as heard of", () => {
    const host = readyLeaderOf();
    host.core.hibernate();
    host.settle();
    host.dead.add(r(2));
    host.dead.add(r(3));
    host.core.wake();
    host.core.tick();
    expect(host.settle().map(({ type }) => type)).toEqual([T.Heartbeat, T.Heartbeat]);
    host.core.tick(9);
    expect(host.core.role).toBe("follower");
  });

  it("is not woken by answers that were under way and tell nothing new", () => {
    const host = readyLeaderOf();
    host.core.hibernate();
    host.settle();
    const late = { term: 2, hint: 2, index: 2, commit: 2 };
    for (const type of [T.HeartbeatReply, T.AppendEntriesReply] as const) {
      expect(host.core.step(message({ type, ...late }))).toBe("ignored:late-reply");
    }
    expect(host.core.isHibernating).toBe(true);
    host.core.step(message({ type: T.HeartbeatReply, ...late, hint: 1 }));
    expect(host.core.isHibernating).toBe(false);
  });
});

describe("a follower", () => {
  it("sleeps with its leader, and does not tick", () => {
    const host = asleep();
    expect([host.core.isHibernating, host.core.commitIndex, kindsOf(host)]).toEqual([
      true,
      2,
      ["hibernated"],
    ]);
    host.core.tick(1_000);
    expect([host.core.role, host.core.leader, host.core.hasReady()]).toEqual([
      "follower",
      r(2),
      false,
    ]);
  });

  it.each([
    ["its log is shorter", { index: 3 }],
    ["its log is longer", { index: 1 }],
    ["its last entry is another", { logTerm: 9 }],
  ])("answers instead when %s", (_, rest) => {
    const host = new FakeHost({ terms: [1] });
    expect(host.receive(sleepMessage(rest))).toMatchObject([
      {
        type: T.AppendEntriesReply,
        reject: true,
        index: sleepMessage(rest).index,
        hint: 2,
        context: 2,
      },
    ]);
    expect(host.core.isHibernating).toBe(false);
  });

  it("answers instead when it has a hole", () => {
    const host = new FakeHost({ terms: [1, 1], holes: [{ first: 2, last: 2 }] });
    host.receive(sleepMessage({ index: 3 }));
    expect(host.core.isHibernating).toBe(false);
  });

  it("wakes for any message, and waits a whole timeout then", () => {
    const host = asleep();
    host.core.step(message({ type: T.Heartbeat }));
    expect(host.core.isHibernating).toBe(false);
    host.core.tick(9);
    expect(host.core.role).toBe("follower");
    host.core.tick(11);
    expect(host.core.role).toBe("pre-candidate");
  });

  it("answers a notice that its Hibernate overtook, and sleeps on", () => {
    const host = asleep();
    const notice = appendOf(1, 2, 1, [], { commit: 2 });
    expect(host.receive(notice)).toMatchObject([{ type: T.AppendEntriesReply, index: 2 }]);
    expect(host.core.isHibernating).toBe(true);
    host.receive(appendOf(1, 2, 1, [1]));
    expect(host.core.isHibernating).toBe(false);
  });

  it("is loyal to a sleeping leader as long as that one's node lives", () => {
    const request = message({ type: T.PreVote, term: 2, index: 2, logTerm: 1, from: r(3) });
    const loyal = asleep();
    expect(loyal.core.step(request)).toBe("ignored:leader-is-alive");
    const orphan = asleep();
    orphan.dead.add(r(2));
    expect(orphan.receive(request)).toMatchObject([{ type: T.PreVoteReply, reject: false }]);
  });

  it("told to sleep by another leader tells that it was awake in between", () => {
    const host = asleep();
    host.receive(sleepMessage({ term: 2, from: r(3), index: 9 }));
    expect([host.core.isHibernating, kindsOf(host)]).toEqual([false, ["hibernated", "woke"]]);
  });

  it("is woken by the loss of its leader's node and elects another one", () => {
    const group = new FakeGroup(3);
    group.elect(1);
    group.tick(3);
    group.host(1).core.hibernate();
    group.settle();
    expect([1, 2, 3].every((node) => group.host(node).core.isHibernating)).toBe(true);
    group.isolate(1);
    for (const node of [2, 3]) {
      group.host(node).dead.add(r(1));
      group.host(node).core.forgetLeader();
    }
    group.host(2).core.campaign();
    group.settle();
    expect(group.leaders()).toContain(2);
  });
});
