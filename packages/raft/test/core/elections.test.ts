import { describe, expect, it } from "vitest";
import { MessageType, type RaftMessage } from "../../src/core/message.ts";
import { FakeGroup, leaderOf, readyLeaderOf } from "./fake-group.ts";
import { FakeHost } from "./fake-host.ts";
import { appendOf, change, confOf, message, r } from "./make.ts";

const T = MessageType;

/** Follower 1 of leader 2, heard of just now. */
function followerOf(term = 1): FakeHost {
  const host = new FakeHost({ term });
  host.receive(message({ type: T.Heartbeat, term }));
  return host;
}

function candidate(): FakeHost {
  const host = new FakeHost();
  host.core.campaign();
  host.settle();
  host.receive(message({ type: T.PreVoteReply, term: 2 }));
  return host;
}

function only(messages: readonly RaftMessage[]): RaftMessage | undefined {
  expect(messages.length).toBe(1);
  return messages[0];
}

describe("the request of a vote", () => {
  it.each([
    // The candidate's last term and index, against (2, 3) here.
    [1, 2, false],
    [1, 3, false],
    [1, 9, false],
    [2, 2, false],
    [2, 3, true],
    [2, 4, true],
    [3, 1, true],
    [3, 3, true],
    [3, 9, true],
  ])("with log (%i, %i) is granted: %s", (logTerm, index, isGranted) => {
    const host = new FakeHost({ terms: [1, 2] });
    const fields = { term: 4, logTerm, index };
    expect(only(host.receive(message({ type: T.PreVote, ...fields })))).toMatchObject({
      type: T.PreVoteReply,
      reject: !isGranted,
      term: isGranted ? 4 : 2,
    });
    expect(only(host.receive(message({ type: T.RequestVote, ...fields })))).toMatchObject({
      type: T.RequestVoteReply,
      reject: !isGranted,
      term: 4,
    });
    expect(host.core.votedFor).toBe(isGranted ? r(2) : 0);
  });

  it("is granted once for each term, to whoever is asked again", () => {
    const host = new FakeHost();
    const request = message({ type: T.RequestVote, term: 2, index: 1, logTerm: 1 });
    expect(only(host.receive(request))?.reject).toBe(false);
    expect(only(host.receive({ ...request, from: r(3) }))?.reject).toBe(true);
    expect(only(host.receive(request))?.reject).toBe(false);
  });

  it("is refused in a term whose leader is known", () => {
    const host = followerOf(2);
    const request = message({ type: T.RequestVote, term: 2, index: 9, logTerm: 2, from: r(3) });
    expect(only(host.receive(request))?.reject).toBe(true);
  });

  it("finds the vote of a term still given after a step back within the term", () => {
    const host = candidate();
    host.receive(message({ type: T.Heartbeat, term: 2, from: r(3) }));
    expect([host.core.role, host.core.votedFor]).toEqual(["follower", r(1)]);
    const request = message({ type: T.RequestVote, term: 2, index: 9, logTerm: 2 });
    expect(only(host.receive(request))?.reject).toBe(true);
  });

  it("survives a restart", () => {
    const host = new FakeHost({ term: 2, vote: 3 });
    const request = message({ type: T.RequestVote, term: 2, index: 1, logTerm: 1 });
    expect(only(host.receive(request))?.reject).toBe(true);
    expect(only(host.receive({ ...request, from: r(3) }))?.reject).toBe(false);
  });
});

describe("loyalty to a leader", () => {
  it("ignores requests of higher terms while the leader was heard of lately", () => {
    const host = followerOf();
    for (const type of [T.PreVote, T.RequestVote] as const) {
      const request = message({ type, term: 9, index: 9, logTerm: 9, from: r(3) });
      expect(host.core.step(request)).toBe("ignored:leader-is-alive");
    }
    expect([host.core.currentTerm, host.core.hasReady()]).toEqual([1, false]);
  });

  it("ends after the shortest election timeout, by forgetting the leader, or when that one is gone", () => {
    const request = message({ type: T.PreVote, term: 2, index: 1, logTerm: 1, from: r(3) });
    const silent = followerOf();
    silent.core.tick(9);
    expect(silent.core.step(request)).not.toBe("");
    silent.core.tick(1);
    expect(silent.core.step(request)).toBe("");
    const told = followerOf();
    told.core.forgetLeader();
    expect(told.core.step(request)).toBe("");
    const left = followerOf();
    left.core.step(message({ type: T.LeaderGone }));
    expect([left.core.leader, left.core.step(request)]).toEqual([0, ""]);
  });

  it("yields to a transfer", () => {
    const host = followerOf();
    const request = { term: 2, index: 1, logTerm: 1, from: r(3), context: 1 } as const;
    expect(host.core.step(message({ type: T.PreVote, ...request }))).not.toBe("");
    expect(only(host.receive(message({ type: T.RequestVote, ...request })))?.reject).toBe(false);
  });

  it("is a leader's to itself while a quorum answers", () => {
    const host = readyLeaderOf();
    const request = message({ type: T.RequestVote, term: 9, index: 9, logTerm: 9 });
    expect(host.core.step(request)).toBe("ignored:leader-is-alive");
    expect(host.core.role).toBe("leader");
  });
});

