import type { ProposalResult, ReadResult } from "@leveret/raft";
import type { QueueRecord } from "../../metadata/records.ts";
import type { EnqueueBatch } from "./enqueue-batch.ts";
import type { Progress } from "./progress.ts";
import type { QueueLog } from "./queue-log.ts";

/** A command of the queue log as its proposer has it. */
export type QueueCommand = EnqueueBatch | Progress;

/** What the driver of a durable queue needs of the Raft group that holds its contents. */
export interface QueueGroup {
  readonly groupId: number;
  /** The replica leads and has replayed everything: `log` is complete. */
  readonly isReady: boolean;
  /** Why it will never be ready, or has stopped; undefined: it works, or is about to. */
  readonly failure: string | undefined;
  readonly log: QueueLog;
  /** It has more members than this one, or is about to have: set by who knows the queue's record. */
  isReplicated: boolean;
  /** Of the group's present leader. */
  readonly term: number;
  /** Called, in a turn of the storage, when `isReady` or `failure` may have changed. */
  onChange: (() => void) | undefined;
  /** Calls back once when it is ready, has failed or is deleted, whenever that is; in a later turn. */
  onceReady(done: () => void): void;
  /** Asks that it be loaded before others. */
  hurry(): void;
  /** The same, and calls back as `onceReady` does. */
  whenReady(done: () => void): void;
  /**
   * See RaftGroup.propose: `done` gets "applied" when the command is durable and applied. false: refused, and what comes
   * after it must wait; `done` hears why.
   */
  propose(
    data: Uint8Array,
    options: { readonly command: QueueCommand; readonly freesSpace: boolean },
    done: (result: ProposalResult) => void,
  ): boolean;
  /** Index of the last entry in the log. */
  readonly lastIndex: number;
  /**
   * Reads the entries from `first` on as far as `maxBytes` go, at least one, and not beyond `lastIndex`; only those with live
   * messages are promised.
   */
  read(first: number, maxBytes: number, done: (result: ReadResult) => void): void;
  /** The queue is deleted, and its log with it. */
  delete(): void;
}

/** Where durable queues have their logs; a broker in memory has none. */
export interface QueueGroups {
  /** The group of a durable queue, which is made if it is not there; undefined: this node of a cluster has no replica of it (yet). */
  open(record: QueueRecord): QueueGroup | undefined;
}
