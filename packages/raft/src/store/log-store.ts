import type { ConfState } from "../core/conf-state.ts";
import type { Entry } from "../core/entry.ts";
import type { HardState, IndexRange, LogPosition } from "../core/hard-state.ts";
import type { GroupId, NodeId, ReplicaId } from "../core/ids.ts";
import type { LogView } from "../core/log-view.ts";
import type { SnapshotMeta } from "../core/message.ts";
import type { Append } from "../core/ready.ts";
import type { DamagePlace } from "./damage-notes.ts";

/** A new group's log is at this position, as if compacted up to it: a joining replica (at 0) always gets a snapshot first. */
export const INITIAL_INDEX = 1;
export const INITIAL_TERM = 1;

/**
 * ok; low: below the limit for free space, or the last spare file is in use: refuse what grows, take what frees space;
 * full: no room for another file. A follower refuses, a leader hands over; only a group of one still takes what frees space.
 */
export type SpaceState = "ok" | "low" | "full";

export interface LogStoreListener {
  /** Append `seq` of the group is durable, as all before it. Called in order, for all groups of a batch in one go. */
  onAppended(groupId: GroupId, seq: number): void;
  /** After the onAppended calls of one batch: the point to send what they made possible. */
  onBatchEnd(): void;
  /** A write or fsync failed. Nothing may be acknowledged from now on, no onAppended follows; the process has to end. */
  onFatal(error: Error): void;
  onSpaceChange(space: SpaceState): void;
  /**
   * Reading found damage in entries that were whole before. The log view's terms of this range are undefined from now on.
   * `place`: where on the disk.
   */
  onDamage(groupId: GroupId, range: IndexRange, place: DamagePlace): void;
}

/** What recovery found of a group. */
export interface RecoveredGroup {
  readonly groupId: GroupId;
  readonly epoch: number;
  readonly replicaId: ReplicaId;
  /** "lost": term and vote are not known for sure; the replica must not start (add the node again as a new replica). */
  readonly hardState: HardState | "lost";
  /** The newest installed snapshot, or the initial state of the group; index 0 for a replica that waits to be added. */
  readonly snapshot: SnapshotMeta;
  /** Damaged ranges. A damaged snapshot makes everything up to its index a hole. */
  readonly holes: readonly IndexRange[];
  readonly isSnapshotDamaged: boolean;
  readonly promise: LogPosition | undefined;
  /**
   * After forceConf, until a snapshot behind this index is taken: the snapshot's members hold up to here, and the ConfChange
   * entries up to here mean nothing. 0: not so.
   */
  readonly forcedIndex: number;
}

export type ReadResult =
  /** At least the first one asked for; never more bytes than asked for, except for a single larger entry. */
  | { readonly kind: "entries"; readonly entries: readonly Entry[] }
  | { readonly kind: "compacted" }
  | { readonly kind: "damaged"; readonly range: IndexRange };

/** A state machine's snapshot while it is being written, pulled in pieces so that no turn takes long. */
export interface SnapshotSource {
  /** Log indexes whose entries the state still refers to (message bodies); ascending, disjoint, at or below the snapshot's index. */
  readonly live: readonly IndexRange[];
  /**
   * Makes `live` name nothing that the state can do without, if it does so to be short. Called before the first piece, if at all:
   * entries that it names are lost.
   */
  narrow?(): void;
  /** The next piece of at most `maxBytes`; undefined at the end. Shows the state at the moment the source was made. */
  next(maxBytes: number): Uint8Array | undefined;
  /** No more pieces will be asked for. */
  close(): void;
}

export type LoadedSnapshot =
  | {
      readonly kind: "snapshot";
      readonly meta: SnapshotMeta;
      readonly live: readonly IndexRange[];
      /** Size of the state in bytes. */
      readonly size: number;
      /** Reads up to `maxBytes` of the state; fewer only at the end. "damaged": the group's log view has a hole now. */
      read(position: number, maxBytes: number, done: (bytes: Uint8Array | "damaged") => void): void;
      close(): void;
    }
  | { readonly kind: "none" }
  | { readonly kind: "damaged" };

/** A snapshot on its way in from a peer. Nothing of it counts before it is installed by an Append. */
export interface SnapshotReceiver {
  /** Parts of `live` whose entries this node does not hold yet. */
  readonly missing: readonly IndexRange[];
  addEntries(entries: readonly Entry[]): void;
  addState(bytes: Uint8Array): void;
  /** Bytes accepted but not yet written: the sender is held back above a limit. */
  readonly bufferedBytes: number;
  /** Makes it durable; then an Append with this snapshot's meta installs it. Fails if live entries are missing. */
  finish(done: (result: "ready" | "incomplete" | "no-space") => void): void;
  abort(): void;
}

/** The log of all groups of a node (raft-and-storage: one ordered stream, one fsync per batch). */
export interface LogStore {
  readonly nodeId: NodeId;
  /** Raised and durable at each open. */
  readonly incarnation: number;
  readonly space: SpaceState;
  /** Bytes queued beyond the batch being written: above the limit leaders stop proposing and followers stop reading. */
  readonly queuedBytes: number;
  readonly isBacklogged: boolean;

  groups(): readonly RecoveredGroup[];
  /** One of `groups()` as it is now: damage may have been found since. Undefined if it is not here. */
  recovered(groupId: GroupId): RecoveredGroup | undefined;
  /**
   * Starts a group here. `conf` with members: the initial ones, the same on each of them; empty: this replica waits to be added.
   * A replica id is used once: if a group is gone from the disk after it was created, its vote is gone, too, and only a new
   * replica may take its place. Who creates groups has to remember which ones were, as damage can leave no trace of one.
   */
  createGroup(
    group: { groupId: GroupId; epoch: number; replicaId: ReplicaId; conf: ConfState },
    done: () => void,
  ): void;
  /** All records of the group are dead at once, and stay so. */
  deleteGroup(groupId: GroupId, done: () => void): void;
  log(groupId: GroupId): LogView;
  /** Queues a write; goes out with the next batch. */
  append(groupId: GroupId, append: Append): void;
  /** Called at the end of a turn: starts a batch if none is being written. */
  kick(): void;
  /** Reads entries in order; never blocks. Also reads live entries at or below the compacted index, one run at a time. */
  read(
    groupId: GroupId,
    from: number,
    to: number,
    maxBytes: number,
    done: (result: ReadResult) => void,
  ): void;
  /** Writes a snapshot at `meta.index` (applied and durable), then forgets entries up to `compactTo` that are not live. */
  saveSnapshot(
    groupId: GroupId,
    snapshot: { meta: SnapshotMeta; source: SnapshotSource; compactTo: number },
    done: (result: "saved" | "superseded" | "no-space") => void,
  ): void;
  loadSnapshot(groupId: GroupId, done: (result: LoadedSnapshot) => void): void;
  receiveSnapshot(
    groupId: GroupId,
    meta: SnapshotMeta,
    live: readonly IndexRange[],
  ): SnapshotReceiver;
  /**
   * The operator's decision after damage of all copies: what cannot be read is given up, the log ends before the first
   * hole. Only for groups that are not running.
   */
  acceptLoss(groupId: GroupId, done: () => void): void;
  /** Forced recovery: new members and a higher epoch, at the end of the log. Only for groups that are not running. */
  forceConf(groupId: GroupId, conf: ConfState, epoch: number, done: () => void): void;
  close(done: () => void): void;
}
