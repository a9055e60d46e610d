import { describe, expect, it } from "vitest";
import type { ConfState } from "../../src/core/conf-state.ts";
import {
  hasQuorum,
  majority,
  majorityValue,
  majorityVote,
  quorumValue,
  quorumVote,
  type VoteResult,
} from "../../src/core/quorum.ts";
import { Random } from "../../src/core/random.ts";
import { confOf, r } from "./make.ts";

/** All values that some voter has, from the highest: the first one that more than half of them have reached. */
function naiveValue(voters: readonly number[], reached: ReadonlyMap<number, number>): number {
  if (voters.length === 0) return Number.POSITIVE_INFINITY;
  const reachedOf = (voter: number): number => reached.get(voter) ?? 0;
  const candidates = [...voters.map(reachedOf), 0].sort((left, right) => right - left);
  for (const value of candidates) {
    const there = voters.filter((voter) => reachedOf(voter) >= value);
    if (there.length * 2 > voters.length) return value;
  }
  throw new Error("zero is reached by all");
}

/** Tries all ways in which those who have not answered may answer. */
function naiveVote(voters: readonly number[], votes: ReadonlyMap<number, boolean>): VoteResult {
  if (voters.length === 0) return "won";
  const yes = voters.filter((voter) => votes.get(voter) === true).length;
  const open = voters.filter((voter) => votes.get(voter) === undefined).length;
  const isWon = (granted: number): boolean => granted * 2 > voters.length;
  if (isWon(yes)) return "won";
  return isWon(yes + open) ? "pending" : "lost";
}

const voterList = (random: Random, countMax: number): number[] =>
  Array.from({ length: random.below(countMax + 1) }, (_, at) => r(at + 1 + random.below(2) * 20));

function randomConf(random: Random): ConfState {
  const conf = confOf([]);
  const votersOutgoing = random.below(2) === 0 ? [] : voterList(random, 9);
  return { ...conf, voters: voterList(random, 9), votersOutgoing };
}

/** A third of them has not answered. */
function randomVotes(random: Random, voters: readonly number[]): Map<number, boolean> {
  const votes = new Map<number, boolean>();
  for (const voter of voters) {
    const answer = random.below(3);
    if (answer < 2) votes.set(voter, answer === 1);
  }
  return votes;
}

describe("quorum", () => {
  it.each([
    [1, 1],
    [2, 2],
    [3, 2],
    [4, 3],
    [5, 3],
    [6, 4],
    [7, 4],
    [8, 5],
    [9, 5],
  ])("of %i voters is %i", (count, needed) => {
    expect(majority(count)).toBe(needed);
  });

  it("agrees with counting by hand on values, for 0 to 9 voters and joint configurations", () => {
    const random = new Random(17);
    for (let round = 0; round < 5_000; round++) {
      const conf = randomConf(random);
      const reached = new Map(
        [...conf.voters, ...conf.votersOutgoing].map((voter) => [voter, random.below(6)]),
      );
      const reachedBy = (voter: number): number => reached.get(voter) ?? 0;
      const incoming = naiveValue(conf.voters, reached);
      expect(majorityValue(conf.voters, reachedBy)).toBe(incoming);
      expect(quorumValue(conf, reachedBy)).toBe(
        Math.min(incoming, naiveValue(conf.votersOutgoing, reached)),
      );
    }
  });

  it("agrees with counting by hand on votes, for 0 to 9 voters and joint configurations", () => {
    const random = new Random(18);
    for (let round = 0; round < 5_000; round++) {
      const conf = randomConf(random);
      const votes = randomVotes(random, [...conf.voters, ...conf.votersOutgoing]);
      const voteOf = (voter: number): boolean | undefined => votes.get(voter);
      const both = [naiveVote(conf.voters, votes), naiveVote(conf.votersOutgoing, votes)];
      expect(majorityVote(conf.voters, voteOf)).toBe(both[0]);
      const expected = (["lost", "pending", "won"] as const).find((one) => both.includes(one));
      expect(quorumVote(conf, voteOf)).toBe(expected);
      const isThere = (voter: number): boolean => votes.get(voter) === true;
      expect(hasQuorum(conf, isThere)).toBe(expected === "won");
    }
  });

  it("never holds for two disjoint sets of members", () => {
    const random = new Random(19);
    for (let round = 0; round < 2_000; round++) {
      const conf = { ...randomConf(random), voters: voterList(random, 9) };
      if (conf.voters.length === 0) continue;
      const side = new Map(
        [...conf.voters, ...conf.votersOutgoing].map((voter) => [voter, random.below(2)]),
      );
      const isQuorum = [0, 1].map((half) => hasQuorum(conf, (voter) => side.get(voter) === half));
      expect(isQuorum).not.toEqual([true, true]);
    }
  });
});
