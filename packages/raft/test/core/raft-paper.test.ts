/**
 * What "In Search of an Understandable Consensus Algorithm" (extended version, Ongaro and Ousterhout 2014) says, sentence by
 * sentence in the words of this project; each name begins with the section.
 */
import { describe, expect, it } from "vitest";
import { MessageType, type RaftMessage } from "../../src/core/message.ts";
import { acknowledge, FakeGroup, leaderOf, readyLeaderOf } from "./fake-group.ts";
import { FakeHost } from "./fake-host.ts";
import { appendOf, confOf, message, NO_BYTES, r } from "./make.ts";

const T = MessageType;
const votersOf = (count: number): number[] => Array.from({ length: count }, (_, at) => at + 1);
const ofType = (messages: readonly RaftMessage[], type: MessageType): RaftMessage[] =>
  messages.filter((one) => one.type === type);

/** Candidate 1 in term 2, whose request has left. */
function candidateOf(size: number): FakeHost {
  const host = new FakeHost({ conf: confOf(votersOf(size)) });
  host.core.campaign();
  host.settle();
  for (let node = 2; host.core.role === "pre-candidate"; node++) {
    host.receive(message({ type: T.PreVoteReply, term: 2, from: r(node) }));
  }
  return host;
}

describe("5.1 terms", () => {
  it.each([
    ["follower", () => new FakeHost()],
    ["candidate", () => candidateOf(3)],
    ["leader", () => readyLeaderOf()],
  ])("5.1: a %s that sees a higher term takes it over and becomes a follower", (_, make) => {
    const host = make();
    host.receive(appendOf(5, 1, 1));
    expect([host.core.role, host.core.currentTerm, host.core.leader]).toEqual([
      "follower",
      5,
      r(2),
    ]);
  });

  it("5.1: a request with a term that is over is refused", () => {
    const host = new FakeHost({ term: 3 });
    host.receive(appendOf(2, 1, 1, [2]));
    expect([host.core.lastIndex, host.core.leader]).toEqual([1, 0]);
  });
});

