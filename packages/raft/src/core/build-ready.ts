import { hasCommitted, takeCommitted } from "./apply.ts";
import type { CoreState } from "./core-state.ts";
import type { HardState } from "./hard-state.ts";
import type { RaftMessage } from "./message.ts";
import { startReadRound } from "./reads.ts";
import type { Append, Ready } from "./ready.ts";
import { broadcastAppends } from "./replication.ts";

const NONE_OF_ALL: readonly never[] = [];

/** Whether {@link buildReady} would have something to tell. */
export function isReady(state: CoreState): boolean {
  return (
    mustAppend(state) ||
    hasMessages(state) ||
    hasCommitted(state) ||
    state.isSoftDirty ||
    hasAnswers(state)
  );
}

function hasMessages(state: CoreState): boolean {
  return (
    state.messages.length > 0 ||
    state.afterMessages.length > 0 ||
    state.needsBroadcast ||
    (state.needsReadRound && state.hasCommittedInTerm)
  );
}

function hasAnswers(state: CoreState): boolean {
  return (
    state.reads.length > 0 ||
    state.snapshotRequests.length > 0 ||
    state.fetches.length > 0 ||
    state.events.length > 0
  );
}

/** Something has to reach the disk. */
function mustAppend(state: CoreState): boolean {
  return (
    state.isHardStateDirty ||
    state.isPromiseDirty ||
    state.snapshotToHand !== undefined ||
    state.log.hasUnhanded
  );
}

/** Takes everything that is to be done out of the state. */
export function buildReady(state: CoreState): Ready {
  startReadRound(state);
  broadcastAppends(state);
  const committed = takeCommitted(state);
  const append = takeAppend(state);
  return {
    soft: takeSoft(state),
    append,
    messages: takeMessages(state),
    committed,
    ...takeAnswers(state),
  };
}

function takeSoft(state: CoreState): Ready["soft"] {
  if (!state.isSoftDirty) return undefined;
  state.isSoftDirty = false;
  return { role: state.role, leader: state.leader, term: state.currentTerm };
}

type Answers = Pick<Ready, "reads" | "snapshotRequests" | "fetches" | "events">;

const NO_ANSWERS: Answers = {
  reads: NONE_OF_ALL,
  snapshotRequests: NONE_OF_ALL,
  fetches: NONE_OF_ALL,
  events: NONE_OF_ALL,
};

function takeAnswers(state: CoreState): Answers {
  if (!hasAnswers(state)) return NO_ANSWERS;
  const { reads, snapshotRequests, fetches, events } = state;
  state.reads = [];
  state.snapshotRequests = [];
  state.fetches = [];
  state.events = [];
  return { reads, snapshotRequests, fetches, events };
}

function takeMessages(state: CoreState): readonly RaftMessage[] {
  const { messages } = state;
  if (messages.length === 0) return NONE_OF_ALL;
  state.messages = [];
  return messages;
}

/**
 * The next write. Messages that rest on what is not durable yet ride behind it; if there is nothing new to write, an empty
 * append carries them behind those that are on their way.
 */
function takeAppend(state: CoreState): Append | undefined {
  const after = takeAfterMessages(state);
  if (mustAppend(state) || (after.length > 0 && !state.pipeline.isEmpty)) {
    return makeAppend(state, after);
  }
  for (const message of after) state.messages.push(message);
  return undefined;
}

function takeAfterMessages(state: CoreState): readonly RaftMessage[] {
  const after = state.afterMessages;
  if (after.length === 0) return NONE_OF_ALL;
  state.afterMessages = [];
  return after;
}

function makeAppend(state: CoreState, after: readonly RaftMessage[]): Append {
  const { entries, repairs } = state.log.takeUnhanded();
  const hardState = takeHardState(state, entries.length + repairs.length > 0);
  const snapshot = state.snapshotToHand;
  state.snapshotToHand = undefined;
  const seq = state.pipeline.add({
    stableUpTo: entries[entries.length - 1]?.index ?? 0,
    hardState,
    firstRepair: repairs[0]?.index ?? Number.POSITIVE_INFINITY,
    snapshotIndex: snapshot?.meta.index ?? 0,
  });
  const promise = takePromise(state);
  const keepsSuffix = snapshot?.keepsSuffix ?? false;
  return {
    seq,
    hardState,
    entries,
    repairs,
    snapshot: snapshot?.meta,
    keepsSuffix,
    promise,
    after,
  };
}

function takePromise(state: CoreState): Append["promise"] {
  if (!state.isPromiseDirty) return undefined;
  state.isPromiseDirty = false;
  return state.promise ?? { term: 0, index: 0 };
}

/** Entries always travel with the commit index that is known: see HardState. */
function takeHardState(state: CoreState, hasEntries: boolean): HardState | undefined {
  if (!hasEntries && !state.isHardStateDirty && state.snapshotToHand === undefined)
    return undefined;
  state.isHardStateDirty = false;
  const { currentTerm, votedFor, commitIndex } = state;
  return { currentTerm, votedFor, commitIndex };
}
