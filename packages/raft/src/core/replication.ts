import { allMembers } from "./conf-changer.ts";
import type { CoreState } from "./core-state.ts";
import { type Entry, type EntryType, entrySize } from "./entry.ts";
import { MessageType } from "./message.ts";
import { newProgress, type Progress } from "./progress.ts";
import { quorumValue } from "./quorum.ts";

/** Messages to one follower in one Ready; the rest follows in the next. */
const SENDS_PER_READY_MAX = 256;

/** Creates progress for members that have none, drops that of those who left. Keeps the map in ascending order. */
export function adjustProgress(state: CoreState): void {
  const old = state.progress;
  const next = new Map<number, Progress>();
  for (const replica of allMembers(state.conf)) {
    next.set(replica, old?.get(replica) ?? startProgress(state, replica));
  }
  state.progress = next;
}

function startProgress(state: CoreState, replica: number): Progress {
  const progress = newProgress(replica, state.log.lastIndex + 1, state.config);
  // A member that just came has had no chance to answer: it does not count as silent yet.
  progress.isRecentlyActive = true;
  if (replica === state.self) {
    progress.match = state.durableIndex;
    progress.becomeReplicate();
  } else {
    // A new member hears from the leader at once, though there may be nothing to send.
    progress.wantsEmpty = true;
  }
  return progress;
}

/** Adds an entry to the leader's log. */
export function appendEntry(
  state: CoreState,
  type: EntryType,
  data: Uint8Array,
  command?: unknown,
): Entry {
  const { config, currentTerm: term } = state;
  const index = state.log.lastIndex + 1;
  const entry = config.createEntry(config.groupId, index, term, type, data, command);
  state.log.append(entry);
  state.uncommittedBytes += entrySize(entry);
  state.needsBroadcast = true;
  return entry;
}

/** Sends every follower what it lacks and may get now. */
export function broadcastAppends(state: CoreState): void {
  if (!state.needsBroadcast || state.progress === undefined) return;
  state.needsBroadcast = false;
  for (const progress of state.progress.values()) {
    if (progress.replica === state.self) continue;
    for (let sent = 0; sent < SENDS_PER_READY_MAX && sendAppend(state, progress); sent++);
  }
}

/** Sends one AppendEntries. False: nothing to send, or not now. */
function sendAppend(state: CoreState, progress: Progress): boolean {
  if (progress.isPaused || !hasNews(state, progress)) return false;
  const { log, config } = state;
  const prevIndex = progress.next - 1;
  const prevTerm = log.term(prevIndex);
  if (prevTerm === undefined) {
    requestSnapshot(state, progress);
    return false;
  }
  const isWindowFull = progress.state === "replicate" && progress.inflights.isFull;
  const to = isWindowFull ? prevIndex : log.lastIndex;
  const entries = log.slice(progress.next, to, config.maxEntriesBytesPerMessage);
  if (entries === undefined) {
    fetchFor(state, progress);
    return false;
  }
  sendEntries(state, progress, prevTerm, entries);
  return true;
}

function hasNews(state: CoreState, progress: Progress): boolean {
  if (progress.wantsEmpty || progress.next <= state.log.lastIndex) return true;
  return progress.state === "replicate" && progress.sentCommit < state.commitIndex;
}

function sendEntries(
  state: CoreState,
  progress: Progress,
  prevTerm: number,
  entries: readonly Entry[],
): void {
  state.send({
    type: MessageType.AppendEntries,
    to: progress.replica,
    index: progress.next - 1,
    logTerm: prevTerm,
    commit: state.commitIndex,
    entries,
  });
  let bytes = 0;
  for (const entry of entries) bytes += entrySize(entry);
  progress.sentCommit = state.commitIndex;
  progress.sent(entries.length, bytes);
}

function fetchFor(state: CoreState, progress: Progress): void {
  progress.isFetching = true;
  state.fetches.push({
    purpose: progress.replica,
    from: progress.next,
    to: state.log.lastIndex,
    maxBytes: state.config.maxEntriesBytesPerMessage,
  });
}

/** The follower is further back than the log: only a snapshot helps. Not while it is away, lest one is made for nobody. */
function requestSnapshot(state: CoreState, progress: Progress): void {
  if (!progress.isRecentlyActive) return;
  progress.becomeSnapshot(state.log.snapshotIndex);
  const atLeast = Math.max(state.log.compactedIndex, progress.snapshotAtLeast);
  state.snapshotRequests.push({ to: progress.replica, atLeast });
}

/** Entries fetched for a follower have come; what has changed meanwhile decides whether they are of use. */
export function onFetchedFor(
  state: CoreState,
  progress: Progress,
  entries: readonly Entry[] | undefined,
): void {
  if (!progress.isFetching) return;
  progress.isFetching = false;
  state.needsBroadcast = true;
  const first = entries?.[0];
  if (entries === undefined || first?.index !== progress.next || progress.isPaused) return;
  const prevTerm = state.log.term(progress.next - 1);
  const last = entries[entries.length - 1];
  if (prevTerm === undefined || last === undefined) return;
  if (state.log.term(last.index) !== last.term || progress.inflights.isFull) return;
  sendEntries(state, progress, prevTerm, entries);
}

/** Heartbeats tell no more than what the follower is known to have (Raft paper 5.3). */
export function broadcastHeartbeat(state: CoreState): void {
  state.heartbeatElapsed = 0;
  for (const progress of state.progress?.values() ?? []) {
    if (progress.replica === state.self) continue;
    state.send({
      type: MessageType.Heartbeat,
      to: progress.replica,
      commit: Math.min(progress.match, state.commitIndex),
      context: state.readRound,
    });
  }
}

/**
 * Commits what a quorum has on its disks, provided that it is of this term: an older entry that is on a majority may
 * still be replaced (Raft paper 5.4.2, figure 8). True: the commit index rose.
 */
export function maybeCommit(state: CoreState): boolean {
  const { progress } = state;
  if (progress === undefined) return false;
  const index = quorumValue(state.conf, (replica) => progress.get(replica)?.match ?? 0);
  if (index <= state.commitIndex || index > state.log.lastIndex) return false;
  if (state.log.term(index) !== state.currentTerm) return false;
  state.commitTo(index);
  state.needsBroadcast = true;
  return true;
}
