import type { CoreState } from "./core-state.ts";
import type { Progress } from "./progress.ts";

/** All state of a replica that decides what it does next, with keys and lists in a fixed order. */
export function dumpState(state: CoreState): Readonly<Record<string, unknown>> {
  return {
    role: state.role,
    leader: state.leader,
    currentTerm: state.currentTerm,
    votedFor: state.votedFor,
    isHardStateDirty: state.isHardStateDirty,
    durable: [state.durableTerm, state.durableVote, state.stableIndex],
    commitIndex: state.commitIndex,
    applied: [state.appliedIndex, state.handedToApply, state.applyingBytes],
    fetching: [state.isFetchingToApply, state.fetchedToApply?.length ?? 0],
    conf: state.conf,
    log: dumpLog(state),
    verifiedIndex: state.verifiedIndex,
    promise: state.promise ?? null,
    isPromiseDirty: state.isPromiseDirty,
    installing: state.installing ?? null,
    snapshotToHand: state.snapshotToHand ?? null,
    outstanding: state.pipeline.outstanding,
    timers: [state.electionElapsed, state.randomizedTimeout, state.heartbeatElapsed],
    isHibernating: state.isHibernating,
    votes: [...(state.votes ?? [])].sort(([left], [right]) => left - right),
    isTransferCampaign: state.isTransferCampaign,
    progress: [...(state.progress?.values() ?? [])].map(dumpProgress),
    leading: [state.pendingConfIndex, state.noopIndex, state.confBarrier],
    uncommitted: [state.uncommittedBytes, state.hasUnsizedTail],
    transfer: [state.transferee, state.transferElapsed],
    reads: [state.readRound, state.needsReadRound, state.pendingReads],
    pending: [state.isSoftDirty, state.needsBroadcast],
    messages: state.messages,
    afterMessages: state.afterMessages,
  };
}

function dumpLog(state: CoreState): unknown {
  const { log } = state;
  const tail: string[] = [];
  for (let index = log.tailFirst; index <= log.lastIndex; index++) {
    tail.push(`${index}:${log.term(index)}`);
  }
  return {
    compacted: [log.compactedIndex, log.compactedTerm],
    lastIndex: log.lastIndex,
    tail,
    holes: log.holes.ranges,
    hasUnhanded: log.hasUnhanded,
    lastConfChangeIndex: log.lastConfChangeIndex,
  };
}

function dumpProgress(progress: Progress): unknown {
  const { replica, state, match, next, sentCommit, pendingSnapshot, ackedRound } = progress;
  const flags = [
    progress.isFlowPaused,
    progress.wantsEmpty,
    progress.isRecentlyActive,
    progress.isFetching,
  ];
  const inflights = progress.inflights.indexes();
  const { matchAtRestart, forgotten, snapshotAtLeast } = progress;
  return {
    replica,
    state,
    match,
    next,
    sentCommit,
    pendingSnapshot,
    ackedRound,
    flags,
    inflights,
    matchAtRestart,
    forgotten,
    snapshotAtLeast,
  };
}
