import { AppendPipeline } from "./append-pipeline.ts";
import { isJoint, isVoter } from "./conf-changer.ts";
import type { ConfState } from "./conf-state.ts";
import { type Entry, entrySize } from "./entry.ts";
import type { LogPosition } from "./hard-state.ts";
import { NONE, type ReplicaId } from "./ids.ts";
import { invariant } from "./invariant.ts";
import type { LogView } from "./log-view.ts";
import { MessageType, type RaftMessage, type SnapshotMeta } from "./message.ts";
import type { Progress } from "./progress.ts";
import type { RaftConfig } from "./raft-config.ts";
import { RaftLog } from "./raft-log.ts";
import { Random } from "./random.ts";
import type { CoreEvent, CoreInit, Fetch, Role } from "./ready.ts";

const NO_ENTRIES: readonly Entry[] = [];

/** What a message says beyond the fields that all messages of this replica share. */
export interface MessageFields {
  readonly type: MessageType;
  readonly to: ReplicaId;
  /** Default: the current term. */
  readonly term?: number;
  readonly index?: number;
  readonly logTerm?: number;
  readonly commit?: number;
  readonly hint?: number;
  readonly context?: number;
  readonly reject?: boolean;
  readonly entries?: readonly Entry[];
}

/** A read that waits for its round (leader) or for the leader's answer (follower). */
export interface PendingRead {
  /** Who asked: this replica or a follower. */
  readonly from: ReplicaId;
  /** The reader's number. */
  readonly context: number;
  /** Commit index when it was asked; what the reader has to have applied. */
  index: number;
  /** Leader: the heartbeat round that proves leadership after the question; 0: not assigned yet. */
  round: number;
  /** Follower: ticks until it is given up. */
  ticksLeft: number;
}

/** A committed batch given out to be applied. */
interface ApplyingBatch {
  readonly lastIndex: number;
  readonly bytes: number;
}

/** All state of a replica, shared by the files of this folder that each know one part of the protocol. */
export class CoreState {
  readonly config: RaftConfig;
  readonly log: RaftLog;
  readonly pipeline: AppendPipeline = new AppendPipeline();
  readonly random: Random;

  role: Role = "follower";
  leader: ReplicaId = NONE;
  currentTerm: number;
  votedFor: ReplicaId;
  commitIndex: number;
  conf: ConfState;

  /** Term and vote that are on the disk for sure. */
  durableTerm: number;
  durableVote: ReplicaId;
  /** Term or vote changed since the last append was made. */
  isHardStateDirty = false;
  /** Entries up to here are durable, apart from holes and repairs on their way. */
  stableIndex: number;
  /** The state machine reflects entries up to here. */
  appliedIndex: number;
  /** Entries up to here were given out to be applied. */
  handedToApply: number;
  applyingBytes = 0;
  applying: ApplyingBatch[] = [];
  /** The answer to a fetch of entries to apply. */
  fetchedToApply: readonly Entry[] | undefined;
  isFetchingToApply = false;
  /** Verified to agree with the present leader's log, in this life; limits what a heartbeat may commit. */
  verifiedIndex = 0;
  promise: LogPosition | undefined;
  isPromiseDirty = false;
  /** A snapshot accepted and not yet durable. */
  installing: SnapshotMeta | undefined;
  /** The snapshot to put into the next append. */
  snapshotToHand: { readonly meta: SnapshotMeta; readonly keepsSuffix: boolean } | undefined;

  electionElapsed = 0;
  randomizedTimeout = 0;
  heartbeatElapsed = 0;
  isHibernating = false;

  /** Candidate, pre-candidate: answers so far. */
  votes: Map<ReplicaId, boolean> | undefined;
  isTransferCampaign = false;

