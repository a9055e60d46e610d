import type { CoreState } from "./core-state.ts";
import { MessageType, type RaftMessage } from "./message.ts";

export const KNOWN_TYPES: ReadonlySet<MessageType> = new Set(Object.values(MessageType));

/** Terms are stored in six bytes. One that comes near the end can only be damage, and would be the last. */
export const TERM_MAX: number = 2 ** 48 - 2 ** 32;

/** An answer that was under way when the group fell asleep, and tells this leader nothing that it did not know. */
export function isLateReply(state: CoreState, message: RaftMessage): boolean {
  if (!state.isHibernating || state.role !== "leader") return false;
  const { type, reject, term, hint } = message;
  if (type !== MessageType.HeartbeatReply && type !== MessageType.AppendEntriesReply) return false;
  return !reject && term === state.currentTerm && hint === state.log.lastIndex;
}

/** A notice of this follower's leader, overtaken by its Hibernate, that tells nothing new: the leader sleeps and would not answer. */
export function isLateNotice(state: CoreState, message: RaftMessage): boolean {
  if (!state.isHibernating || message.type !== MessageType.AppendEntries) return false;
  const { from, term, entries, index, logTerm, commit } = message;
  const isOfLeader = from === state.leader && term === state.currentTerm;
  const { log } = state;
  const isKnown =
    index === log.lastIndex && logTerm === log.term(index) && commit <= state.commitIndex;
  return isOfLeader && entries.length === 0 && isKnown;
}

/** Messages that only the leader of their term sends. */
export function isFromLeader({ type }: RaftMessage): boolean {
  return (
    type === MessageType.AppendEntries ||
    type === MessageType.Heartbeat ||
    type === MessageType.InstallSnapshot ||
    type === MessageType.Hibernate
  );
}

/** A pre-vote, or the grant of one, carries a term that may never come. */
export function adoptsTerm(message: RaftMessage): boolean {
  if (message.type === MessageType.PreVote) return false;
  return message.type !== MessageType.PreVoteReply || message.reject;
}

/** Entries follow each other and `index`, with terms that never fall nor exceed the message's. */
export function areInOrder(message: RaftMessage): boolean {
  let { index, logTerm: term } = message;
  for (const entry of message.entries) {
    if (entry.index !== index + 1 || entry.term < term || entry.term > message.term) return false;
    index = entry.index;
    term = entry.term;
  }
  return true;
}
