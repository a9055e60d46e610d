import { type CoreState, isAhead } from "./core-state.ts";
import { reportDamageToLeader } from "./damage.ts";
import type { Entry } from "./entry.ts";
import { NONE } from "./ids.ts";
import { invariant } from "./invariant.ts";
import { MessageType, type RaftMessage, type SnapshotMeta } from "./message.ts";

/** AppendEntries, receiver side (Raft paper, figure 2). Precondition: the message is of the current term. */
export function handleAppendEntries(state: CoreState, message: RaftMessage): void {
  const { log } = state;
  const settled = Math.min(state.commitIndex, log.contiguousLast);
  if (message.index < settled) {
    // An old message, or a leader that starts low: what is committed here cannot differ.
    acknowledge(state, message, settled);
    return;
  }
  if (message.index > log.contiguousLast || log.term(message.index) !== message.logTerm) {
    rejectAppend(state, message);
    return;
  }
  const lastNew = message.index + message.entries.length;
  mergeEntries(state, message.entries);
  state.verifiedIndex = Math.max(state.verifiedIndex, lastNew);
  fulfilPromise(state);
  // Bounded by what this message has verified: entries after it may not be this leader's.
  state.commitTo(Math.min(message.commit, lastNew));
  acknowledge(state, message, lastNew);
}

function acknowledge(state: CoreState, message: RaftMessage, index: number): void {
  state.sendAfter({
    type: MessageType.AppendEntriesReply,
    to: message.from,
    index,
    commit: state.commitIndex,
    hint: state.log.contiguousLast,
  });
}

function rejectAppend(state: CoreState, message: RaftMessage): void {
  const hint = state.log.findConflictByTerm(message.index, message.logTerm);
  state.sendAfter({
    type: MessageType.AppendEntriesReply,
    to: message.from,
    reject: true,
    index: message.index,
    hint: hint.index,
    logTerm: hint.term,
    commit: state.commitIndex,
    context: state.log.contiguousLast,
  });
}

/** Takes over entries; only a real conflict of terms drops anything (Raft paper 5.3, figure 2: steps 3 and 4). */
function mergeEntries(state: CoreState, entries: readonly Entry[]): void {
  const { log } = state;
  for (const entry of entries) {
    if (entry.index > log.lastIndex) {
      log.append(entry);
      continue;
    }
    const known = log.readableTerm(entry.index);
    if (known === entry.term) {
      log.confirm(entry.index);
      continue;
    }
    if (known === undefined && !supersedesTail(state, entry)) {
      log.repair(entry);
      continue;
    }
    truncate(state, entry.index);
    log.append(entry);
  }
}

/** The entry is newer than all that stands at or after its place: so that is not of this leader, whatever it was. */
function supersedesTail(state: CoreState, entry: Entry): boolean {
  const lastTerm = state.log.readableTerm(state.log.lastIndex) ?? state.promise?.term;
  return lastTerm !== undefined && entry.term > lastTerm && entry.index > state.commitIndex;
}

function truncate(state: CoreState, from: number): void {
  invariant(from > state.commitIndex, "a committed entry would be dropped");
  invariant(from > state.handedToApply, "an applied entry would be dropped");
  state.log.truncate(from);
  state.pipeline.truncate(from);
  state.stableIndex = Math.min(state.stableIndex, from - 1);
}

/** The log has reached again what this replica once acknowledged. */
export function fulfilPromise(state: CoreState): void {
  const { promise, log } = state;
  if (promise === undefined || !log.holes.isEmpty) return;
  if (isAhead(promise, log.lastPosition())) return;
  state.promise = undefined;
  state.isPromiseDirty = true;
}

/** Heartbeat of the present leader. */
export function handleHeartbeat(state: CoreState, message: RaftMessage): void {
  reportDamageToLeader(state);
  state.commitTo(Math.min(message.commit, state.verifiedIndex));
  state.send({
    type: MessageType.HeartbeatReply,
    to: message.from,
    commit: state.commitIndex,
    hint: state.log.contiguousLast,
    context: message.context,
  });
}

