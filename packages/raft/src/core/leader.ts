import { isVoter } from "./conf-changer.ts";
import type { CoreState } from "./core-state.ts";
import { NONE, type ReplicaId } from "./ids.ts";
import { MessageType, type RaftMessage } from "./message.ts";
import type { Progress } from "./progress.ts";
import { hasQuorum } from "./quorum.ts";
import { onRoundAcknowledged } from "./reads.ts";
import { broadcastHeartbeat, maybeCommit } from "./replication.ts";

/** Advances the leader's timers by one tick. */
export function tickLeader(state: CoreState): void {
  state.heartbeatElapsed++;
  state.electionElapsed++;
  if (state.transferee !== NONE && ++state.transferElapsed >= state.config.electionTicks) {
    abortTransfer(state);
  }
  if (state.electionElapsed >= state.config.electionTicks) {
    state.electionElapsed = 0;
    if (!checkQuorum(state)) return;
  }
  if (state.heartbeatElapsed >= state.config.heartbeatTicks) broadcastHeartbeat(state);
}

/** A leader that no quorum answers steps down (Raft dissertation 6.2). True: it goes on. */
function checkQuorum(state: CoreState): boolean {
  const { progress, self } = state;
  if (progress === undefined) return false;
  const isActive = (replica: ReplicaId): boolean =>
    replica === self || progress.get(replica)?.isRecentlyActive === true;
  if (!hasQuorum(state.conf, isActive)) {
    stepDown(state);
    return false;
  }
  for (const member of progress.values()) member.isRecentlyActive = false;
  return true;
}

/** Stops leading in the same term, and says so. */
export function stepDown(state: CoreState): void {
  state.announceLeaderGone();
  state.becomeFollower(state.currentTerm, NONE);
}

/** A follower answered AppendEntries, or its snapshot is installed. */
export function handleAppendReply(state: CoreState, from: Progress, message: RaftMessage): void {
  from.isRecentlyActive = true;
  const last = message.reject ? message.context : message.hint;
  if (findsAmnesia(state, from, last)) return;
  if (message.reject) {
    if (from.reject(message.index, whereItMayAgree(state, message))) askAgain(state, from);
    return;
  }
  if (message.index > state.log.lastIndex) return;
  const wasPaused = from.isPaused;
  const isNews = from.acknowledge(message.index);
  if (!isNews && !(from.state === "probe" && from.match === message.index)) return;
  advanceProgress(state, from, message.index);
  if (maybeCommit(state) || wasPaused || from.next <= state.log.lastIndex) {
    state.needsBroadcast = true;
  }
  if (from.replica === state.transferee) maybeSendTimeoutNow(state);
}

function advanceProgress(state: CoreState, from: Progress, index: number): void {
  switch (from.state) {
    case "probe":
      from.becomeReplicate();
      return;
    case "snapshot":
      if (from.match < state.log.compactedIndex) return;
      from.becomeReplicate();
      return;
    case "replicate":
      from.inflights.freeUpTo(index);
      from.isFlowPaused = false;
      return;
    default:
      from.state satisfies never;
  }
}

/** Skips whole terms of the leader's log that the follower cannot have (Raft paper 5.3, last paragraphs). */
function whereItMayAgree(state: CoreState, message: RaftMessage): number {
  if (message.logTerm === 0) return message.hint;
  return state.log.findConflictByTerm(message.hint, message.logTerm).index;
}

function askAgain(state: CoreState, progress: Progress): void {
  progress.wantsEmpty = true;
  state.needsBroadcast = true;
}

/** Also shows that the follower is there: lost messages are found and sent again. */
export function handleHeartbeatReply(state: CoreState, from: Progress, message: RaftMessage): void {
  from.isRecentlyActive = true;
  if (findsAmnesia(state, from, message.hint)) return;
  if (from.forgotten > from.match) remindOfPromise(state, from);
  from.isFlowPaused = false;
  if (message.commit < Math.min(from.match, state.commitIndex)) from.sentCommit = message.commit;
  if (from.match < state.log.lastIndex || from.state === "probe") askAgain(state, from);
  else if (from.sentCommit < state.commitIndex) state.needsBroadcast = true;
  onRoundAcknowledged(state, from, message.context);
}

/**
 * A replica that restarted must still have what it had acknowledged. One that does not may not be counted on, and must not help
 * to elect a leader that lacks it either.
 */
function findsAmnesia(state: CoreState, from: Progress, last: number): boolean {
  const match = from.matchAtRestart;
  if (match === 0) return false;
  from.matchAtRestart = 0;
  if (last >= match) return false;
  state.events.push({ kind: "amnesia", replica: from.replica, match, last });
  from.forgotten = match;
  remindOfPromise(state, from);
  from.match = 0;
  from.becomeProbe();
  from.next = last + 1;
  askAgain(state, from);
  return true;
}

/** Sent with each round of heartbeats until the replica has it all again: the message may be lost, or the replica restart. */
function remindOfPromise(state: CoreState, from: Progress): void {
  const { log } = state;
  const term = log.term(from.forgotten);
  state.send({
    type: MessageType.Promise,
    to: from.replica,
    index: term === undefined ? log.compactedIndex : from.forgotten,
    logTerm: term ?? log.compactedTerm,
  });
}

/** A follower cannot read any more what it had acknowledged: it does not count until it has it again. */
export function handleDamage(state: CoreState, from: Progress, message: RaftMessage): void {
  from.isRecentlyActive = true;
  from.snapshotAtLeast = Math.min(message.hint, state.commitIndex);
  if (from.match <= message.index && from.state === "probe") return;
  from.match = Math.min(from.match, message.index);
  from.matchAtRestart = 0;
  from.becomeProbe();
  from.next = Math.min(from.next, message.index + 1);
  askAgain(state, from);
}

/** Hands leadership to another voter (Raft dissertation 3.10). False: not possible. */
export function transferLeader(state: CoreState, to: ReplicaId): boolean {
  const progress = state.progress?.get(to);
  if (progress === undefined || to === state.self || !isVoter(state.conf, to)) return false;
  if (!progress.isRecentlyActive && !state.config.isNodeAlive(to)) return false;
  if (state.transferee === to) return true;
  state.transferee = to;
  state.transferElapsed = 0;
  maybeSendTimeoutNow(state);
  if (progress.match < state.log.lastIndex) askAgain(state, progress);
  return true;
}

/** As soon as the target has the whole log it may campaign. */
function maybeSendTimeoutNow(state: CoreState): void {
  const progress = state.progress?.get(state.transferee);
  if (progress === undefined || progress.match !== state.log.lastIndex) return;
  state.send({ type: MessageType.TimeoutNow, to: progress.replica });
}

/** Proposals are taken again. */
export function abortTransfer(state: CoreState): void {
  if (state.transferee === NONE) return;
  state.events.push({ kind: "transfer-aborted", to: state.transferee });
  state.transferee = NONE;
}
