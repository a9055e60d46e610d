import { type Entry, EntryType, type ReadResult } from "@leveret/raft";
import { READ_AHEAD_BYTES } from "../../limits.ts";
import type { MessageRouting } from "../message.ts";
import { RoutingReader } from "../routing-reader.ts";
import { COMMAND_ENQUEUE } from "./command-type.ts";
import { decodeEnqueueBatch, type EnqueueBatch } from "./enqueue-batch.ts";
import { PendingBatch } from "./pending-batch.ts";
import type { QueueGroup } from "./queue-group.ts";

/** What has been read is let go when it is more than this many times READ_AHEAD_BYTES. */
const AHEAD_MAX_FACTOR = 2;

export interface LogReaderEvents {
  /** More is here. */
  onRead(): void;
  /**
   * What was asked for cannot be read: damage, or the messages have left. `isOnly`: nothing else was asked for meanwhile; else
   * `onRead` follows.
   */
  onFailure(index: number, why: string, isOnly: boolean): void;
}

/**
 * Reads the batches of a durable queue back in the order in which they are needed, and the next ones before they are asked
 * for. Only a bounded part of the log is in memory.
 */
export class LogReader {
  readonly #group: QueueGroup;
  readonly #events: LogReaderEvents;
  readonly #batches = new Map<number, EnqueueBatch>();
  #bytes = 0;
  #isReading = false;
  /** Something was asked for while another piece was being read. */
  #isAskedMeanwhile = false;
  #isClosed = false;
  /** Passing this index in the last piece read is the time to read the next one. */
  #middleIndex = Infinity;
  /** Last index of the last piece read. */
  #endIndex = 0;
  readonly #routings = new RoutingReader();
  /** Of the last message shown. */
  #routing: MessageRouting | undefined = undefined;
  /** Where it was read. */
  #routedBatch: EnqueueBatch | undefined = undefined;
  #routedAt = 0;

  constructor(group: QueueGroup, events: LogReaderEvents) {
    this.#group = group;
    this.#events = events;
  }

  /** The batch at this index; undefined: it is being read, `onRead` follows. */
  find(index: number): EnqueueBatch | undefined {
    const batch = this.#batches.get(index);
    if (batch === undefined) this.#read(index, true);
    else if (index >= this.#middleIndex) this.#readOn();
    return batch;
  }

  /** Exchange and routing key of a message. */
  routingOf(batch: EnqueueBatch, item: number): MessageRouting {
    const known = batch instanceof PendingBatch ? batch.routings[item] : undefined;
    if (known !== undefined) return known;
    const at = batch.routingOffsetAt(item);
    // Most messages of a batch share it.
    if (this.#routing === undefined || batch !== this.#routedBatch || at !== this.#routedAt) {
      this.#routing = this.#routings.read(batch.bytes, at);
      this.#routedBatch = batch;
      this.#routedAt = at;
    }
    return this.#routing;
  }

  close(): void {
    this.#isClosed = true;
    this.#forget();
  }

  #forget(): void {
    this.#routedBatch = undefined;
    this.#batches.clear();
    this.#bytes = 0;
  }

  #readOn(): void {
    if (this.#endIndex < this.#group.lastIndex) this.#read(this.#endIndex + 1, false);
  }

  /** `isDemanded`: a message waits for it; else it may well be gone. */
  #read(first: number, isDemanded: boolean): void {
    if (this.#isReading) this.#isAskedMeanwhile ||= isDemanded;
    if (this.#isReading || this.#isClosed) return;
    this.#isReading = true;
    this.#isAskedMeanwhile = false;
    this.#group.read(first, READ_AHEAD_BYTES, (result) => {
      this.#isReading = false;
      if (this.#isClosed) return;
      if (result.kind === "entries" && result.entries[0]?.index === first) {
        this.#onEntries(first, result.entries);
      } else {
        this.#onMissing(first, isDemanded, result);
      }
    });
  }

  #onMissing(first: number, isDemanded: boolean, { kind }: ReadResult): void {
    this.#middleIndex = Infinity;
    if (!isDemanded) {
      // What was asked for meanwhile still waits.
      this.#events.onRead();
      return;
    }
    const isOnly = !this.#isAskedMeanwhile;
    this.#events.onFailure(first, kind, isOnly);
    if (!isOnly) this.#events.onRead();
  }

  #onEntries(first: number, entries: readonly Entry[]): void {
    if (this.#bytes > READ_AHEAD_BYTES * AHEAD_MAX_FACTOR) this.#forget();
    else this.#forgetBefore(first);
    for (const { index, type, data } of entries) {
      // A log of several members also has their changes, whose bytes may look like a command's.
      if (type !== EntryType.Command || data[0] !== COMMAND_ENQUEUE) continue;
      this.#batches.set(index, decodeEnqueueBatch(data));
      this.#bytes += data.length;
    }
    this.#endIndex = entries[entries.length - 1]?.index ?? first;
    this.#middleIndex = entries[entries.length >> 1]?.index ?? Infinity;
    this.#events.onRead();
  }

  /** Pieces before the last two are used up, as messages are taken in order. */
  #forgetBefore(first: number): void {
    const limit = first - 2 * (this.#endIndex - this.#middleIndex);
    for (const [index, { bytes }] of this.#batches) {
      if (index >= limit) break;
      this.#batches.delete(index);
      this.#bytes -= bytes.length;
    }
  }
}
