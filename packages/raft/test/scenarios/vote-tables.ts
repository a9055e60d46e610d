import { deepStrictEqual, equal, ok } from "node:assert/strict";
import { Cluster } from "../../src/sim/scenario/cluster.ts";
import type { Scenario } from "../../src/sim/scenario/scenario.ts";

/** The voter's log ends at index 12 in term 3; it is in term 3 and has not voted. */
const VOTER = { voters: [1, 2, 3], index: 10, logs: { 1: [2, 3] } };

/** Last term and index of a candidate, and whether the voter's log is not more up to date (paper 5.4.1). */
const POSITIONS: readonly (readonly [logTerm: number, index: number, grants: boolean])[] = [
  [2, 11, false],
  [2, 12, false],
  [2, 13, false],
  [3, 11, false],
  [3, 12, true],
  [3, 13, true],
  [4, 11, true],
  [4, 12, true],
  [4, 13, true],
];

const BY_POSITION: readonly Scenario[] = POSITIONS.flatMap(([logTerm, index, grants]) =>
  (["RequestVote", "PreVote"] as const).map((type) => ({
    name: `a ${type} with last entry (term ${logTerm}, index ${index}) is ${grants ? "granted" : "refused"} at (3, 12)`,
    run(): void {
      const s = new Cluster(VOTER);
      s.inject(type, { from: 2, to: 1, term: 5, index, logTerm });
      s.stabilize(1);
      const reply = s.first({ to: 2, type: `${type}Reply` });
      equal(reply.reject, !grants);
      const isVote = type === "RequestVote";
      s.expect(1, { term: isVote ? 5 : 3, vote: isVote && grants ? 2 : 0, role: "follower" });
      if (type === "PreVote") equal(reply.term, grants ? 5 : 3);
    },
  })),
);

interface VoteCase {
  readonly name: string;
  /** Term of the voter, node that it voted for, term and node of the candidate. */
  readonly voter: readonly [term: number, votedFor: number];
  readonly candidate: readonly [term: number, node: number];
  readonly grants: boolean;
}

/** Candidates' logs are up to date in all of these; only the term and the vote decide. */
const VOTES: readonly VoteCase[] = [
  { name: "in a newer term", voter: [3, 0], candidate: [4, 2], grants: true },
  { name: "in a newer term after another vote", voter: [3, 3], candidate: [4, 2], grants: true },
  { name: "in the same term without vote", voter: [3, 0], candidate: [3, 2], grants: true },
  { name: "of whom it voted for, again", voter: [3, 2], candidate: [3, 2], grants: true },
  { name: "after a vote for another", voter: [3, 3], candidate: [3, 2], grants: false },
  { name: "after a vote for itself", voter: [3, 1], candidate: [3, 2], grants: false },
  { name: "in an older term", voter: [3, 0], candidate: [2, 2], grants: false },
];

const BY_VOTE: readonly Scenario[] = VOTES.map(({ name, voter, candidate, grants }) => ({
  name: `a candidate ${name} ${grants ? "gets the vote" : "does not get the vote"}`,
  run(): void {
    const s = new Cluster({ voters: [1, 2, 3], index: 10 });
    const [term, votedFor] = voter;
    const up = { index: 10, logTerm: 1 };
    if (votedFor === 1) {
      s.inject("RequestVote", { from: 3, to: 1, term: term - 1, ...up });
      s.campaign(1);
      s.inject("PreVoteReply", { from: 3, to: 1, term });
    } else if (votedFor !== 0) {
      s.inject("RequestVote", { from: votedFor, to: 1, term, ...up });
    } else {
      s.inject("RequestVoteReply", { from: 2, to: 1, term, reject: true });
    }
    s.stabilize(1);
    s.drop({});
    s.expect(1, { term, vote: votedFor });
    s.inject("RequestVote", { from: candidate[1], to: 1, term: candidate[0], ...up });
    s.stabilize(1);
    const granted = s.flights({ type: "RequestVoteReply" }).filter((message) => !message.reject);
    equal(granted.length, grants ? 1 : 0);
    s.expect(1, {
      term: Math.max(term, candidate[0]),
      vote: grants ? candidate[1] : votedFor,
    });
  },
}));