describe("5.2 leader election", () => {
  it("5.2: a replica starts as a follower", () => {
    expect(new FakeHost().core.role).toBe("follower");
  });

  it("5.2: a leader sends heartbeats to all followers at its interval, to keep its authority", () => {
    const host = readyLeaderOf();
    host.core.tick();
    expect(host.settle()).toEqual([]);
    host.core.tick();
    expect(ofType(host.settle(), T.Heartbeat).map(({ to, term }) => [to, term])).toEqual([
      [r(2), 2],
      [r(3), 2],
    ]);
  });

  it("5.2: a follower that hears of no leader for an election timeout starts an election", () => {
    const host = new FakeHost();
    host.core.tick(20);
    expect(host.core.role).toBe("pre-candidate");
    host.settle();
    const sent = host.receive(message({ type: T.PreVoteReply, term: 2 }));
    expect([host.core.role, host.core.currentTerm, host.core.votedFor]).toEqual([
      "candidate",
      2,
      r(1),
    ]);
    expect(ofType(sent, T.RequestVote).map(({ to }) => to)).toEqual([r(2), r(3)]);
  });

  it("5.2: a candidate that has neither won nor lost within an election timeout starts another one", () => {
    const host = candidateOf(3);
    host.core.tick(20);
    host.settle();
    host.receive(message({ type: T.PreVoteReply, term: 3 }));
    expect([host.core.role, host.core.currentTerm]).toEqual(["candidate", 3]);
  });

  it.each([
    // size, granted by others, refused by others, what it is then
    [1, 0, 0, "leader"],
    [3, 2, 0, "leader"],
    [3, 1, 0, "leader"],
    [5, 4, 0, "leader"],
    [5, 2, 0, "leader"],
    [3, 0, 2, "follower"],
    [5, 0, 4, "follower"],
    [5, 1, 3, "follower"],
    [3, 0, 0, "candidate"],
    [5, 1, 0, "candidate"],
    [5, 0, 2, "candidate"],
  ])(
    "5.2: a candidate wins by the votes of a majority (%i voters, %i for, %i against: %s)",
    (size, granted, refused, role) => {
      const host = candidateOf(size);
      for (let at = 0; at < granted + refused; at++) {
        const from = r(at + 2);
        host.receive(message({ type: T.RequestVoteReply, term: 2, from, reject: at >= granted }));
      }
      expect(host.core.role).toBe(role);
    },
  );

  it.each([
    [0, 2, true],
    [0, 3, true],
    [2, 2, true],
    [3, 3, true],
    [2, 3, false],
    [3, 2, false],
  ])(
    "5.2: a replica votes for one candidate in a term, the first that asks (voted %i, asked by %i: %s)",
    (vote, from, isGranted) => {
      const host = new FakeHost({ vote: vote === 0 ? 9 : vote, term: vote === 0 ? 1 : 2 });
      const [reply] = host.receive(
        message({ type: T.RequestVote, term: 2, index: 1, logTerm: 1, from: r(from) }),
      );
      expect(reply?.reject).toBe(!isGranted);
    },
  );

  it.each([2, 3])(
    "5.2: a candidate that hears of a leader of term %i, at least its own, follows it",
    (term) => {
      const host = candidateOf(3);
      host.receive(appendOf(term, 1, 1, [], { from: r(3) }));
      expect([host.core.role, host.core.leader, host.core.currentTerm]).toEqual([
        "follower",
        r(3),
        term,
      ]);
    },
  );

  it.each(["follower", "candidate"] as const)(
    "5.2: election timeouts of a %s are random, from a fixed interval",
    (role) => {
      const seen = new Set<number>();
      for (let seed = 0; seed < 400; seed++) {
        const host = new FakeHost({ config: { seed } });
        if (role === "candidate") {
          host.core.campaign();
          host.settle();
        }
        const term = host.core.currentTerm;
        let ticks = 0;
        const hasStarted = (): boolean => ofType(host.flush(), T.PreVote).length > 0;
        do {
          host.core.tick();
          ticks++;
        } while (!hasStarted());
        expect(host.core.currentTerm).toBe(term);
        seen.add(ticks);
      }
      expect([...seen].sort((left, right) => left - right)).toEqual([
        10, 11, 12, 13, 14, 15, 16, 17, 18, 19,
      ]);
    },
  );

  it.each(["followers", "candidates"])(
    "5.2: so in most cases only one of several %s times out first",
    () => {
      let conflicts = 0;
      for (let round = 0; round < 1_000; round++) {
        const hosts = votersOf(5).map(
          (self) =>
            new FakeHost({ self, conf: confOf(votersOf(5)), config: { seed: round * 5 + self } }),
        );
        let started = 0;
        while (started === 0) {
          for (const { core } of hosts) core.tick();
          started = hosts.filter(({ core }) => core.role === "pre-candidate").length;
        }
        if (started > 1) conflicts++;
      }
      expect(conflicts / 1_000).toBeLessThan(0.4);
    },
  );
});

