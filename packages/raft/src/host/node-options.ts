import type { ConfChange, ConfState } from "../core/conf-state.ts";
import type { Entry } from "../core/entry.ts";
import type { IndexRange } from "../core/hard-state.ts";
import type { GroupId, NodeId, ReplicaId } from "../core/ids.ts";
import type { RaftMessage } from "../core/message.ts";
import type { RaftCore } from "../core/raft-core.ts";
import type { Append, CoreEvent, Ready, Role } from "../core/ready.ts";
import type { Clock, Timers } from "../env/clock.ts";
import type { Disk } from "../env/disk.ts";
import type { Net } from "../env/net.ts";
import type { RaftLimits } from "../limits.ts";
import type { DamagePlace } from "../store/damage-notes.ts";
import type { ReadResult, SpaceState } from "../store/log-store.ts";
import type { StateMachine } from "./state-machine.ts";

/** The platform of a node. Tests and the simulator pass their own. */
export interface NodePlatform {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly disk: Disk;
  readonly net: Net;
}

/** Sees everything that happens in a node, synchronously; it may not call back. For the simulator and for diagnosis. */
export interface HostObserver {
  /** After each call into a core: "step", "tick", "propose", "onAppended", "onApplied", "applyConfChange" ... */
  onCoreCall(core: RaftCore, call: string): void;
  /** After `ready()`, before the host acts on it. */
  onReady(core: RaftCore, ready: Ready): void;
  /** An append is handed to the store. */
  onAppend(groupId: GroupId, append: Append): void;
  /** A message is handed to the transport. */
  onSend(message: RaftMessage): void;
  /** An entry was applied; `digest` is the machine's after it. */
  onApply(core: RaftCore, entry: Entry, digest: number): void;
  /** A snapshot replaced the machine's state. */
  onRestore(core: RaftCore, index: number, digest: number): void;
  /** Something worth counting: "snapshot-saved", "snapshot-sent", "hibernated", "amnesia", "damage", "repaired" ... */
  onEvent(groupId: GroupId, event: string): void;
}

/** Why a proposal, change or read did not happen. "unknown": it may yet (leader changed); only the log can tell. */
export type Refusal =
  | { readonly kind: "not-leader"; readonly leader: ReplicaId }
  | { readonly kind: "busy" }
  | { readonly kind: "transferring" }
  | { readonly kind: "no-space" }
  | { readonly kind: "refused"; readonly why: string }
  | { readonly kind: "stopped" }
  | { readonly kind: "unknown" };

export type ProposalResult =
  | { readonly kind: "applied"; readonly index: number; readonly term: number }
  | Refusal;

export interface GroupStatus {
  readonly groupId: GroupId;
  readonly epoch: number;
  readonly replicaId: ReplicaId;
  readonly role: Role;
  readonly leader: ReplicaId;
  readonly term: number;
  readonly commitIndex: number;
  readonly appliedIndex: number;
  readonly durableIndex: number;
  readonly lastIndex: number;
  readonly snapshotIndex: number;
  readonly conf: ConfState;
  readonly isHibernating: boolean;
  /** Cannot lead and may lack entries until peers have repaired it. */
  readonly isDamaged: boolean;
  /**
   * This leader's members are settled: replicas that left are not needed any more, whoever restarts, and may be deleted.
   * False elsewhere, and from a change of members until an entry is committed that was proposed after it.
   */
  readonly isConfSettled: boolean;
  /** Set when the group stopped here: invariant broken, machine threw, hard state lost. */
  readonly stoppedBecause: string | undefined;
}

/** What a leader knows of another member, as of now. */
export interface MemberProgress {
  /** Highest index known to be on its disk. */
  readonly match: number;
  /**
   * The newest round of questions (RaftGroup.read) that it has answered; 0: none of this leader's. Once it has grown, the replica
   * was alive after the earlier look.
   */
  readonly answeredRound: number;
  /** Its log agrees with the leader's, and entries flow; not while it is probed or waits for a snapshot. */
  readonly isReplicating: boolean;
}