/** The tables of votes and pre-votes, and what terms in messages do. */
export const VOTE_TABLES: readonly Scenario[] = [
  ...BY_POSITION,
  ...BY_VOTE,
  {
    name: "a pre-vote has no effect on the receiver: no term, no vote, no write, no timer (checklist 8)",
    run() {
      const s = new Cluster({ voters: [1, 2, 3], index: 10 });
      const undisturbed = new Cluster({ voters: [1, 2, 3], index: 10 });
      const before = s.facts(1);
      for (let tick = 0; tick < 19; tick++) {
        s.inject("PreVote", { from: 2, to: 1, term: 2 + tick, index: 10, logTerm: 1 });
        s.stabilize(1);
        deepStrictEqual(s.facts(1), before);
        s.tick(1);
        undisturbed.tick(1);
        if (undisturbed.facts(1).role !== "follower") break;
      }
      equal(s.facts(1).role, "pre-candidate", "the timer was not reset");
    },
  },
  {
    name: "a pre-vote for a term that is not new is refused with the receiver's term",
    run() {
      for (const term of [5, 6, 7]) {
        const s = new Cluster({ ...VOTER, terms: { 1: 7 } });
        s.inject("PreVote", { from: 2, to: 1, term, index: 20, logTerm: 9 });
        s.stabilize(1);
        const reply = s.first({ type: "PreVoteReply", to: 2 });
        equal(reply.reject, true);
        equal(reply.term, 7);
      }
    },
  },
  {
    name: "a granted pre-vote's term is not adopted, a refusing one's higher term is",
    run() {
      const s = new Cluster({ voters: [1, 2, 3], index: 10 });
      s.campaign(1);
      s.ready(1);
      s.inject("PreVoteReply", { from: 2, to: 1, term: 9, reject: true });
      s.expect(1, { role: "follower", term: 9, vote: 0 });
    },
  },
  ...(["AppendEntriesReply", "HeartbeatReply", "RequestVoteReply", "ReadIndex"] as const).map(
    (type) => ({
      name: `a higher term in ${type} demotes a leader (paper 5.1, checklist 7)`,
      run(): void {
        for (const reject of [false, true]) {
          const s = new Cluster({ voters: [1, 2, 3], index: 10 });
          s.elect(1);
          s.inject(type, { from: 2, to: 1, term: 6, reject });
          s.stabilize(1);
          s.expect(1, { role: "follower", term: 6, vote: 0, leader: 0 });
        }
      },
    }),
  ),
  ...(["AppendEntries", "Heartbeat", "InstallSnapshot", "TimeoutNow"] as const).map((type) => ({
    name: `a ${type} of an earlier term changes nothing (paper 5.1)`,
    run(): void {
      const s = new Cluster({ voters: [1, 2, 3], index: 10, logs: { 1: [2, 2] }, terms: { 1: 5 } });
      const before = s.facts(1);
      const conf = s.replica(1).core.conf;
      s.inject(type, {
        from: 2,
        to: 1,
        term: 4,
        index: 10,
        logTerm: 1,
        commit: 12,
        snapshot: { index: 30, term: 4, conf },
      });
      s.stabilize(1);
      deepStrictEqual(s.facts(1), before);
    },
  })),
  {
    name: "a leader of an earlier term learns the newer one from the answer, so it steps down",
    run() {
      for (const type of ["AppendEntries", "Heartbeat"] as const) {
        const s = new Cluster({ voters: [1, 2, 3], index: 10, terms: { 1: 5 } });
        s.inject(type, { from: 2, to: 1, term: 3, index: 10, logTerm: 1 });
        s.stabilize(1);
        const answers = s.flights({ to: 2 });
        ok(answers.length > 0 && answers.every((message) => message.term === 5), type);
      }
    },
  },
];
