import type { Entry, EntryType } from "./entry.ts";
import type { GroupId, ReplicaId } from "./ids.ts";

/** Settings and injected functions of a RaftCore. */
export interface RaftConfig {
  readonly self: ReplicaId;
  readonly groupId: GroupId;
  /** Messages of another epoch are ignored. */
  readonly groupEpoch: number;
  /** Election timeout is random in [electionTicks, 2 x electionTicks) for each attempt. Default 20 (of 50 ms). */
  readonly electionTicks: number;
  readonly heartbeatTicks: number;
  /** Of the generator of election jitter; different for each replica and boot. */
  readonly seed: number;
  readonly maxEntriesBytesPerMessage: number;
  readonly maxInflightMessages: number;
  readonly maxInflightBytes: number;
  /** Above this, `propose` answers "busy". */
  readonly maxUncommittedBytes: number;
  /** Bytes of entries given out to be applied and not yet reported applied. */
  readonly maxApplyingBytes: number;
  /**
   * A group whose only member is this replica may apply what it appended before it is durable. Its commit index
   * still follows the disk: only what is reported durable may be confirmed. Ends by itself when the group has another member.
   */
  readonly appliesBeforeDurable: boolean;
  /** Payload of the no-op that starts each term (machine version and the like). */
  readonly noopData: Uint8Array;
  /** Makes a leader's new entry, with its checksum; the codec's `createEntryMaker` makes this function. */
  createEntry(
    groupId: GroupId,
    index: number,
    term: number,
    type: EntryType,
    data: Uint8Array,
    command: unknown,
  ): Entry;
  /**
   * Whether the node of `replica` answered lately (node-pair liveness). It stands for the contact age of a
   * leader or follower while the group hibernates.
   */
  isNodeAlive(replica: ReplicaId): boolean;
}

/** Limits that fit most groups, for a tick of 50 ms. */
export const DEFAULT_RAFT_LIMITS: Pick<
  RaftConfig,
  | "electionTicks"
  | "heartbeatTicks"
  | "maxEntriesBytesPerMessage"
  | "maxInflightMessages"
  | "maxInflightBytes"
  | "maxUncommittedBytes"
  | "maxApplyingBytes"
> = {
  electionTicks: 20,
  heartbeatTicks: 4,
  maxEntriesBytesPerMessage: 256 * 1024,
  maxInflightMessages: 64,
  maxInflightBytes: 4 * 1024 * 1024,
  maxUncommittedBytes: 16 * 1024 * 1024,
  maxApplyingBytes: 1024 * 1024,
};
