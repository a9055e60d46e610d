import type { ConfState } from "./conf-state.ts";
import type { ReplicaId } from "./ids.ts";

export type VoteResult = "won" | "lost" | "pending";

/** Members that make a majority of `count` voters: 2 of 3, 3 of 4, 3 of 5. */
export function majority(count: number): number {
  return Math.floor(count / 2) + 1;
}

/**
 * The highest value that a majority of `voters` has reached (Raft paper 5.3). Infinity without voters, so that an empty
 * half of a joint configuration decides nothing.
 */
export function majorityValue(
  voters: readonly ReplicaId[],
  reachedBy: (replica: ReplicaId) => number,
): number {
  if (voters.length === 0) return Number.POSITIVE_INFINITY;
  const values = voters.map(reachedBy).sort((left, right) => right - left);
  return values[majority(voters.length) - 1] ?? 0;
}

/** As {@link majorityValue}, by both majorities of a joint configuration (Raft dissertation 4.3). */
export function quorumValue(conf: ConfState, reachedBy: (replica: ReplicaId) => number): number {
  const incoming = majorityValue(conf.voters, reachedBy);
  if (conf.votersOutgoing.length === 0) return incoming;
  return Math.min(incoming, majorityValue(conf.votersOutgoing, reachedBy));
}

/** How a vote of one majority stands; `voteOf` undefined: not answered yet. Without voters it is won. */
export function majorityVote(
  voters: readonly ReplicaId[],
  voteOf: (replica: ReplicaId) => boolean | undefined,
): VoteResult {
  let granted = 0;
  let missing = 0;
  for (const voter of voters) {
    const vote = voteOf(voter);
    if (vote === true) granted++;
    else if (vote === undefined) missing++;
  }
  const needed = voters.length === 0 ? 0 : majority(voters.length);
  if (granted >= needed) return "won";
  return granted + missing >= needed ? "pending" : "lost";
}

/** How a vote stands in a joint configuration: both majorities have to be won. */
export function quorumVote(
  conf: ConfState,
  voteOf: (replica: ReplicaId) => boolean | undefined,
): VoteResult {
  const incoming = majorityVote(conf.voters, voteOf);
  const outgoing = majorityVote(conf.votersOutgoing, voteOf);
  if (incoming === "lost" || outgoing === "lost") return "lost";
  return incoming === "won" && outgoing === "won" ? "won" : "pending";
}

/** Whether those for whom `isIn` holds make a quorum. */
export function hasQuorum(conf: ConfState, isIn: (replica: ReplicaId) => boolean): boolean {
  return quorumVote(conf, (replica) => isIn(replica)) === "won";
}
