import type { ReplicaId } from "../../core/ids.ts";
import { MessageType, type RaftMessage } from "../../core/message.ts";
import { type LogImage, lastIndexOf } from "./log-image.ts";
import { nameOf } from "./network.ts";

/** A property that Raft promises does not hold. */
class InvariantViolation extends Error {
  override readonly name = "InvariantViolation";
}

/** @throws InvariantViolation unless `holds` */
export function check(holds: boolean, what: string): void {
  if (!holds) throw new InvariantViolation(what);
}

/** A message leaves: what it asserts must be on the sender's disk. */
export function checkClaims(sender: ReplicaId, disk: LogImage, message: RaftMessage): void {
  const { currentTerm, votedFor } = disk.hardState;
  const isPreVote =
    message.type === MessageType.PreVote ||
    (message.type === MessageType.PreVoteReply && !message.reject);
  if (!isPreVote) {
    check(message.term <= currentTerm, `${nameOf(message)} with a term that is not on disk`);
  }
  // What was true when an earlier term was on the disk need not be found there any more.
  if (currentTerm > message.term) return;
  if (message.type === MessageType.RequestVoteReply && !message.reject) {
    check(votedFor === message.to, "a vote that is not on disk is granted");
  }
  if (message.type === MessageType.RequestVote) {
    check(votedFor === sender, "a candidate asks before its own vote is on disk");
  }
  if (message.type === MessageType.AppendEntriesReply && !message.reject) {
    check(lastIndexOf(disk) >= message.index, "entries that are not on disk are acknowledged");
  }
}
