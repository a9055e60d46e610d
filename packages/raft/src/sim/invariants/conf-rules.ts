import type { ConfState } from "../../core/conf-state.ts";
import type { ReplicaId } from "../../core/ids.ts";

/** Whether `has` holds for a majority of the voters, in a joint configuration for both majorities. */
export function isQuorum(conf: ConfState, has: (voter: ReplicaId) => boolean): boolean {
  return isMajority(conf.voters, has) && isMajority(conf.votersOutgoing, has);
}

function isMajority(voters: readonly ReplicaId[], has: (voter: ReplicaId) => boolean): boolean {
  if (voters.length === 0) return true;
  let count = 0;
  for (const voter of voters) if (has(voter)) count++;
  return count > Math.floor(voters.length / 2);
}

/**
 * Whether any quorum of `before` shares a voter with any quorum of `after` because of the rules of membership changes:
 * one voter more or less, into a joint configuration, or out of it (Raft dissertation 4.1, 4.3). Undefined: it does.
 */
export function confStepFault(before: ConfState, after: ConfState): string | undefined {
  const wasJoint = before.votersOutgoing.length > 0;
  const isJoint = after.votersOutgoing.length > 0;
  if (wasJoint && isJoint) {
    return isSame(before.voters, after.voters) &&
      isSame(before.votersOutgoing, after.votersOutgoing)
      ? undefined
      : "one joint configuration after another";
  }
  if (isJoint) {
    return isSame(before.voters, after.votersOutgoing)
      ? undefined
      : "the joint configuration does not contain the former voters";
  }
  if (wasJoint) {
    return isSame(before.voters, after.voters)
      ? undefined
      : "the joint configuration was left to other voters";
  }
  const added = after.voters.filter((voter) => !before.voters.includes(voter)).length;
  const removed = before.voters.filter((voter) => !after.voters.includes(voter)).length;
  return added + removed <= 1 ? undefined : "more than one voter changed at once";
}

function isSame(a: readonly ReplicaId[], b: readonly ReplicaId[]): boolean {
  return a.length === b.length && a.every((voter) => b.includes(voter));
}
