import { noteApplied, trimLog } from "./apply.ts";
import { buildReady, isReady } from "./build-ready.ts";
import type { ConfChange, ConfState } from "./conf-state.ts";
import { dumpState } from "./core-dump.ts";
import { CoreState } from "./core-state.ts";
import { loseEntries } from "./damage.ts";
import {
  handlePreVote,
  handleRequestVote,
  handleTimeoutNow,
  handleVoteReply,
  isRefusedByLoyalty,
  onOwnVoteDurable,
  startPreVote,
} from "./election.ts";
import { ENTRY_OVERHEAD, type Entry, EntryType } from "./entry.ts";
import {
  fulfilPromise,
  handleAppendEntries,
  handleHeartbeat,
  handleInstallSnapshot,
  handleLeaderGone,
  handlePromise,
  onSnapshotDurable,
} from "./follower.ts";
import type { IndexRange } from "./hard-state.ts";
import { canHibernate, handleHibernate, hibernate } from "./hibernation.ts";
import { NONE, type ReplicaId } from "./ids.ts";
import {
  handleAppendReply,
  handleDamage,
  handleHeartbeatReply,
  stepDown,
  tickLeader,
  transferLeader,
} from "./leader.ts";
import type { LogView } from "./log-view.ts";
import {
  appendChange,
  applyChange,
  isConfSettled,
  maybeLeaveJoint,
  refusalOfChange,
  settleConf,
} from "./membership.ts";
import { MessageType, type RaftMessage } from "./message.ts";
import {
  adoptsTerm,
  areInOrder,
  isFromLeader,
  isLateNotice,
  isLateReply,
  KNOWN_TYPES,
  TERM_MAX,
} from "./message-rules.ts";
import type { Progress } from "./progress.ts";
import type { RaftConfig } from "./raft-config.ts";
import { handleReadIndex, handleReadIndexReply, startRead, tickReads } from "./reads.ts";
import type { CoreInit, Ready, Role } from "./ready.ts";
import { appendEntry, maybeCommit, onFetchedFor } from "./replication.ts";

/** Why a proposal was not taken; nothing of it is in the log. */
export type ProposeRefusal =
  | "not-leader"
  | "busy"
  | "transferring"
  | "not-ready"
  | "pending-conf"
  | "invalid";

export type ProposeResult =
  | { readonly ok: true; readonly index: number; readonly term: number }
  | { readonly ok: false; readonly why: ProposeRefusal; readonly leader: ReplicaId };

/**
 * One replica's part of the Raft protocol, as a pure state machine: messages, ticks and proposals in; what is to be stored,
 * sent and applied out (`ready`). No clock, no I/O, no chance but the seeded jitter of elections.
 *
 * The host calls `ready` when `hasReady`, hands the append to storage, sends `messages` at once and `append.after` when the append is
 * durable, reports that by `onAppended`, and applies `committed` in order, reporting that by `onApplied`.
 * PreVote, CheckQuorum and loyalty to a leader that is alive are always on: each alone leaves a hole (Raft dissertation 9.6).
 */
export class RaftCore {
  readonly #state: CoreState;

  private constructor(state: CoreState) {
    this.#state = state;
  }

  /** Continues a replica from what storage has of it. */
  static restore(config: RaftConfig, init: CoreInit, log: LogView): RaftCore {
    return new RaftCore(new CoreState(config, init, log));
  }

