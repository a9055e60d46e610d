import type { CoreState, PendingRead } from "./core-state.ts";
import { NONE, type ReplicaId } from "./ids.ts";
import { MessageType, type RaftMessage } from "./message.ts";
import type { Progress } from "./progress.ts";
import { quorumValue } from "./quorum.ts";
import { broadcastHeartbeat } from "./replication.ts";

/** Reads waiting at one replica; more are refused. */
const PENDING_READS_MAX = 4096;

/** Asks for a point in the log that reflects everything acknowledged so far (Raft dissertation 6.4). False: not now. */
export function startRead(state: CoreState, context: number): boolean {
  if (state.role === "leader") return addRead(state, state.self, context);
  if (state.role !== "follower" || state.leader === NONE) return false;
  if (state.pendingReads.length >= PENDING_READS_MAX) return false;
  state.pendingReads.push(newRead(state, state.self, context));
  state.send({ type: MessageType.ReadIndex, to: state.leader, context });
  return true;
}

function newRead(state: CoreState, from: ReplicaId, context: number): PendingRead {
  return { from, context, index: 0, round: 0, ticksLeft: 2 * state.config.electionTicks };
}

/** Leader: the read is answered after the next round of heartbeats, all that come meanwhile together. */
function addRead(state: CoreState, from: ReplicaId, context: number): boolean {
  if (state.pendingReads.length >= PENDING_READS_MAX) return false;
  state.pendingReads.push(newRead(state, from, context));
  state.needsReadRound = true;
  return true;
}

/** A follower asks on behalf of its reader. */
export function handleReadIndex(state: CoreState, message: RaftMessage): void {
  if (state.role === "leader" && addRead(state, message.from, message.context)) return;
  const fields = { type: MessageType.ReadIndexReply, to: message.from, context: message.context };
  state.send({ ...fields, reject: true });
}

/** The leader answered a read of this replica. */
export function handleReadIndexReply(state: CoreState, message: RaftMessage): void {
  const at = state.pendingReads.findIndex((read) => read.context === message.context);
  if (at < 0 || state.role !== "follower") return;
  state.pendingReads.splice(at, 1);
  state.reads.push({ context: message.context, index: message.reject ? -1 : message.index });
}

/**
 * Gives reads that have none their round. Only a leader that has committed in its term knows the commit index; and the round
 * has to start after the question, or the leader might have been replaced in between.
 */
export function startReadRound(state: CoreState): void {
  if (!state.needsReadRound || !state.hasCommittedInTerm) return;
  state.needsReadRound = false;
  state.readRound++;
  for (const read of state.pendingReads) {
    if (read.round !== 0) continue;
    read.round = state.readRound;
    read.index = state.commitIndex;
  }
  broadcastHeartbeat(state);
  finishReads(state);
}

/** A member answered a heartbeat of this round. */
export function onRoundAcknowledged(state: CoreState, from: Progress, round: number): void {
  if (round <= from.ackedRound || round > state.readRound) return;
  from.ackedRound = round;
  finishReads(state);
}

function finishReads(state: CoreState): void {
  const { progress, self } = state;
  if (state.pendingReads.length === 0 || progress === undefined) return;
  const confirmed = quorumValue(state.conf, (replica) =>
    replica === self ? state.readRound : (progress.get(replica)?.ackedRound ?? 0),
  );
  const waiting: PendingRead[] = [];
  for (const read of state.pendingReads) {
    if (read.round === 0 || read.round > confirmed) waiting.push(read);
    else answer(state, read);
  }
  state.pendingReads = waiting;
}

function answer(state: CoreState, read: PendingRead): void {
  if (read.from === state.self) {
    state.reads.push({ context: read.context, index: read.index });
    return;
  }
  state.send({
    type: MessageType.ReadIndexReply,
    to: read.from,
    index: read.index,
    context: read.context,
  });
}

/** A follower's question or its answer may have been lost. */
export function tickReads(state: CoreState): void {
  if (state.pendingReads.length === 0 || state.role === "leader") return;
  for (const read of state.pendingReads) {
    read.ticksLeft--;
    if (read.ticksLeft <= 0) state.reads.push({ context: read.context, index: -1 });
  }
  state.pendingReads = state.pendingReads.filter((read) => read.ticksLeft > 0);
}
