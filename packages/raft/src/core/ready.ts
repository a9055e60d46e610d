import type { ConfState } from "./conf-state.ts";
import type { Entry } from "./entry.ts";
import type { HardState, LogPosition } from "./hard-state.ts";
import type { ReplicaId } from "./ids.ts";
import type { RaftMessage, SnapshotMeta } from "./message.ts";

export type Role = "follower" | "pre-candidate" | "candidate" | "leader";

/** One write of a group to its log. All of it becomes durable together, in the order of `seq`. */
export interface Append {
  /** 1, 2, 3 ... for each life of the core. Reported back by `onAppended`. */
  readonly seq: number;
  /** Present if term or vote changed, and with every append that has entries (then for its commitIndex). */
  readonly hardState: HardState | undefined;
  /** Contiguous. If the first one's index is at or below the log's last, everything from there on is replaced. */
  readonly entries: readonly Entry[];
  /** Entries that fill holes of a damaged log; they replace nothing. */
  readonly repairs: readonly Entry[];
  /** An accepted snapshot: the log restarts after it (or keeps what follows it if `keepsSuffix`). */
  readonly snapshot: SnapshotMeta | undefined;
  readonly keepsSuffix: boolean;
  /** Position below which this replica must neither vote nor lead, to be stored; undefined: unchanged; index 0: fulfilled. */
  readonly promise: LogPosition | undefined;
  /** Messages to others that are true only once this append, and all before it, are durable. */
  readonly after: readonly RaftMessage[];
}

/** The core wants entries that are not in memory: answer by `onFetched(purpose, ...)`. */
export interface Fetch {
  /** The follower they are for, or NONE: to apply them here. One fetch per purpose at a time. */
  readonly purpose: ReplicaId;
  readonly from: number;
  readonly to: number;
  readonly maxBytes: number;
}

/** Facts for the host; nothing needs an answer. */
export type CoreEvent =
  /** A replica that had acknowledged `match` came back with less: its disk lost data. */
  | {
      readonly kind: "amnesia";
      readonly replica: ReplicaId;
      readonly match: number;
      readonly last: number;
    }
  | { readonly kind: "transfer-aborted"; readonly to: ReplicaId }
  /** This replica was told, by a follower's agreement or a leader's message, to sleep or wake. */
  | { readonly kind: "hibernated" | "woke" };

/** What the core wants done; belongs to the host after the call. Empty lists are shared constants. */
export interface Ready {
  /** Present if role or leader changed. */
  readonly soft:
    | { readonly role: Role; readonly leader: ReplicaId; readonly term: number }
    | undefined;
  readonly append: Append | undefined;
  /** Safe to send at once. */
  readonly messages: readonly RaftMessage[];
  /** To apply, in order; report progress by `onApplied`. ConfChange entries: call `applyConfChange` when reached. */
  readonly committed: readonly Entry[];
  /** Reads asked for here, now safe to serve once applied up to `index`. `index` -1: could not be served (leader lost). */
  readonly reads: readonly { readonly context: number; readonly index: number }[];
  /** Followers that need a snapshot with at least this index. */
  readonly snapshotRequests: readonly { readonly to: ReplicaId; readonly atLeast: number }[];
  readonly fetches: readonly Fetch[];
  readonly events: readonly CoreEvent[];
}

/** Where a restarted replica stands. */
export interface CoreInit {
  readonly hardState: HardState;
  /** Members as of `applied`. Empty: a replica that waits to be added, and never campaigns. */
  readonly conf: ConfState;
  /** The state machine holds everything up to here: the index of the snapshot it was restored from. */
  readonly applied: number;
  /** Ranges of the log that cannot be read, ascending; usually empty. */
  readonly holes: readonly { readonly first: number; readonly last: number }[];
  /** From damage or a Promise message; undefined: none. */
  readonly promise: LogPosition | undefined;
}
