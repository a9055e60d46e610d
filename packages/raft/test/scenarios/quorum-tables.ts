import { equal } from "node:assert/strict";
import { type ConfState, EMPTY_CONF } from "../../src/core/conf-state.ts";
import {
  hasQuorum,
  majority,
  majorityValue,
  majorityVote,
  quorumValue,
  quorumVote,
} from "../../src/core/quorum.ts";
import type { Scenario } from "../../src/sim/scenario/scenario.ts";

const NEVER = Number.POSITIVE_INFINITY;

/** Voters of each half and what each member has acknowledged; one that is not named has nothing, so 0. */
type CommitRow = readonly [
  voters: readonly number[],
  outgoing: readonly number[],
  acknowledged: Readonly<Record<number, number>>,
  committed: number,
];

const COMMITS: readonly CommitRow[] = [
  // No voters decide nothing: everything would be committed.
  [[], [], {}, NEVER],
  [[], [], { 1: 5 }, NEVER],
  // One voter.
  [[1], [], {}, 0],
  [[1], [], { 1: 12 }, 12],
  [[1], [], { 1: 12, 2: 99 }, 12],
  // Two: both are needed.
  [[1, 2], [], {}, 0],
  [[1, 2], [], { 1: 12 }, 0],
  [[1, 2], [], { 1: 12, 2: 5 }, 5],
  [[1, 2], [], { 1: 12, 2: 12 }, 12],
  // Three: the second highest.
  [[1, 2, 3], [], { 1: 12 }, 0],
  [[1, 2, 3], [], { 1: 12, 2: 5 }, 5],
  [[1, 2, 3], [], { 1: 12, 2: 12 }, 12],
  [[1, 2, 3], [], { 1: 12, 2: 5, 3: 6 }, 6],
  [[1, 2, 3], [], { 1: 12, 2: 5, 3: 5 }, 5],
  [[1, 2, 3], [], { 1: 100, 2: 101, 3: 99 }, 100],
  // Four: the third highest, not the second.
  [[1, 2, 3, 4], [], { 1: 12, 2: 10 }, 0],
  [[1, 2, 3, 4], [], { 1: 12, 2: 10, 3: 8 }, 8],
  [[1, 2, 3, 4], [], { 1: 12, 2: 10, 3: 8, 4: 9 }, 9],
  // Five, seven.
  [[1, 2, 3, 4, 5], [], { 1: 101, 2: 104, 3: 103, 4: 103 }, 103],
  [[1, 2, 3, 4, 5], [], { 1: 101, 2: 102, 3: 103, 4: 103, 5: 103 }, 103],
  [[1, 2, 3, 4, 5], [], { 1: 1, 2: 2, 3: 3, 4: 4, 5: 5 }, 3],
  [[1, 2, 3, 4, 5, 6, 7], [], { 1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 6, 7: 7 }, 4],
  [[1, 2, 3, 4, 5, 6, 7], [], { 5: 5, 6: 6, 7: 7 }, 0],
  // Acknowledgements of those who are no voters do not matter.
  [[1, 2, 3], [], { 1: 7, 4: 9, 5: 9 }, 0],
  // Joint, same voters twice: as one majority.
  [[1], [1], { 1: 8 }, 8],
  [[1, 2], [1, 2], { 1: 8, 2: 6 }, 6],
  [[1, 2, 3], [1, 2, 3], { 1: 8, 2: 6, 3: 4 }, 6],
  // Joint, disjoint: the worse half decides.
  [[1], [2], { 1: 8 }, 0],
  [[1], [2], { 2: 8 }, 0],
  [[1], [2], { 1: 8, 2: 9 }, 8],
  [[1, 2], [3, 4], { 1: 5, 2: 6, 3: 7, 4: 8 }, 5],
  [[1, 2], [3, 4], { 1: 9, 2: 9, 3: 7, 4: 8 }, 7],
  [[1, 2, 3], [4, 5, 6], { 1: 9, 2: 9, 3: 9 }, 0],
  [[1, 2, 3], [4, 5, 6], { 4: 9, 5: 9, 6: 9 }, 0],
  [[1, 2, 3], [4, 5, 6], { 1: 9, 2: 8, 5: 3, 6: 2 }, 2],
  [[1, 2, 3], [4, 5, 6], { 1: 9, 2: 8, 3: 7, 4: 6, 5: 5, 6: 4 }, 5],
  // Joint, overlapping: who is in both counts in both.
  [[1, 2], [2, 3], { 2: 9 }, 0],
  [[1, 2], [2, 3], { 1: 4, 2: 9, 3: 6 }, 4],
  [[1, 2, 3], [1], { 1: 9 }, 0],
  [[1, 2, 3], [1], { 1: 9, 2: 4 }, 4],
  [[1, 2, 3], [1], { 2: 9, 3: 8 }, 0],
  [[1], [1, 2, 3], { 1: 9 }, 0],
  [[1, 2, 3], [3, 4, 5], { 3: 9, 4: 8 }, 0],
  [[1, 2, 3], [3, 4, 5], { 1: 5, 3: 9, 4: 8 }, 5],
  [[1, 2, 3], [1, 4, 5], { 1: 10, 2: 3, 4: 7 }, 3],
  [[1, 2, 3, 4], [1, 2, 3], { 1: 10, 2: 9, 3: 8 }, 8],
  [[1, 2, 3, 4], [1, 2, 3], { 1: 10, 2: 9, 4: 8 }, 8],
  [[1, 2, 3, 4], [1, 2, 3], { 1: 10, 4: 8 }, 0],
  [[1, 2, 3, 4, 5], [1, 2, 3], { 1: 10, 4: 9, 5: 8 }, 0],
  [[1, 2, 3, 4, 5], [1, 2, 3], { 1: 10, 2: 7, 4: 9, 5: 8 }, 7],
  [[1, 2, 3, 4, 5], [1, 2, 3], { 1: 10, 2: 10, 3: 10 }, 10],
];