describe("PreVote", () => {
  it.each([
    ["granted", { term: 2, index: 1, logTerm: 1 }],
    ["refused for the log", { term: 2, index: 0, logTerm: 0 }],
    ["refused for the term", { term: 1, index: 9, logTerm: 9 }],
  ])("%s leaves no trace", (_, fields) => {
    const host = new FakeHost({ terms: [1], vote: 3, term: 1 });
    host.core.tick(3);
    const before = JSON.stringify(host.core.dump());
    host.core.step(message({ type: T.PreVote, ...fields }));
    const ready = host.take();
    expect([ready.append, ready.soft, ready.messages.length]).toEqual([undefined, undefined, 1]);
    expect(JSON.stringify(host.core.dump())).toBe(before);
  });

  it("of a lower term is answered with the own term, also by a candidate", () => {
    const host = candidate();
    expect(
      only(host.receive(message({ type: T.PreVote, term: 1, index: 9, logTerm: 9 }))),
    ).toMatchObject({
      type: T.PreVoteReply,
      reject: true,
      term: 2,
    });
  });

  it("that is refused with a higher term teaches that term", () => {
    const host = new FakeHost();
    host.core.campaign();
    host.settle();
    host.receive(message({ type: T.PreVoteReply, term: 7, reject: true }));
    expect([host.core.role, host.core.currentTerm]).toEqual(["follower", 7]);
  });

  it("is lost by the refusal of a quorum", () => {
    const host = new FakeHost();
    host.core.campaign();
    host.settle();
    host.receive(message({ type: T.PreVoteReply, term: 1, reject: true }));
    expect(host.core.role).toBe("pre-candidate");
    host.receive(message({ type: T.PreVoteReply, term: 1, reject: true, from: r(3) }));
    expect([host.core.role, host.core.currentTerm]).toEqual(["follower", 1]);
  });

  it("grants of another term do not count", () => {
    const host = new FakeHost();
    host.core.campaign();
    host.settle();
    host.receive(message({ type: T.PreVoteReply, term: 5 }));
    expect([host.core.role, host.core.currentTerm]).toEqual(["pre-candidate", 1]);
    host.receive(message({ type: T.RequestVoteReply, term: 1 }));
    expect(host.core.role).toBe("pre-candidate");
  });
});

describe("votes", () => {
  const five = { conf: confOf([1, 2, 3, 4, 5]) };

  it("are counted once for each voter, however often they arrive", () => {
    const host = new FakeHost(five);
    host.core.campaign();
    host.settle();
    const grant = message({ type: T.PreVoteReply, term: 2 });
    host.receive(grant, grant, grant);
    expect(host.core.role).toBe("pre-candidate");
    host.receive({ ...grant, from: r(3) });
    const vote = message({ type: T.RequestVoteReply, term: 2 });
    host.receive(vote, vote, vote);
    expect(host.core.role).toBe("candidate");
    host.receive({ ...vote, from: r(4) });
    expect(host.core.role).toBe("leader");
  });

  it("of learners and strangers do not count", () => {
    const host = new FakeHost({ conf: confOf([1, 2, 3], [4]) });
    host.core.campaign();
    host.settle();
    for (const node of [4, 9])
      host.receive(message({ type: T.PreVoteReply, term: 2, from: r(node) }));
    expect(host.core.role).toBe("pre-candidate");
  });

  it("of a former term do not count, and votes that come too late change nothing", () => {
    const host = candidate();
    host.core.tick(20);
    host.settle();
    host.receive(message({ type: T.RequestVoteReply, term: 2 }));
    expect(host.core.role).not.toBe("leader");
    const leader = leaderOf();
    expect(leader.core.step(message({ type: T.RequestVoteReply, term: 2, from: r(3) }))).toBe("");
    expect(leader.core.hasReady()).toBe(false);
  });
});