/** The contents of a snapshot are here and durable: accept it unless the log has got beyond it (Raft paper 7). */
export function handleInstallSnapshot(state: CoreState, message: RaftMessage): void {
  const { snapshot } = message;
  if (snapshot === undefined) return;
  const { log } = state;
  if (!isNeeded(state, snapshot)) {
    acknowledge(state, message, Math.min(state.commitIndex, log.contiguousLast));
    return;
  }
  // What is committed here agrees, even where it cannot be read.
  const matches =
    snapshot.index <= state.commitIndex || log.readableTerm(snapshot.index) === snapshot.term;
  if (matches && log.contiguousLast >= snapshot.index) {
    // Nothing is missing but the knowledge that it is committed.
    state.commitTo(snapshot.index);
    state.verifiedIndex = Math.max(state.verifiedIndex, snapshot.index);
    acknowledge(state, message, snapshot.index);
    return;
  }
  install(state, snapshot, matches);
  acknowledge(state, message, snapshot.index);
}

function isNeeded(state: CoreState, snapshot: SnapshotMeta): boolean {
  if (state.installing !== undefined && state.installing.index >= snapshot.index) return false;
  if (snapshot.index > state.commitIndex) return true;
  if (snapshot.index < state.log.compactedIndex) return false;
  return snapshot.index > state.log.contiguousLast && snapshot.index > state.appliedIndex;
}

function install(state: CoreState, snapshot: SnapshotMeta, matches: boolean): void {
  // Whether what is dropped would have been the leader's cannot be seen: it may be what this replica acknowledged.
  if (!matches && state.log.holes.has(snapshot.index)) {
    state.promiseAtLeast(state.log.lastPosition());
  }
  state.log.restore(snapshot, matches);
  if (!matches) {
    // Of the log so far, only what was given out to be applied is for sure part of the new one.
    state.pipeline.truncate(state.handedToApply + 1);
    state.stableIndex = Math.min(state.stableIndex, state.handedToApply);
  }
  state.installing = snapshot;
  state.snapshotToHand = { meta: snapshot, keepsSuffix: matches };
  state.commitIndex = Math.max(state.commitIndex, snapshot.index);
  state.verifiedIndex = Math.max(state.verifiedIndex, snapshot.index);
  state.conf = snapshot.conf;
  state.confBarrier = snapshot.index;
  state.fetchedToApply = undefined;
  fulfilPromise(state);
}

/** The installed snapshot is durable: the state machine takes it over, and applying goes on behind it. */
export function onSnapshotDurable(state: CoreState, index: number): void {
  if (state.installing?.index === index) state.installing = undefined;
  state.stableIndex = Math.max(state.stableIndex, index);
  state.appliedIndex = Math.max(state.appliedIndex, index);
  state.handedToApply = Math.max(state.handedToApply, index);
  state.applying = state.applying.filter((batch) => batch.lastIndex > index);
  state.applyingBytes = state.applying.reduce((sum, batch) => sum + batch.bytes, 0);
}

/** This replica forgot entries that it had acknowledged: the leader tells it what it promised by that. */
export function handlePromise(state: CoreState, message: RaftMessage): void {
  const position = { term: message.logTerm, index: message.index };
  if (isAhead(position, state.log.lastPosition())) state.promiseAtLeast(position);
}

/** The leader stopped leading: elect another one without waiting for the rest of the timeout. */
export function handleLeaderGone(state: CoreState, message: RaftMessage): void {
  if (state.leader !== message.from || state.role !== "follower") return;
  state.setRole("follower", NONE);
  state.verifiedIndex = 0;
  state.failReads();
  state.electionElapsed = Math.max(state.electionElapsed, state.config.electionTicks);
}