  get self(): ReplicaId {
    return this.#state.self;
  }
  get groupId(): number {
    return this.#state.config.groupId;
  }
  get groupEpoch(): number {
    return this.#state.config.groupEpoch;
  }
  get role(): Role {
    return this.#state.role;
  }
  /** NONE: not known. */
  get leader(): ReplicaId {
    return this.#state.leader;
  }
  get currentTerm(): number {
    return this.#state.currentTerm;
  }
  get votedFor(): ReplicaId {
    return this.#state.votedFor;
  }
  get commitIndex(): number {
    return this.#state.commitIndex;
  }
  get appliedIndex(): number {
    return this.#state.appliedIndex;
  }
  /** Everything up to here is on this replica's disk. */
  get durableIndex(): number {
    return this.#state.durableIndex;
  }
  get lastIndex(): number {
    return this.#state.log.lastIndex;
  }
  /** Last index before the first hole; `lastIndex` if there is none. */
  get contiguousLast(): number {
    return this.#state.log.contiguousLast;
  }
  get firstIndex(): number {
    return this.#state.log.compactedIndex + 1;
  }
  /** Replaced, never changed, by a change of members. */
  get conf(): ConfState {
    return this.#state.conf;
  }
  get isHibernating(): boolean {
    return this.#state.isHibernating;
  }
  /** Entries are missing, or it forgot what it had acknowledged: it cannot lead before peers have repaired it. */
  get isDamaged(): boolean {
    const { log, promise, isRepairing } = this.#state;
    return !log.holes.isEmpty || promise !== undefined || isRepairing;
  }
  /** A snapshot was accepted and is not durable yet: `conf` is of its index, not of the applied one. */
  get isInstalling(): boolean {
    return this.#state.installing !== undefined;
  }
  get hasPromise(): boolean {
    return this.#state.promise !== undefined;
  }
  get holes(): readonly IndexRange[] {
    return this.#state.log.holes.ranges;
  }
  /** To whom leadership is being handed; NONE: nobody. */
  get transferee(): ReplicaId {
    return this.#state.transferee;
  }
  /** Bytes of entries proposed here and not yet committed. */
  get uncommittedBytes(): number {
    return this.#state.uncommittedBytes;
  }
  /** An entry of this leader's term is committed: it may serve reads and change members. */
  get isLeaderReady(): boolean {
    return this.#state.hasCommittedInTerm;
  }

  /** Index of the entry with which this leader's term began; meaningless if it does not lead. */
  get termStart(): number {
    return this.#state.noopIndex;
  }