describe("a replica that may not lead", () => {
  it.each([
    ["a learner", { conf: confOf([2, 3], [1]) }],
    ["a stranger", { conf: confOf([2, 3]) }],
    ["one without members", { conf: confOf([]) }],
    ["one with a hole", { terms: [1, 1], holes: [{ first: 2, last: 2 }] }],
    ["one with a promise", { terms: [1], promise: { term: 2, index: 9 } }],
    ["one that has not applied all it knows as committed", { terms: [1, 1], commit: 3 }],
  ])("does not campaign: %s", (_, options) => {
    const host = new FakeHost(options);
    host.core.campaign();
    host.core.tick(50);
    expect([host.core.role, host.core.currentTerm]).toEqual(["follower", 1]);
    expect(host.core.ready().messages).toEqual([]);
    host.receive(message({ type: T.Heartbeat }));
    host.receive(message({ type: T.TimeoutNow }));
    expect(host.core.role).toBe("follower");
  });

  it("does not campaign with a change of members that is committed and not applied", () => {
    const host = new FakeHost({ terms: [1, 1], commit: 3 });
    host.settle();
    host.core.campaign();
    expect(host.core.role).toBe("pre-candidate");
  });

  it("votes nevertheless, since it may be a voter without knowing it yet", () => {
    const host = new FakeHost({ conf: confOf([2, 3], [1]) });
    const request = message({ type: T.RequestVote, term: 2, index: 1, logTerm: 1 });
    expect(only(host.receive(request))?.reject).toBe(false);
  });
});

describe("messages of a term that is over", () => {
  it.each([
    [T.AppendEntries, T.AppendEntriesReply],
    [T.Heartbeat, T.AppendEntriesReply],
    [T.InstallSnapshot, T.AppendEntriesReply],
    [T.Hibernate, T.AppendEntriesReply],
    [T.PreVote, T.PreVoteReply],
    [T.RequestVote, T.RequestVoteReply],
  ])("of type %i are answered by %i with the newer term", (type, answer) => {
    const host = new FakeHost({ term: 5 });
    expect(host.core.step(message({ type, term: 4, index: 3 }))).toBe("ignored:old-term");
    expect(only(host.settle())).toMatchObject({ type: answer, term: 5, reject: true });
    expect([host.core.leader, host.core.currentTerm]).toEqual([0, 5]);
  });

  it.each([
    T.AppendEntriesReply,
    T.RequestVoteReply,
    T.HeartbeatReply,
    T.TimeoutNow,
    T.ReadIndex,
    T.ReadIndexReply,
    T.LeaderGone,
    T.Promise,
    T.Damage,
  ])("of type %i are not answered", (type) => {
    const host = new FakeHost({ term: 5 });
    expect(host.core.step(message({ type, term: 4 }))).toBe("ignored:old-term");
    expect(host.core.hasReady()).toBe(false);
  });

  it("a leader steps down when an answer has a higher term", () => {
    const host = readyLeaderOf();
    host.receive(message({ type: T.AppendEntriesReply, term: 8, reject: true }));
    expect([host.core.role, host.core.currentTerm, host.core.votedFor]).toEqual(["follower", 8, 0]);
  });

  it("a replica whose term ran ahead brings the leader to a new election", () => {
    const group = new FakeGroup(3, (node) => (node === 3 ? { term: 9 } : {}));
    group.isolate(3);
    group.elect(1);
    group.heal();
    group.tick(40);
    expect(group.leaders().length).toBe(1);
    expect(group.host(3).core.currentTerm).toBeGreaterThan(9);
    expect(group.host(3).core.leader).not.toBe(0);
  });
});

describe("leaders that lose contact", () => {
  it("step down when no quorum answers within an election timeout", () => {
    const host = readyLeaderOf();
    host.core.tick(10);
    host.settle();
    expect(host.core.role).toBe("leader");
    host.core.tick(10);
    expect([host.core.role, host.core.leader, host.core.currentTerm]).toEqual(["follower", 0, 2]);
    expect(host.settle().filter(({ type }) => type === T.LeaderGone).length).toBe(2);
  });

  it("stay while a quorum answers", () => {
    const host = readyLeaderOf();
    for (let count = 0; count < 100; count++) {
      host.core.tick();
      host.receive(message({ type: T.HeartbeatReply, term: 2, hint: 2, commit: 2 }));
    }
    expect(host.core.role).toBe("leader");
  });

  it("are replaced, and the rest of the group goes on", () => {
    const group = new FakeGroup(5);
    group.elect(1);
    group.isolate(1, 2);
    group.tick(60);
    const [leader] = group.leaders();
    expect([3, 4, 5]).toContain(leader);
    group.heal();
    group.tick(40);
    expect(group.leaders()).toEqual([leader]);
  });

  it("step down by order, and say so", () => {
    const host = readyLeaderOf();
    host.core.stepDown();
    expect(host.core.role).toBe("follower");
    expect(host.settle().map(({ type }) => type)).toEqual([T.LeaderGone, T.LeaderGone]);
    host.core.stepDown();
    expect(host.core.hasReady()).toBe(false);
  });
});