  /** Leader: members by replica, in ascending order, this one included. */
  progress: Map<ReplicaId, Progress> | undefined;
  /** Leader: no change of members may be proposed before this index is applied. */
  pendingConfIndex = 0;
  /** Leader: index of the no-op that started the term. */
  noopIndex = 0;
  /** Where the log ended when the members last changed here: what is appended after it travels with the knowledge that they did. */
  confBarrier = 0;
  uncommittedBytes = 0;
  /** Leader: what it found uncommitted in its log is partly on the disk only: nobody knows how many bytes that is. */
  hasUnsizedTail = false;
  /** Leader: followers may have to be sent something. */
  needsBroadcast = false;
  transferee: ReplicaId = NONE;
  transferElapsed = 0;
  readRound = 0;
  needsReadRound = false;
  pendingReads: PendingRead[] = [];

  // What the next Ready will hold.
  isSoftDirty = false;
  messages: RaftMessage[] = [];
  afterMessages: RaftMessage[] = [];
  reads: { readonly context: number; readonly index: number }[] = [];
  snapshotRequests: { readonly to: ReplicaId; readonly atLeast: number }[] = [];
  fetches: Fetch[] = [];
  events: CoreEvent[] = [];

  constructor(config: RaftConfig, init: CoreInit, view: LogView) {
    const { currentTerm, votedFor, commitIndex } = init.hardState;
    this.config = config;
    this.log = new RaftLog(view, init.holes);
    this.random = new Random(config.seed);
    this.currentTerm = currentTerm;
    this.votedFor = votedFor;
    this.durableTerm = currentTerm;
    this.durableVote = votedFor;
    this.conf = init.conf;
    this.appliedIndex = init.applied;
    this.handedToApply = init.applied;
    this.stableIndex = view.lastIndex;
    this.commitIndex = Math.max(init.applied, Math.min(commitIndex, view.lastIndex));
    this.promise = init.promise;
    this.log.trim(init.applied);
    this.resetElectionTimer();
  }

  get self(): ReplicaId {
    return this.config.self;
  }

  /** Everything up to here is on the disk. */
  get durableIndex(): number {
    const durable = Math.min(this.stableIndex, this.log.contiguousLast, this.#firstRepair - 1);
    // While a snapshot is on its way, what it brings is not there yet.
    return this.installing === undefined ? durable : Math.min(durable, this.handedToApply);
  }

  /** What fills a hole is not on the disk yet. */
  get isRepairing(): boolean {
    return this.#firstRepair !== Number.POSITIVE_INFINITY;
  }

  get #firstRepair(): number {
    return Math.min(this.pipeline.firstRepair(), this.log.firstRepair());
  }

  /** This replica is the only member. */
  get isAlone(): boolean {
    const { voters, learners } = this.conf;
    return (
      voters.length === 1 && voters[0] === this.self && learners.length === 0 && !isJoint(this.conf)
    );
  }

  /** An entry of the leader's own term is committed: it knows the commit index for sure (Raft paper 8). */
  get hasCommittedInTerm(): boolean {
    return this.role === "leader" && this.commitIndex >= this.noopIndex;
  }

  /** The position that a candidate must have reached to get this replica's vote. */
  get votePosition(): LogPosition {
    const last = this.log.lastPosition();
    const { promise } = this;
    return promise !== undefined && isAhead(promise, last) ? promise : last;
  }

  get mayCampaign(): boolean {
    return (
      isVoter(this.conf, this.self) &&
      this.installing === undefined &&
      this.log.holes.isEmpty &&
      this.promise === undefined &&
      this.appliedIndex >= Math.min(this.log.lastConfChangeIndex, this.commitIndex)
    );
  }

  resetElectionTimer(): void {
    const { electionTicks } = this.config;
    this.electionElapsed = 0;
    this.randomizedTimeout = electionTicks + this.random.below(electionTicks);
  }

  setRole(role: Role, leader: ReplicaId): void {
    if (this.role === role && this.leader === leader) return;
    this.role = role;
    this.leader = leader;
    this.isSoftDirty = true;
  }

  setTerm(term: number, vote: ReplicaId): void {
    if (term !== this.currentTerm) {
      invariant(term > this.currentTerm, "the term would fall");
      this.isSoftDirty = true;
      this.verifiedIndex = 0;
    }
    this.currentTerm = term;
    this.votedFor = vote;
    this.isHardStateDirty = true;
  }

