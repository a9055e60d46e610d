import { decodeConfChange, encodeConfChange, isEncodable } from "./conf-change-codec.ts";
import { changeConf, isJoint, isVoter } from "./conf-changer.ts";
import type { ConfChange, ConfState } from "./conf-state.ts";
import type { CoreState } from "./core-state.ts";
import { type Entry, EntryType } from "./entry.ts";
import { NONE } from "./ids.ts";
import { abortTransfer, stepDown } from "./leader.ts";
import { adjustProgress, appendEntry, maybeCommit } from "./replication.ts";

const LEAVE_JOINT: ConfChange = { transition: "auto", steps: [], context: new Uint8Array(0) };

/** Why a change of members may not be proposed; undefined: it may. */
export function refusalOfChange(
  state: CoreState,
  change: ConfChange,
): "not-ready" | "pending-conf" | "invalid" | undefined {
  // Before an entry of this term is committed, an earlier leader's change could still come up: two majorities that do
  // not overlap (erratum of the single-server algorithm, 2015).
  if (!state.hasCommittedInTerm) return "not-ready";
  if (state.pendingConfIndex > state.appliedIndex) return "pending-conf";
  return isEncodable(change) && changeConf(state.conf, change).ok ? undefined : "invalid";
}

/** Appends the change to the leader's log; the next one has to wait until it is applied. */
export function appendChange(state: CoreState, change: ConfChange): Entry {
  const entry = appendEntry(state, EntryType.ConfChange, encodeConfChange(change));
  state.pendingConfIndex = entry.index;
  return entry;
}

/** The configuration takes effect. What is no valid change here changes nothing, and so on every replica. */
export function applyChange(state: CoreState, entry: Entry): ConfState {
  // The host may still have to apply what a snapshot has overtaken: the members in that are newer.
  const isOvertaken = entry.index <= Math.max(state.appliedIndex, state.installing?.index ?? 0);
  const change = isOvertaken ? undefined : decodeConfChange(entry.data);
  const result = change === undefined ? undefined : changeConf(state.conf, change);
  if (result?.ok !== true) return state.conf;
  state.conf = result.conf;
  state.confBarrier = state.log.lastIndex;
  if (state.role === "leader") adjustLeader(state);
  return state.conf;
}

/**
 * Whether a majority of the members would still know them after a restart: an entry is committed that this leader appended
 * when it knew, for the commit index that goes with it is stored, too. Before that, those who were removed may be needed again.
 */
export function isConfSettled(state: CoreState): boolean {
  return state.hasCommittedInTerm && state.commitIndex > state.confBarrier;
}

/** Appends what settles the members, unless something is on its way that does. */
export function settleConf(state: CoreState): void {
  const isUnderWay = state.log.lastIndex > state.confBarrier;
  if (!state.hasCommittedInTerm || isUnderWay || state.transferee !== NONE) return;
  state.wake();
  appendEntry(state, EntryType.Noop, state.config.noopData);
}

function adjustLeader(state: CoreState): void {
  if (!isVoter(state.conf, state.self)) {
    adjustProgress(state);
    stepDown(state);
    return;
  }
  adjustProgress(state);
  state.needsBroadcast = true;
  if (!isVoter(state.conf, state.transferee)) abortTransfer(state);
  maybeCommit(state);
}

/** A joint configuration with auto-leave is left by whoever leads when its change is applied. */
export function maybeLeaveJoint(state: CoreState): void {
  if (state.role !== "leader" || !state.conf.autoLeave || !isJoint(state.conf)) return;
  if (state.pendingConfIndex > state.appliedIndex) return;
  appendChange(state, LEAVE_JOINT);
}