type Vote = "yes" | "no";

type VoteRow = readonly [
  voters: readonly number[],
  outgoing: readonly number[],
  votes: Readonly<Record<number, Vote>>,
  result: "won" | "lost" | "pending",
];

const VOTES: readonly VoteRow[] = [
  [[], [], {}, "won"],
  [[], [], { 1: "no" }, "won"],
  [[1], [], {}, "pending"],
  [[1], [], { 1: "no" }, "lost"],
  [[1], [], { 1: "yes" }, "won"],
  [[1], [], { 2: "yes" }, "pending"],
  [[1, 2], [], { 1: "yes" }, "pending"],
  [[1, 2], [], { 1: "no" }, "lost"],
  [[1, 2], [], { 1: "yes", 2: "no" }, "lost"],
  [[1, 2], [], { 1: "yes", 2: "yes" }, "won"],
  [[1, 2, 3], [], {}, "pending"],
  [[1, 2, 3], [], { 1: "yes" }, "pending"],
  [[1, 2, 3], [], { 1: "no" }, "pending"],
  [[1, 2, 3], [], { 1: "yes", 2: "no" }, "pending"],
  [[1, 2, 3], [], { 1: "yes", 2: "yes" }, "won"],
  [[1, 2, 3], [], { 1: "no", 2: "no" }, "lost"],
  [[1, 2, 3], [], { 1: "yes", 2: "no", 3: "no" }, "lost"],
  [[1, 2, 3], [], { 1: "yes", 2: "no", 3: "yes" }, "won"],
  [[1, 2, 3, 4], [], { 1: "yes", 2: "yes" }, "pending"],
  [[1, 2, 3, 4], [], { 1: "yes", 2: "yes", 3: "no", 4: "no" }, "lost"],
  [[1, 2, 3, 4], [], { 1: "no", 2: "no" }, "lost"],
  [[1, 2, 3, 4], [], { 1: "yes", 2: "yes", 3: "yes" }, "won"],
  [[1, 2, 3, 4, 5], [], { 1: "yes", 2: "yes", 3: "no", 4: "no" }, "pending"],
  [[1, 2, 3, 4, 5], [], { 1: "no", 2: "no", 3: "no" }, "lost"],
  [[1, 2, 3, 4, 5], [], { 1: "yes", 2: "yes", 3: "yes", 4: "no", 5: "no" }, "won"],
  [[1, 2, 3, 4, 5, 6, 7], [], { 1: "yes", 2: "yes", 3: "yes", 4: "no", 5: "no" }, "pending"],
  [[1, 2, 3, 4, 5, 6, 7], [], { 1: "yes", 2: "yes", 3: "yes", 4: "yes" }, "won"],
  // Joint.
  [[1], [1], {}, "pending"],
  [[1], [1], { 1: "yes" }, "won"],
  [[1], [1], { 1: "no" }, "lost"],
  [[1], [2], { 1: "yes" }, "pending"],
  [[1], [2], { 1: "no" }, "lost"],
  [[1], [2], { 1: "yes", 2: "no" }, "lost"],
  [[1], [2], { 1: "yes", 2: "yes" }, "won"],
  [[1, 2], [1, 2], { 1: "yes" }, "pending"],
  [[1, 2], [3, 4], { 1: "yes", 2: "yes" }, "pending"],
  [[1, 2], [3, 4], { 1: "yes", 2: "yes", 3: "no" }, "lost"],
  [[1, 2], [3, 4], { 3: "yes", 4: "yes" }, "pending"],
  [[1, 2], [2, 3], { 2: "no" }, "lost"],
  [[1, 2], [2, 3], { 2: "yes" }, "pending"],
  [[1, 2], [2, 3], { 1: "yes", 2: "yes", 3: "no" }, "lost"],
  [[1, 2, 3], [1], { 1: "yes" }, "pending"],
  [[1, 2, 3], [1], { 1: "no", 2: "yes", 3: "yes" }, "lost"],
  [[1, 2, 3], [1], { 1: "yes", 2: "no" }, "pending"],
  [[1, 2, 3], [1], { 1: "yes", 3: "yes" }, "won"],
  [[1, 2, 3], [1], { 2: "yes", 3: "yes" }, "pending"],
  [[1, 2, 3], [4, 5, 6], { 1: "yes", 2: "yes", 4: "yes" }, "pending"],
  [[1, 2, 3], [4, 5, 6], { 1: "yes", 2: "yes", 4: "no", 5: "no" }, "lost"],
  [[1, 2, 3], [4, 5, 6], { 1: "yes", 2: "yes", 4: "yes", 6: "yes" }, "won"],
  [[1, 2, 3], [4, 5, 6], { 1: "no", 2: "no", 4: "yes", 6: "yes" }, "lost"],
  [[1, 2, 3], [3, 4, 5], { 3: "yes" }, "pending"],
  [[1, 2, 3], [3, 4, 5], { 2: "yes", 3: "yes" }, "pending"],
  [[1, 2, 3], [3, 4, 5], { 2: "yes", 3: "yes", 5: "yes" }, "won"],
  [[1, 2, 3], [3, 4, 5], { 1: "yes", 2: "yes", 3: "no", 4: "no" }, "lost"],
  [[1, 2, 3], [3, 4, 5], { 1: "yes", 2: "yes", 3: "no", 4: "yes", 5: "yes" }, "won"],
  [[1, 2, 3, 4], [1, 2, 3], { 1: "yes", 2: "yes" }, "pending"],
  [[1, 2, 3, 4], [1, 2, 3], { 1: "yes", 2: "yes", 4: "yes" }, "won"],
  [[1, 2, 3, 4], [1, 2, 3], { 3: "no", 4: "no" }, "lost"],
  [[1, 2, 3, 4, 5], [1, 2, 3], { 4: "yes", 5: "yes", 1: "yes" }, "pending"],
  [[1, 2, 3, 4, 5], [1, 2, 3], { 4: "yes", 5: "yes", 1: "no", 2: "no" }, "lost"],
];