describe("5.3 log replication", () => {
  it("5.3: a leader appends what is proposed to its log and sends it to all followers", () => {
    const host = readyLeaderOf();
    host.core.propose(Buffer.from("some data"));
    const sent = host.take();
    expect(sent.append?.entries).toMatchObject([{ index: 3, term: 2 }]);
    expect(sent.messages).toMatchObject([
      { type: T.AppendEntries, to: r(2), index: 2, logTerm: 2, commit: 2, entries: [{ index: 3 }] },
      { type: T.AppendEntries, to: r(3), index: 2, logTerm: 2 },
    ]);
    expect(host.core.commitIndex).toBe(2);
  });

  it.each([
    [1, [], true],
    [3, [], false],
    [3, [2], true],
    [3, [2, 3], true],
    [5, [2], false],
    [5, [2, 3], true],
    [5, [2, 3, 4, 5], true],
  ])(
    "5.3: an entry of %i replicas acknowledged by %j is committed: %s",
    (size, acks, isCommitted) => {
      const host = readyLeaderOf({ conf: confOf(votersOf(Math.min(size, 3))) });
      const leader = size === 5 ? fiveOf() : host;
      leader.core.propose(NO_BYTES);
      leader.settle();
      const index = leader.core.lastIndex;
      acknowledge(leader, ...acks);
      expect(leader.core.commitIndex >= index).toBe(isCommitted);
    },
  );

  it("5.3: the leader tells the highest index that it knows to be committed, and followers apply up to it in order", () => {
    const host = readyLeaderOf();
    for (const text of ["a", "b"]) host.core.propose(Buffer.from(text));
    host.settle();
    const told = ofType(acknowledge(host, 2), T.AppendEntries);
    expect(told.map(({ to, commit }) => [to, commit])).toEqual([
      [r(2), 4],
      [r(3), 4],
    ]);
    const follower = new FakeHost();
    follower.receive(appendOf(1, 1, 1, [1, 1, 1, 1], { commit: 3 }));
    expect(follower.commands).toEqual(["2.1", "3.1"]);
    follower.receive(appendOf(1, 5, 1, [], { commit: 5 }));
    expect(follower.commands).toEqual(["2.1", "3.1", "4.1", "5.1"]);
  });

  it.each([[[]], [[2]], [[1, 2]], [[1]]])(
    "5.3: with an entry all before it are committed, those of former leaders too (%j)",
    (terms) => {
      const host = leaderOf({ terms, term: 2 });
      acknowledge(host, 2);
      expect(host.commands.length).toBe(terms.length);
      expect(host.core.commitIndex).toBe(host.core.lastIndex);
    },
  );

  it.each([
    // Against a log 1 .. 3 of terms 1, 1, 2: where the leader's entries are to follow, and whether they do.
    [1, 1, true],
    [2, 1, true],
    [3, 2, true],
    [2, 2, false],
    [3, 1, false],
    [4, 2, false],
  ])(
    "5.3: a follower without the entry (%i, %i) before the new ones refuses them: %s",
    (index, logTerm, isTaken) => {
      const host = new FakeHost({ terms: [1, 2] });
      const [reply] = host.receive(appendOf(3, index, logTerm));
      expect([reply?.type, reply?.reject]).toEqual([T.AppendEntriesReply, !isTaken]);
    },
  );

  it.each<[number, number, number[], number[]]>([
    // prevLogIndex, prevLogTerm, the leader's terms from there, all terms after; the log was 1, 1, 2.
    [3, 2, [3], [1, 1, 2, 3]],
    [2, 1, [3, 4], [1, 1, 3, 4]],
    [1, 1, [1], [1, 1, 2]],
    [1, 1, [3], [1, 3]],
  ])(
    "5.3: entries that conflict with the leader's are dropped, with all that follow them (from %i)",
    (index, logTerm, terms, all) => {
      const host = new FakeHost({ terms: [1, 2] });
      host.receive(appendOf(4, index, logTerm, terms));
      const { lastIndex } = host.core;
      expect(Array.from({ length: lastIndex }, (_, at) => host.core.termAt(at + 1))).toEqual(all);
    },
  );

  it.each<[string, number[]]>([
    // Figure 7 of the paper, with the entry 1 of term 1 in front of all.
    ["a", [1, 1, 4, 4, 5, 5, 6, 6]],
    ["b", [1, 1, 4]],
    ["c", [1, 1, 4, 4, 5, 5, 6, 6, 6, 6]],
    ["d", [1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7]],
    ["e", [1, 1, 4, 4, 4, 4]],
    ["f", [1, 1, 2, 2, 2, 3, 3, 3, 3, 3]],
  ])(
    "5.3: a leader brings any follower's log to be the same as its own (figure 7, %s)",
    (_, terms) => {
      const leaderTerms = [1, 1, 4, 4, 5, 5, 6, 6, 6];
      const group = new FakeGroup(3, (node) => ({
        terms: node === 2 ? terms : leaderTerms,
        term: 7,
      }));
      // The third vote is needed where the second is refused.
      group.elect(1);
      group.propose(1, "new");
      group.tick(3);
      const [leader, follower] = [group.host(1).core, group.host(2).core];
      expect([leader.role, follower.lastIndex]).toEqual(["leader", leader.lastIndex]);
      for (let index = 1; index <= leader.lastIndex; index++) {
        expect(follower.termAt(index)).toBe(leader.termAt(index));
      }
    },
  );
});

