import { allMembers, isJoint } from "./conf-changer.ts";
import type { CoreState } from "./core-state.ts";
import { NONE } from "./ids.ts";
import { MessageType, type RaftMessage } from "./message.ts";
import { hasQuorum } from "./quorum.ts";

/**
 * Whether this leader's group may sleep: nothing is under way, and every member whose node is alive has all of the log.
 * Members on dead nodes do not keep a group awake, or a failure would wake all groups when it costs most.
 */
export function canHibernate(state: CoreState): boolean {
  const { log, progress } = state;
  if (state.role !== "leader" || progress === undefined || state.isHibernating) return false;
  const last = log.lastIndex;
  const isSettled =
    state.commitIndex === last && state.appliedIndex === last && state.durableIndex === last;
  if (!isSettled || !state.hasCommittedInTerm || isBusy(state)) return false;
  const isAlive = (replica: number): boolean =>
    replica === state.self || state.config.isNodeAlive(replica);
  if (!hasQuorum(state.conf, isAlive)) return false;
  for (const member of progress.values()) {
    if (isAlive(member.replica) && member.match !== last) return false;
  }
  return true;
}

function isBusy(state: CoreState): boolean {
  return (
    state.transferee !== NONE ||
    state.pendingReads.length > 0 ||
    isJoint(state.conf) ||
    state.pendingConfIndex > state.appliedIndex
  );
}

/** Puts the group to sleep: tells the members, and stops ticking. */
export function hibernate(state: CoreState): void {
  const { log } = state;
  for (const replica of allMembers(state.conf)) {
    if (replica === state.self) continue;
    state.send({
      type: MessageType.Hibernate,
      to: replica,
      index: log.lastIndex,
      logTerm: log.term(log.lastIndex) ?? log.compactedTerm,
      commit: state.commitIndex,
    });
  }
  state.isHibernating = true;
  state.events.push({ kind: "hibernated" });
}

/** The leader says that the group is idle. A follower whose log differs answers, which wakes the leader. */
export function handleHibernate(state: CoreState, message: RaftMessage): void {
  const { log } = state;
  const isSame =
    log.holes.isEmpty &&
    log.lastIndex === message.index &&
    log.term(log.lastIndex) === message.logTerm;
  if (!isSame) {
    state.sendAfter({
      type: MessageType.AppendEntriesReply,
      to: message.from,
      reject: true,
      index: message.index,
      hint: log.contiguousLast,
      commit: state.commitIndex,
      context: log.contiguousLast,
    });
    return;
  }
  // The end of the log agrees, so all of it does (log matching).
  state.verifiedIndex = log.lastIndex;
  state.commitTo(Math.min(message.commit, log.lastIndex));
  state.isHibernating = true;
  state.events.push({ kind: "hibernated" });
}