const COMMIT_CASES: readonly Scenario[] = COMMITS.map(
  ([voters, outgoing, acknowledged, committed]) => ({
    name: `${describeConf(voters, outgoing)} with ${describeRecord(acknowledged)} commits ${committed}`,
    run(): void {
      const reachedBy = (replica: number): number => acknowledged[replica] ?? 0;
      equal(quorumValue(confOf(voters, outgoing), reachedBy), committed);
      if (outgoing.length === 0) equal(majorityValue(voters, reachedBy), committed);
      // The halves are equal before the law.
      if (outgoing.length > 0) equal(quorumValue(confOf(outgoing, voters), reachedBy), committed);
    },
  }),
);

const VOTE_CASES: readonly Scenario[] = VOTES.map(([voters, outgoing, votes, result]) => ({
  name: `${describeConf(voters, outgoing)} with ${describeRecord(votes)} is ${result}`,
  run(): void {
    const voteOf = (replica: number): boolean | undefined => {
      const vote = votes[replica];
      return vote === undefined ? undefined : vote === "yes";
    };
    equal(quorumVote(confOf(voters, outgoing), voteOf), result);
    if (outgoing.length === 0) equal(majorityVote(voters, voteOf), result);
    if (outgoing.length > 0) equal(quorumVote(confOf(outgoing, voters), voteOf), result);
  },
}));

/** All configurations of up to this many members are compared with the definitions. */
const UNIVERSE = [1, 2, 3, 4];