  /** Replicas that this leader's members do not contain are not needed any more, whoever restarts. See {@link settleConf}. */
  get isConfSettled(): boolean {
    return isConfSettled(this.#state);
  }

  /** undefined: compacted, damaged or beyond the end. */
  termAt(index: number): number | undefined {
    return this.#state.log.term(index);
  }

  /** An entry that is still in memory. */
  entryInMemory(index: number): Entry | undefined {
    return this.#state.log.inTail(index);
  }

  /** What this leader knows of a member; undefined: it does not lead, or there is no such member. */
  progress(replica: ReplicaId): Progress | undefined {
    return this.#state.progress?.get(replica);
  }

  /** All that decides the future, in a fixed order, for dumps and for comparing states. */
  dump(): Readonly<Record<string, unknown>> {
    return dumpState(this.#state);
  }

  /** Time passes. Nothing happens to a hibernating group. */
  tick(count = 1): void {
    const state = this.#state;
    for (let done = 0; done < count && !state.isHibernating; done++) {
      tickReads(state);
      if (state.role === "leader") tickLeader(state);
      else if (++state.electionElapsed >= state.randomizedTimeout) this.campaign();
    }
  }

  /**
   * Takes a message. "": taken; otherwise "ignored:" and why. Never throws for what a peer says.
   * @throws RaftInvariantError if the replica contradicts itself
   */
  step(message: RaftMessage): string {
    const state = this.#state;
    const fault = this.#faultOf(message);
    if (fault !== "") return `ignored:${fault}`;
    if (isLateReply(state, message)) return "ignored:late-reply";
    state.log.forgetOldHoles(state.appliedIndex);
    // A sleeper's loyalty depends on its leader's node, so it is decided before it wakes.
    const isRefused = message.term > state.currentTerm && isRefusedByLoyalty(state, message);
    if (message.type !== MessageType.Hibernate && !isLateNotice(state, message)) state.wake();
    if (isRefused) return "ignored:leader-is-alive";
    if (message.term > state.currentTerm) {
      if (adoptsTerm(message)) {
        state.becomeFollower(message.term, isFromLeader(message) ? message.from : NONE);
      }
    } else if (message.term < state.currentTerm) {
      return this.#stepOld(message);
    }
    return this.#stepCurrent(message);
  }

  /** "": a message that is meant for this replica and makes sense. */
  #faultOf(message: RaftMessage): string {
    const { config } = this.#state;
    if (message.groupId !== config.groupId) return "other-group";
    if (message.epoch !== config.groupEpoch) return "other-epoch";
    if (message.to !== config.self) return "other-replica";
    if (message.from === config.self || message.from === NONE) return "own-message";
    if (!KNOWN_TYPES.has(message.type)) return "unknown-type";
    if (message.term > TERM_MAX) return "term-too-high";
    return message.entries.length > 0 && !areInOrder(message) ? "entries-out-of-order" : "";
  }

  /** A message of a term that is over: the sender may have to learn that. */
  #stepOld(message: RaftMessage): string {
    const state = this.#state;
    const { from: to, index } = message;
    if (isFromLeader(message)) {
      // Without this, a replica with a high term that nobody elects could never join again.
      const hint = state.log.contiguousLast;
      const type = MessageType.AppendEntriesReply;
      state.sendAfter({ type, to, reject: true, index, hint, context: hint });
    } else if (message.type === MessageType.PreVote) {
      // A candidate has to answer a pre-candidate of a lower term, or the two wait for each other for ever.
      state.sendAfter({ type: MessageType.PreVoteReply, to, reject: true });
    } else if (message.type === MessageType.RequestVote) {
      state.sendAfter({ type: MessageType.RequestVoteReply, to, reject: true });
    }
    return "ignored:old-term";
  }