describe("campaigns", () => {
  it("of a leader change nothing", () => {
    const host = readyLeaderOf();
    host.core.campaign();
    host.core.forgetLeader();
    expect([host.core.role, host.core.hasReady()]).toEqual(["leader", false]);
  });

  it("start at different times on different replicas", () => {
    const timeouts = new Set<unknown>();
    for (let node = 1; node <= 40; node++) {
      const host = new FakeHost({ self: node, conf: confOf([node, 50]) });
      let ticks = 0;
      for (; host.core.role === "follower"; ticks++) host.core.tick();
      expect(ticks >= 10 && ticks < 20).toBe(true);
      timeouts.add(ticks);
    }
    expect(timeouts.size).toBeGreaterThan(5);
  });

  it("of many replicas at once end with one leader soon", () => {
    for (let seed = 0; seed < 30; seed++) {
      const group = new FakeGroup(7, (node) => ({ config: { seed: seed * 100 + node } }));
      group.tick(100);
      expect(group.leaders().length).toBe(1);
    }
  });

  it("keep a candidate a candidate until it has a quorum or a leader", () => {
    const host = candidate();
    host.receive(appendOf(2, 1, 1, [2], { from: r(3) }));
    expect([host.core.role, host.core.leader, host.core.lastIndex]).toEqual(["follower", r(3), 2]);
  });

  it("of a voter of the outgoing half need both majorities", () => {
    const conf = { ...confOf([4, 5, 6]), votersOutgoing: [r(1), r(2), r(3)] };
    const host = new FakeHost({ conf });
    host.core.campaign();
    host.settle();
    host.receive(message({ type: T.PreVoteReply, term: 2, from: r(2) }));
    expect(host.core.role).toBe("pre-candidate");
    host.receive(message({ type: T.PreVoteReply, term: 2, from: r(4) }));
    host.receive(message({ type: T.PreVoteReply, term: 2, from: r(5) }));
    expect(host.core.role).toBe("candidate");
  });

  it("is not started by a change of members that is in the log only", () => {
    const host = readyLeaderOf();
    host.core.proposeConfChange(change([["remove", 3]]));
    expect(host.core.conf).toEqual(confOf([1, 2, 3]));
  });
});

describe("what is committed", () => {
  it("goes along with each request and each answer, as proof of its index and term", () => {
    const host = new FakeHost({ terms: [1, 2], commit: 2 });
    for (const type of [T.PreVote, T.RequestVote] as const) {
      const proof = { commit: 2, logTerm: 1 };
      const better = message({ type, term: 3, index: 9, logTerm: 2 });
      expect(only(host.receive(better))).toMatchObject({ reject: false, ...proof });
      const worse = message({ type, term: 3, index: 2, logTerm: 1, from: r(3) });
      expect(only(host.receive(worse))).toMatchObject({ reject: true, ...proof });
    }
    host.core.campaign();
    const [request] = host.settle();
    expect(request).toMatchObject({ type: T.PreVote, index: 3, logTerm: 2, commit: 2, hint: 1 });
  });

  it.each([
    ["of the term here is believed", 2, 3],
    ["of another term is not", 1, 1],
    ["of no term is not", 0, 1],
  ])("%s, whoever tells it", (_name, term, commit) => {
    for (const type of [T.PreVote, T.RequestVote] as const) {
      const host = new FakeHost({ terms: [1, 2], commit: 1 });
      host.receive(message({ type, term: 3, index: 9, logTerm: 2, commit: 3, hint: term }));
      expect(host.core.commitIndex).toBe(commit);
    }
    for (const reject of [false, true]) {
      const host = new FakeHost({ terms: [1, 2], commit: 1 });
      host.core.campaign();
      host.settle();
      host.receive(
        message({ type: T.PreVoteReply, term: reject ? 2 : 3, reject, commit: 3, logTerm: term }),
      );
      expect(host.core.commitIndex).toBe(commit);
    }
  });

  it("beyond the log here is not believed", () => {
    const host = new FakeHost({ terms: [1, 2], commit: 1 });
    host.receive(message({ type: T.PreVote, term: 3, index: 9, logTerm: 2, commit: 4, hint: 2 }));
    expect(host.core.commitIndex).toBe(1);
  });
});
