import type { CoreState } from "./core-state.ts";
import { type Entry, entrySize } from "./entry.ts";
import { NONE } from "./ids.ts";
import { invariant } from "./invariant.ts";

const NOTHING: readonly Entry[] = [];

/**
 * A group whose only member is this one may run ahead of the disk, if so configured: how far; 0: it may not. Never past a
 * change of members that is not applied yet, for with it another replica may start to count. A change that this
 * leader appended is the only one that is not applied; where it found older ones, it waits until all are.
 */
function aheadLimit(state: CoreState): number {
  const { log, config, role } = state;
  if (!config.appliesBeforeDurable || role !== "leader" || !state.isAlone) return 0;
  const change = log.lastConfChangeIndex;
  if (change <= state.appliedIndex) return log.contiguousLast;
  return change > state.noopIndex ? change - 1 : 0;
}

/** Last index that may be given out to be applied. */
function applyLimit(state: CoreState): number {
  if (state.installing !== undefined) return 0;
  return Math.max(Math.min(state.commitIndex, state.durableIndex), aheadLimit(state));
}

/** Whether there is something to apply, or to fetch in order to apply it. */
export function hasCommitted(state: CoreState): boolean {
  if (state.isFetchingToApply || state.handedToApply >= applyLimit(state)) return false;
  return state.applyingBytes < state.config.maxApplyingBytes;
}

/** The next committed entries to apply; asks for them if they are not in memory. */
export function takeCommitted(state: CoreState): readonly Entry[] {
  if (!hasCommitted(state)) return NOTHING;
  const from = state.handedToApply + 1;
  const to = applyLimit(state);
  const room = state.config.maxApplyingBytes - state.applyingBytes;
  const committed = takeFetched(state, from, to) ?? state.log.slice(from, to, room);
  if (committed === undefined) {
    state.isFetchingToApply = true;
    state.fetches.push({ purpose: NONE, from, to, maxBytes: room });
    return NOTHING;
  }
  noteHanded(state, committed);
  return committed;
}

function noteHanded(state: CoreState, entries: readonly Entry[]): void {
  const last = entries[entries.length - 1];
  if (last === undefined) return;
  let bytes = 0;
  for (const entry of entries) bytes += entrySize(entry);
  state.handedToApply = last.index;
  state.applyingBytes += bytes;
  state.applying.push({ lastIndex: last.index, bytes });
}

/** The fetched entries, if they still are what comes next. */
function takeFetched(state: CoreState, from: number, to: number): readonly Entry[] | undefined {
  const fetched = state.fetchedToApply;
  state.fetchedToApply = undefined;
  const first = fetched?.[0];
  if (fetched === undefined || first === undefined || first.index !== from) return undefined;
  return fetched.filter((entry) => entry.index <= to);
}

/** The state machine has applied entries up to `index`. */
export function noteApplied(state: CoreState, index: number): void {
  invariant(index <= state.handedToApply, "applied more than was given out");
  if (index <= state.appliedIndex) return;
  state.appliedIndex = index;
  let done = 0;
  for (const batch of state.applying) {
    if (batch.lastIndex > index) break;
    state.applyingBytes -= batch.bytes;
    done++;
  }
  if (done > 0) state.applying = state.applying.slice(done);
  trimLog(state);
}

/** Memory need not hold what is durable, committed and applied (a group of one may have applied what is not committed). */
export function trimLog(state: CoreState): void {
  state.log.forgetOldHoles(state.appliedIndex);
  state.log.trim(Math.min(state.appliedIndex, state.commitIndex, state.durableIndex));
}