  /** The vote of a term is never taken back: it falls only with the term (Raft paper 5.2). */
  becomeFollower(term: number, leader: ReplicaId): void {
    if (term > this.currentTerm) this.setTerm(term, NONE);
    if (leader !== this.leader) this.verifiedIndex = 0;
    this.setRole("follower", leader);
    this.leaveRole();
    this.resetElectionTimer();
  }

  /** Forgets what belongs to the role that ends. */
  leaveRole(): void {
    this.failReads();
    this.votes = undefined;
    this.isTransferCampaign = false;
    this.progress = undefined;
    this.needsBroadcast = false;
    this.uncommittedBytes = 0;
    this.hasUnsizedTail = false;
    this.transferee = NONE;
    this.heartbeatElapsed = 0;
    if (this.isHibernating) this.events.push({ kind: "woke" });
    this.isHibernating = false;
  }

  failReads(): void {
    for (const read of this.pendingReads) {
      if (read.from === this.self) this.reads.push({ context: read.context, index: -1 });
    }
    if (this.pendingReads.length > 0) this.pendingReads = [];
    this.needsReadRound = false;
  }

  /** Replicas other than this one that get messages as members. */
  messageTo(fields: MessageFields): RaftMessage {
    return {
      type: fields.type,
      groupId: this.config.groupId,
      epoch: this.config.groupEpoch,
      from: this.self,
      to: fields.to,
      term: fields.term ?? this.currentTerm,
      index: fields.index ?? 0,
      logTerm: fields.logTerm ?? 0,
      commit: fields.commit ?? 0,
      hint: fields.hint ?? 0,
      context: fields.context ?? 0,
      reject: fields.reject ?? false,
      entries: fields.entries ?? NO_ENTRIES,
      snapshot: undefined,
    };
  }

  /** Sends at once, or, if the term it carries is not durable yet, once it is. */
  send(fields: MessageFields): void {
    if (this.isHardStateDirty || this.durableTerm !== this.currentTerm) this.sendAfter(fields);
    else this.messages.push(this.messageTo(fields));
  }

  /** Sends once everything this replica has accepted so far is durable. */
  sendAfter(fields: MessageFields): void {
    this.afterMessages.push(this.messageTo(fields));
  }

  /** @throws RaftInvariantError beyond the log */
  commitTo(index: number): void {
    if (index <= this.commitIndex) return;
    invariant(index <= this.log.lastIndex, "a commit index beyond the log");
    if (this.role === "leader") {
      for (let at = this.commitIndex + 1; at <= index; at++) {
        const entry = this.log.inTail(at);
        if (entry !== undefined) this.uncommittedBytes -= entrySize(entry);
      }
    }
    this.commitIndex = index;
  }

  /** Adds a range that cannot be read; nothing below the present end of the log may be voted away. */
  promiseAtLeast(position: LogPosition): void {
    if (this.promise !== undefined && !isAhead(position, this.promise)) return;
    this.promise = position;
    this.isPromiseDirty = true;
  }

  /** Wakes a hibernating group; `true` if it slept. */
  wake(): boolean {
    if (!this.isHibernating) return false;
    this.isHibernating = false;
    this.electionElapsed = 0;
    this.events.push({ kind: "woke" });
    if (this.progress === undefined) {
      // While it slept, the leader's node stood for the leader: if that is gone, so is the loyalty.
      if (!this.config.isNodeAlive(this.leader)) this.setRole("follower", NONE);
      return true;
    }
    this.heartbeatElapsed = this.config.heartbeatTicks;
    for (const progress of this.progress.values()) {
      progress.isRecentlyActive = this.config.isNodeAlive(progress.replica);
    }
    return true;
  }

  /** Tells the members that this replica does not lead any more. */
  announceLeaderGone(): void {
    for (const replica of this.progress?.keys() ?? []) {
      if (replica !== this.self) this.send({ type: MessageType.LeaderGone, to: replica });
    }
  }
}

/** Whether a position is ahead of another: by term, then by index (Raft paper 5.4.1). */
export function isAhead(position: LogPosition, other: LogPosition): boolean {
  if (position.term !== other.term) return position.term > other.term;
  return position.index > other.index;
}