/** A replica on this node. Callbacks come once, in a later turn or this one's end, never inside the call. */
export interface RaftGroup {
  readonly groupId: GroupId;
  readonly machine: StateMachine;
  /** The replica leads, and its machine has all that was in the log before: what is proposed meets the whole state. */
  readonly isReady: boolean;
  status(): GroupStatus;
  /**
   * Proposes a command. `done` gets "applied" when it is committed, durable as Raft promises, and applied here.
   * `command` is what `data` encodes, given back in `Entry.command`. `freesSpace`: accepted even when space is low,
   * and in a group of one, which nobody else can lead, when it is full: the rest of the last file is for that.
   * false: refused, so that what comes after it must wait; `done` hears why.
   */
  propose(
    data: Uint8Array,
    options: { readonly command?: unknown; readonly freesSpace?: boolean },
    done: (result: ProposalResult) => void,
  ): boolean;
  changeMembers(change: ConfChange, done: (result: ProposalResult) => void): void;
  /** What this leader knows of another member; undefined: it does not lead, or there is no such other member. */
  progressOf(replica: ReplicaId): MemberProgress | undefined;
  /** Has the leader append an entry if that is what GroupStatus.isConfSettled still lacks. Nothing happens elsewhere. */
  settleMembers(): void;
  /** Calls `done` when the state here reflects everything acknowledged before this call (ReadIndex). Any replica may ask. */
  read(done: (result: { readonly kind: "ready"; readonly index: number } | Refusal) => void): void;
  /**
   * Reads the entries `first` to `last`, also those below the snapshot that its state still refers to: at least one, and no
   * more than `maxBytes` of them. The answer may end before `last`; "compacted" also if the replica is not here any more.
   */
  readEntries(
    first: number,
    last: number,
    maxBytes: number,
    done: (result: ReadResult) => void,
  ): void;
  transferLeader(to: ReplicaId): void;
  /** Takes a snapshot now instead of when the machine's reclaimable bytes ask for it. */
  takeSnapshot(done: (result: string) => void): void;
}

export type GroupPriority = 0 | 1 | 2;

/** What the owner of a node's groups may have to act on. */
export type GroupEvent =
  | CoreEvent
  /** The group does not run here any more; see GroupStatus.stoppedBecause. `dump`: all of the core's state, if it was a fault. */
  | {
      readonly kind: "stopped";
      readonly why: string;
      readonly dump?: Readonly<Record<string, unknown>> | undefined;
    }
  /** A leader said that this replica is no member any more, or its epoch was closed by a forced recovery: it stopped. */
  | { readonly kind: "removed" }
  | { readonly kind: "obsolete"; readonly epoch: number }
  /** Entries are lost here: it cannot lead before it is repaired (GroupStatus.isDamaged). */
  | { readonly kind: "damaged" }
  /** This replica leads and its machine has all that was in the log before (RaftGroup.isReady). */
  | { readonly kind: "ready" }
  /** This replica's role, leader or term changed. */
  | {
      readonly kind: "role";
      readonly role: Role;
      readonly leader: ReplicaId;
      readonly term: number;
    };

export interface RaftNodeOptions {
  readonly nodeId: NodeId;
  readonly clusterId: string;
  /** Where to listen for peers; undefined: a node alone. */
  readonly listenAddress: string | undefined;
  /** Where a peer listens; undefined: not known (yet). */
  peerAddress(nodeId: NodeId): string | undefined;
  createMachine(groupId: GroupId): StateMachine;
  /** Of jitter; different at each boot. */
  readonly seed: number;
  readonly observer?: HostObserver;
  /** Storage failed: the process must end (exit code 70); the node has stopped answering. */
  onFatal(error: Error): void;
  /** Reading found entries damaged that were whole when the node started; RaftNode.damage has what was found then. */
  onDamage?(groupId: GroupId, range: IndexRange, place: DamagePlace): void;
  /** Space for the log became short, or is there again; see RaftNode.space. */
  onSpaceChange?(space: SpaceState): void;
  onGroupEvent?(groupId: GroupId, event: GroupEvent): void;
  /** A message came for a group that is not here: it may have to be created, or the sender's is obsolete. */
  onUnknownGroup?(groupId: GroupId, from: NodeId): void;
  /** Which groups come first when many want to start, wake or run: 0 the metadata, 1 in use (default), 2 the rest. */
  groupPriority?(groupId: GroupId): GroupPriority;
  /** Groups whose only member is this node apply before the disk has it (see RaftConfig). Default false. */
  readonly appliesBeforeDurable?: boolean;
  /** Payload of the entry that starts each term. Default empty. */
  readonly noopData?: Uint8Array;
  /** All limits and intervals; see limits.ts. */
  readonly limits?: Partial<RaftLimits>;
}
