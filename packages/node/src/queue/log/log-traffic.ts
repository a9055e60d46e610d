import type { Timers } from "@leveret/raft";
import {
  HOT_BATCH_OVERHEAD,
  HOT_BATCHES_BYTES,
  LOG_PENDING_HIGH,
  LOG_PENDING_LOW,
  LOG_RETRY_MS,
  PROGRESS_DELAY_MS,
  UNUSED_MESSAGES_MAX,
} from "../../limits.ts";
import { REAL_TIMERS } from "../../runtime/real-raft-clock.ts";
import type { Message } from "../message.ts";

/** The part of a journal that the traffic calls back. */
export interface TrafficClient {
  /** The turn ends: what gathered goes to the log. */
  flush(): void;
  /** The log was busy or full: try again. */
  retry(): void;
  /** Lets go of the bytes of one batch. */
  coolDown(entryIndex: number): void;
}

/** A publisher that waits until the log has taken what is on its way. */
export interface HeldPublisher {
  endHold(): void;
}

/** Something that publishers wait for. */
export interface PublisherHold {
  /** The publisher is told when there is room again. */
  hold(publisher: HeldPublisher): void;
  forgetHeld(publisher: HeldPublisher): void;
}

/** What all durable queues of a node share on the way to its log: turns, retries, bounds on memory. */
export class LogTraffic implements PublisherHold {
  /** Also of the journals. */
  readonly timers: Timers;
  #pendingBytes = 0;
  #isHigh = false;
  readonly #held = new Set<HeldPublisher>();
  #flushing = new Set<TrafficClient>();
  #late = new Set<TrafficClient>();
  #retrying = new Set<TrafficClient>();
  readonly #unused: Message[] = [];
  /** Batches whose bytes are kept, the oldest first from `#hotHead` on. */
  #hot: HotBatch[] = [];
  #hotHead = 0;
  #hotBytes = 0;

  constructor(timers: Timers = REAL_TIMERS) {
    this.timers = timers;
  }

  /** Bytes on their way to the log. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** Memory for batches that are kept for consumers close behind. */
  get hotBytes(): number {
    return this.#hotBytes;
  }

  /** More is on its way than may be: publishers have to be held. */
  get isHigh(): boolean {
    return this.#isHigh;
  }

  addPending(bytes: number): void {
    this.#pendingBytes += bytes;
    if (this.#pendingBytes >= LOG_PENDING_HIGH) this.#isHigh = true;
  }

  removePending(bytes: number): void {
    this.#pendingBytes -= bytes;
    if (!this.#isHigh || this.#pendingBytes > LOG_PENDING_LOW) return;
    this.#isHigh = false;
    const held = [...this.#held];
    this.#held.clear();
    for (const publisher of held) publisher.endHold();
  }

  hold(publisher: HeldPublisher): void {
    this.#held.add(publisher);
  }

  forgetHeld(publisher: HeldPublisher): void {
    this.#held.delete(publisher);
  }

  /** `flush` at the end of this turn. */
  flushSoon(client: TrafficClient): void {
    if (this.#flushing.size === 0) this.timers.defer(this.#flushAll);
    this.#flushing.add(client);
  }

  /** `flush` within PROGRESS_DELAY_MS. */
  flushLater(client: TrafficClient): void {
    if (this.#late.size === 0) this.timers.setTimer(PROGRESS_DELAY_MS, this.#flushLate);
    this.#late.add(client);
  }

  /** `retry` in LOG_RETRY_MS. */
  retrySoon(client: TrafficClient): void {
    if (this.#retrying.size === 0) this.timers.setTimer(LOG_RETRY_MS, this.#retryAll);
    this.#retrying.add(client);
  }

  /** Nobody holds the message any more: its object is kept for another one. */
  reuseLater(message: Message): void {
    if (this.#unused.length === UNUSED_MESSAGES_MAX) return;
    message.discard();
    this.#unused.push(message);
  }

  /** An object for a message of any log; undefined: there is none. */
  takeUnused(): Message | undefined {
    return this.#unused.pop();
  }

  /** Counts a batch whose bytes the client keeps; the oldest ones of all have to go when it is too much. */
  keepHot(client: TrafficClient, entryIndex: number, batchBytes: number): void {
    const bytes = batchBytes + HOT_BATCH_OVERHEAD;
    this.#hot.push({ client, entryIndex, bytes });
    this.#hotBytes += bytes;
    while (this.#hotBytes > HOT_BATCHES_BYTES) this.#coolOldest();
  }

  #coolOldest(): void {
    const oldest = this.#hot[this.#hotHead];
    if (oldest === undefined) return;
    this.#hotHead++;
    this.#hotBytes -= oldest.bytes;
    oldest.client.coolDown(oldest.entryIndex);
    if (this.#hotHead < COMPACT_AT || this.#hotHead * 2 < this.#hot.length) return;
    this.#hot = this.#hot.slice(this.#hotHead);
    this.#hotHead = 0;
  }

  readonly #flushAll = (): void => {
    const clients = this.#flushing;
    this.#flushing = new Set();
    for (const client of clients) client.flush();
  };

  readonly #flushLate = (): void => {
    const clients = this.#late;
    this.#late = new Set();
    for (const client of clients) client.flush();
  };

  readonly #retryAll = (): void => {
    const clients = this.#retrying;
    this.#retrying = new Set();
    for (const client of clients) client.retry();
  };
}

interface HotBatch {
  readonly client: TrafficClient;
  readonly entryIndex: number;
  readonly bytes: number;
}

/** Places of batches that have gone are given back when there are so many: removing from the front costs. */
const COMPACT_AT = 1024;