  #stepCurrent(message: RaftMessage): string {
    const state = this.#state;
    switch (message.type) {
      case MessageType.AppendEntries:
      case MessageType.Heartbeat:
      case MessageType.InstallSnapshot:
      case MessageType.Hibernate:
        return this.#stepFromLeader(message);
      case MessageType.AppendEntriesReply:
      case MessageType.HeartbeatReply:
      case MessageType.Damage:
        return this.#stepReply(message);
      case MessageType.PreVote:
        handlePreVote(state, message);
        return "";
      case MessageType.RequestVote:
        handleRequestVote(state, message);
        return "";
      case MessageType.PreVoteReply:
      case MessageType.RequestVoteReply:
        handleVoteReply(state, message);
        return "";
      case MessageType.TimeoutNow:
        handleTimeoutNow(state, message.from);
        return "";
      case MessageType.ReadIndex:
        handleReadIndex(state, message);
        return "";
      case MessageType.ReadIndexReply:
        handleReadIndexReply(state, message);
        return "";
      case MessageType.LeaderGone:
        handleLeaderGone(state, message);
        return "";
      case MessageType.Promise:
        handlePromise(state, message);
        return "";
      default:
        message.type satisfies never;
        return "";
    }
  }

  #stepFromLeader(message: RaftMessage): string {
    const state = this.#state;
    if (state.role === "leader") return "ignored:second-leader";
    if (state.role !== "follower" || state.leader !== message.from) {
      state.becomeFollower(state.currentTerm, message.from);
    }
    state.electionElapsed = 0;
    if (message.type === MessageType.AppendEntries) handleAppendEntries(state, message);
    else if (message.type === MessageType.Heartbeat) handleHeartbeat(state, message);
    else if (message.type === MessageType.InstallSnapshot) handleInstallSnapshot(state, message);
    else handleHibernate(state, message);
    return "";
  }

  #stepReply(message: RaftMessage): string {
    const state = this.#state;
    if (state.role !== "leader") return "ignored:not-leader";
    const progress = state.progress?.get(message.from);
    if (progress === undefined) return "ignored:not-a-member";
    if (message.type === MessageType.HeartbeatReply) handleHeartbeatReply(state, progress, message);
    else if (message.type === MessageType.Damage) handleDamage(state, progress, message);
    else handleAppendReply(state, progress, message);
    return "";
  }

  /** Appends a command to the log, if this replica leads. `command` is what `data` encodes; `data` belongs to the log now. */
  propose(data: Uint8Array, command?: unknown): ProposeResult {
    const state = this.#state;
    const refusal = this.#refusal();
    if (refusal !== undefined) return refusal;
    const size = ENTRY_OVERHEAD + data.length;
    const isOver = state.uncommittedBytes + size > state.config.maxUncommittedBytes;
    if (isOver && state.uncommittedBytes > 0) return this.#refuse("busy");
    // A log that never gets committed would grow by the limit with each restart of its leader.
    if (state.hasUnsizedTail && !state.hasCommittedInTerm) return this.#refuse("busy");
    state.wake();
    const { index, term } = appendEntry(state, EntryType.Command, data, command);
    return { ok: true, index, term };
  }

  /** Appends a change of members. One at a time; takes effect when it is applied. */
  proposeConfChange(change: ConfChange): ProposeResult {
    const refusal = this.#refusal();
    if (refusal !== undefined) return refusal;
    const why = refusalOfChange(this.#state, change);
    if (why !== undefined) return this.#refuse(why);
    this.#state.wake();
    const { index, term } = appendChange(this.#state, change);
    return { ok: true, index, term };
  }

  #refusal(): ProposeResult | undefined {
    const { role, transferee } = this.#state;
    if (role !== "leader") return this.#refuse("not-leader");
    return transferee === NONE ? undefined : this.#refuse("transferring");
  }

  #refuse(why: ProposeRefusal): ProposeResult {
    return { ok: false, why, leader: this.#state.leader };
  }

  /** Has a leader append an entry if that is what {@link isConfSettled} still lacks. */
  settleConf(): void {
    settleConf(this.#state);
  }

  /**
   * Asks for an index that reflects everything acknowledged so far; it comes in `Ready.reads` with this `context`, which
   * no other pending read of this replica may have. False: no leader is known, or too many wait.
   */
  readIndex(context: number): boolean {
    if (this.#state.leader === NONE) return false;
    this.#state.wake();
    return startRead(this.#state, context);
  }

  /** Hands leadership to a voter. False: this is no leader, or that one cannot take it. */
  transferLeader(to: ReplicaId): boolean {
    if (this.#state.role !== "leader") return false;
    this.#state.wake();
    return transferLeader(this.#state, to);
  }

  /** Starts an election now, with PreVote. Nothing happens where this replica may not lead. */
  campaign(): void {
    const state = this.#state;
    if (state.role === "leader") return;
    state.wake();
    if (state.mayCampaign) startPreVote(state);
    // Not loyal for ever either: those who may lead need this vote.
    else state.becomeFollower(state.currentTerm, NONE);
  }

  /** The leader's node is gone: grant votes without waiting for the timeout. Keeps term and vote. */
  forgetLeader(): void {
    const state = this.#state;
    if (state.role !== "follower") return;
    state.wake();
    state.failReads();
    state.setRole("follower", NONE);
    state.verifiedIndex = 0;
  }

  /** Stops leading, for instance before the process ends. */
  stepDown(): void {
    if (this.#state.role !== "leader") return;
    this.#state.wake();
    stepDown(this.#state);
  }

  /** Messages to a member were lost. */
  reportUnreachable(replica: ReplicaId): void {
    const progress = this.#state.progress?.get(replica);
    if (progress?.state === "replicate") progress.becomeProbe();
  }

  /** A snapshot has been transferred, or the attempt failed; then it is asked for again after a heartbeat. */
  reportSnapshot(replica: ReplicaId, ok: boolean): void {
    const progress = this.#state.progress?.get(replica);
    if (progress === undefined || progress.state !== "snapshot") return;
    if (!ok) progress.pendingSnapshot = 0;
    progress.becomeProbe();
    progress.isFlowPaused = true;
  }

  /** The node of a member has restarted: what it had not acknowledged is gone, what it had must still be there. */
  peerRestarted(replica: ReplicaId): void {
    const progress = this.#state.progress?.get(replica);
    if (progress === undefined || replica === this.#state.self) return;
    progress.matchAtRestart = progress.match;
    if (progress.state === "snapshot") progress.pendingSnapshot = 0;
    progress.becomeProbe();
    progress.wantsEmpty = true;
    if (!this.#state.isHibernating) this.#state.needsBroadcast = true;
  }

  /**
   * Entries that had been whole cannot be read any more. Those that are still in memory are written again; for others a leader
   * steps down, and peers repair them.
   */
  reportDamage(range: IndexRange): void {
    loseEntries(this.#state, range);
  }

  canHibernate(): boolean {
    return canHibernate(this.#state);
  }

  /** Puts the group to sleep, if it may. */
  hibernate(): void {
    if (canHibernate(this.#state)) hibernate(this.#state);
  }

  /** Ends hibernation: a leader sends heartbeats, a follower waits for a full election timeout. */
  wake(): void {
    this.#state.wake();
  }

  hasReady(): boolean {
    return isReady(this.#state);
  }

  /** What is to be done now. Everything in it belongs to the caller. */
  ready(): Ready {
    return buildReady(this.#state);
  }

  /** Append `seq`, and all before it, is durable. Call it in order. */
  onAppended(seq: number): void {
    const state = this.#state;
    const { stableUpTo, hardState, snapshotIndex } = state.pipeline.complete(seq);
    state.stableIndex = Math.max(state.stableIndex, stableUpTo);
    if (snapshotIndex > 0) onSnapshotDurable(state, snapshotIndex);
    if (hardState !== undefined) {
      state.durableTerm = hardState.currentTerm;
      state.durableVote = hardState.votedFor;
      if (this.#isOwnVote()) onOwnVoteDurable(state);
    }
    this.#acknowledgeSelf();
    trimLog(state);
    fulfilPromise(state);
  }

  #isOwnVote(): boolean {
    const { durableTerm, durableVote, currentTerm, self } = this.#state;
    return durableTerm === currentTerm && durableVote === self;
  }

  /** The leader's own disk counts as any other's. */
  #acknowledgeSelf(): void {
    const state = this.#state;
    const own = state.progress?.get(state.self);
    if (own === undefined) return;
    own.match = Math.max(own.match, state.durableIndex);
    maybeCommit(state);
  }

  /** The state machine has applied everything up to `index`. */
  onApplied(index: number): void {
    noteApplied(this.#state, index);
    maybeLeaveJoint(this.#state);
  }

  /** The host reached a ConfChange entry while applying. @returns the members from now on */
  applyConfChange(entry: Entry): ConfState {
    return applyChange(this.#state, entry);
  }

  /** Answers a fetch. An answer that comes too late, or failed, is ignored and asked for again if still needed. */
  onFetched(purpose: ReplicaId, result: readonly Entry[] | "compacted" | "damaged"): void {
    const state = this.#state;
    const entries = typeof result === "string" ? undefined : result;
    if (purpose === NONE) {
      state.isFetchingToApply = false;
      state.fetchedToApply = entries;
      return;
    }
    const progress = state.progress?.get(purpose);
    if (progress === undefined) return;
    onFetchedFor(state, progress, entries);
    // Not at once again: who reads it reports the damage, which ends this leadership.
    if (result === "damaged") progress.isFlowPaused = true;
  }
}