const EXHAUSTIVE: readonly Scenario[] = [
  {
    name: "a majority of 1 to 100 voters is the smallest number of which two sets always meet",
    run() {
      for (let count = 1; count <= 100; count++) {
        let smallest = 0;
        while (2 * smallest <= count) smallest++;
        equal(majority(count), smallest);
      }
    },
  },
  {
    name: "every commit of every pair of halves of four members agrees with the definition",
    run() {
      for (const voters of subsets(UNIVERSE)) {
        for (const outgoing of subsets(UNIVERSE)) {
          for (const values of assignments(UNIVERSE, [0, 3, 7])) {
            const reachedBy = (replica: number): number => values.get(replica) ?? 0;
            const conf = confOf(voters, outgoing);
            const expected = Math.min(
              definedCommit(voters, reachedBy),
              outgoing.length === 0 ? NEVER : definedCommit(outgoing, reachedBy),
            );
            equal(quorumValue(conf, reachedBy), expected);
          }
        }
      }
    },
  },
  {
    name: "every vote of every pair of halves of four members agrees with the definition",
    run() {
      for (const voters of subsets(UNIVERSE)) {
        for (const outgoing of subsets(UNIVERSE)) {
          for (const votes of assignments<boolean | undefined>(UNIVERSE, [
            true,
            false,
            undefined,
          ])) {
            const conf = confOf(voters, outgoing);
            equal(
              quorumVote(conf, (replica) => votes.get(replica)),
              definedVote([voters, outgoing], votes),
            );
          }
        }
      }
    },
  },
  {
    name: "single majorities of five and six members agree with the definition",
    run() {
      for (const size of [5, 6]) {
        const members = Array.from({ length: size }, (_, offset) => offset + 1);
        for (const votes of assignments<boolean | undefined>(members, [true, false, undefined])) {
          equal(
            majorityVote(members, (replica) => votes.get(replica)),
            definedVote([members], votes),
          );
          equal(
            hasQuorum(confOf(members, []), (replica) => votes.get(replica) === true),
            [...votes.values()].filter((vote) => vote === true).length * 2 > size,
          );
        }
      }
    },
  },
];

/** Definition: the largest value that more than half have reached. */
function definedCommit(voters: readonly number[], reachedBy: (replica: number) => number): number {
  if (voters.length === 0) return NEVER;
  let best = 0;
  for (let value = 0; value <= 10; value++) {
    let reached = 0;
    for (const voter of voters) if (reachedBy(voter) >= value) reached++;
    if (reached > voters.length / 2) best = value;
  }
  return best;
}

/** Definition: what all, none or some of the ways to cast the missing votes lead to. */
function definedVote(
  halves: readonly (readonly number[])[],
  votes: ReadonlyMap<number, boolean | undefined>,
): "won" | "lost" | "pending" {
  const missing = [...votes.keys()].filter((replica) => votes.get(replica) === undefined);
  let wins = 0;
  let ways = 0;
  for (const cast of assignments(missing, [true, false])) {
    ways++;
    const isFor = (replica: number): boolean => cast.get(replica) ?? votes.get(replica) ?? false;
    const isWon = halves.every(
      (half) => half.length === 0 || half.filter(isFor).length > half.length / 2,
    );
    if (isWon) wins++;
  }
  if (wins === ways) return "won";
  return wins === 0 ? "lost" : "pending";
}

function subsets(members: readonly number[]): number[][] {
  const all: number[][] = [];
  for (let bits = 0; bits < 1 << members.length; bits++) {
    all.push(members.filter((_, at) => (bits >> at) % 2 === 1));
  }
  return all;
}

/** All ways to give each member one of the values. */
function* assignments<T>(
  members: readonly number[],
  values: readonly T[],
): Generator<ReadonlyMap<number, T>> {
  const [first, ...rest] = members;
  if (first === undefined) {
    yield new Map();
    return;
  }
  for (const others of assignments(rest, values)) {
    for (const value of values) yield new Map([[first, value], ...others]);
  }
}

function confOf(voters: readonly number[], votersOutgoing: readonly number[]): ConfState {
  return { ...EMPTY_CONF, voters, votersOutgoing };
}

function describeConf(voters: readonly number[], outgoing: readonly number[]): string {
  return outgoing.length === 0 ? `(${voters})` : `(${voters}) & (${outgoing})`;
}

function describeRecord(record: Readonly<Record<number, string | number>>): string {
  return `{${Object.entries(record)
    .map(([member, value]) => `${member}: ${value}`)
    .join(", ")}}`;
}

/** Quorums of simple and joint configurations: tables, then all small cases against the definitions. */
export const QUORUM_TABLES: readonly Scenario[] = [...COMMIT_CASES, ...VOTE_CASES, ...EXHAUSTIVE];