describe("5.4 safety", () => {
  it("5.4.1: a request for votes tells index and term of the candidate's last entry", () => {
    const host = new FakeHost({ terms: [1, 2] });
    host.core.campaign();
    const requests = [
      ...host.settle(),
      ...host.receive(message({ type: T.PreVoteReply, term: 3 })),
    ];
    expect(requests.map(({ index, logTerm }) => [index, logTerm])).toEqual(
      new Array(4).fill([3, 2]),
    );
  });

  it.each([
    [1, 1, true],
    [2, 1, false],
    [1, 2, false],
    [2, 2, false],
    [3, 2, false],
  ])(
    "5.4.1: a voter whose log ends at (%i, %i) votes for one that ends at (1, 1): %s",
    (index, term, isGranted) => {
      const base = { index, term };
      const host = new FakeHost({ base, applied: index, term: 3 });
      const [reply] = host.receive(message({ type: T.RequestVote, term: 4, index: 1, logTerm: 1 }));
      expect(reply?.reject).toBe(!isGranted);
    },
  );

  it.each([
    [3, 1],
    [4, 1],
    [5, 5],
  ])(
    "5.4.2: only an entry of the leader's own term is committed by counting (match %i: commit %i)",
    (match, commit) => {
      const host = leaderOf({ terms: [1, 2, 2], term: 2 });
      host.receive(message({ type: T.AppendEntriesReply, term: 3, index: match, hint: match }));
      expect(host.core.commitIndex).toBe(commit);
    },
  );

  it("5.4.2: an entry of a former term on a majority can still be replaced (figure 8)", () => {
    const group = new FakeGroup(5, (node) => ({
      terms: node <= 2 ? [2] : node === 5 ? [3] : [],
      term: 3,
    }));
    // (c): replica 1 leads again in term 4 and copies entry 2 of term 2 to a majority; its own entry gets to nobody.
    group.isLost = ({ to, from, entries }) =>
      to === r(5) || from === r(5) || entries.some(({ term }) => term === 4);
    group.elect(1);
    group.host(3).receive({ ...appendOf(4, 1, 1, [2]), from: r(1), to: r(3) });
    expect([group.host(3).core.termAt(2), group.host(1).core.commitIndex]).toEqual([2, 1]);
    // (d): replica 5 can be elected by 2, 3 and 4, and replaces it.
    group.isolate(1);
    group.elect(5);
    // It had to learn the term first.
    group.elect(5);
    group.tick(3);
    for (const node of [2, 3, 4, 5]) expect(group.host(node).core.termAt(2)).toBe(3);
  });

  it("5.4.3: whoever is elected has all that was committed", () => {
    for (let round = 0; round < 20; round++) {
      const group = new FakeGroup(5, (node) => ({ config: { seed: round * 7 + node } }));
      group.elect(1 + (round % 5));
      group.isolate(1 + ((round + 1) % 5));
      group.propose(1 + (round % 5), "kept");
      group.settle();
      group.isolate(1 + (round % 5));
      group.tick(60);
      const [leader] = group.leaders().filter((node) => node !== 1 + (round % 5));
      expect(group.host(leader ?? 0).commands).toEqual(["kept"]);
    }
  });
});

describe("7 and 8", () => {
  it("7: a follower that is too far behind is sent a snapshot", () => {
    const host = leaderOf({ terms: [1, 1] });
    host.log.compact(3);
    const refusal = {
      type: T.AppendEntriesReply,
      term: 2,
      reject: true,
      context: 1,
      hint: 1,
    } as const;
    host.receive(message({ ...refusal, index: 3 }));
    expect(host.snapshotRequests).toEqual([{ to: r(2), atLeast: 3 }]);
  });

  it("8: a leader starts its term with an entry that does nothing, to find out what is committed", () => {
    const host = leaderOf({ terms: [1], commit: 1 });
    expect(host.core.entryInMemory(3)).toMatchObject({ term: 2, type: 1 });
    acknowledge(host, 2);
    expect(host.core.commitIndex).toBe(3);
  });
});

/** A settled leader of five. */
function fiveOf(): FakeHost {
  const host = candidateOf(5);
  for (const node of [2, 3])
    host.receive(message({ type: T.RequestVoteReply, term: 2, from: r(node) }));
  acknowledge(host, 2, 3);
  return host;
}
