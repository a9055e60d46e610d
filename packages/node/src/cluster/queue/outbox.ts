import { ENQUEUE_BATCH_BYTES } from "../../limits.ts";
import type { BatchNumbering } from "../../queue/log/batch-origin.ts";
import type {
  HeldPublisher,
  LogTraffic,
  PublisherHold,
  TrafficClient,
} from "../../queue/log/log-traffic.ts";
import { BatchWriter, type ItemFacts, type PendingBatch } from "../../queue/log/pending-batch.ts";
import type { Message } from "../../queue/message.ts";
import { OUTBOX_HIGH, OUTBOX_LOW } from "../link/link-limits.ts";

/**
 * Messages for a queue that is led elsewhere, or by nobody yet: gathered in batches as they will stand in its log, sent in order, and kept
 * until they are stored there. What another leader may have or not is sent again; the log takes it once.
 */
export class Outbox implements TrafficClient, PublisherHold {
  readonly #traffic: LogTraffic;
  readonly #numbering: BatchNumbering;
  readonly #writer: BatchWriter;
  /** Closed and not known to be stored, by ascending number. */
  #batches: PendingBatch[] = [];
  #bytes = 0;
  #send: ((batch: PendingBatch) => void) | undefined;
  readonly #held = new Set<HeldPublisher>();

  constructor(traffic: LogTraffic, numbering: BatchNumbering) {
    this.#traffic = traffic;
    this.#numbering = numbering;
    this.#writer = new BatchWriter(numbering);
  }

  get isEmpty(): boolean {
    return this.#writer.count === 0 && this.#batches.length === 0;
  }

  /** What is here is as much as may wait for one queue: it may be without a leader for long, and others are not to suffer. */
  get isFull(): boolean {
    return this.#bytes + this.#writer.size >= OUTBOX_HIGH;
  }

  hold(publisher: HeldPublisher): void {
    this.#held.add(publisher);
  }

  forgetHeld(publisher: HeldPublisher): void {
    this.#held.delete(publisher);
  }

  /** Takes a message; its bytes are copied. */
  add(message: Message, facts: ItemFacts): void {
    const writer = this.#writer;
    const size = writer.size + writer.sizeOf(message);
    if (writer.count > 0 && (size > ENQUEUE_BATCH_BYTES || writer.isFull)) this.#closeBatch();
    writer.add(message, facts);
    this.#traffic.flushSoon(this);
  }

  /** There is a leader: all that is here goes to it, and what comes. */
  connect(send: (batch: PendingBatch) => void): void {
    if (this.#send === undefined) this.#traffic.addPending(this.#bytes);
    this.#send = send;
    if (this.#writer.count > 0) this.#closeBatch(false);
    for (const batch of this.#batches) send(batch);
  }

  /** The leader is gone, or out of reach. */
  disconnect(): void {
    if (this.#send !== undefined) this.#traffic.removePending(this.#bytes);
    this.#send = undefined;
  }

  /** The leader lacks these batches. */
  sendFrom(number: number): void {
    for (const batch of this.#batches) {
      if (batch.origin.number >= number) this.#send?.(batch);
    }
  }

  flush(): void {
    if (this.#writer.count > 0) this.#closeBatch();
  }

  retry(): void {
    // Batches are sent once to each leader.
  }

  coolDown(): void {
    // Nothing is kept that could be read again.
  }

  /** Batches up to this number are in the log. */
  stored(number: number): void {
    while (this.#batches[0] !== undefined && this.#batches[0].origin.number <= number) {
      const batch = this.#batches.shift();
      if (batch !== undefined) this.#end(batch, true);
    }
  }

  /**
   * The queue is too full for some messages of a batch. It is made anew without them, under its number, and sent again with all
   * that follow, as the leader has dropped those.
   */
  refused(number: number, items: ReadonlySet<number>): void {
    const at = this.#batches.findIndex(({ origin }) => origin.number === number);
    const batch = this.#batches[at];
    if (batch === undefined) return;
    for (const item of items) batch.receipts[item]?.settle(batch.sequences[item] ?? 0, false);
    const smaller = batch.without(items);
    this.#add(smaller.bytes.length - batch.bytes.length);
    this.#batches[at] = smaller;
    this.sendFrom(number);
  }

  /** This node leads now: gives up everything, in order. */
  takeAll(): PendingBatch[] {
    if (this.#writer.count > 0) this.#closeBatch(false);
    const batches = this.#batches;
    this.#batches = [];
    this.#add(-this.#bytes);
    return batches;
  }

  /** This node led, and does not know what became of these. Only if `isEmpty`. */
  adopt(batches: PendingBatch[]): void {
    this.#batches = batches;
    for (const { bytes } of batches) this.#add(bytes.length);
  }

  /** Nothing of this will be stored, or nobody cares any more. */
  drop(isAccepted: boolean): void {
    for (const batch of this.takeAll()) this.#settle(batch, isAccepted);
  }

  get numbering(): BatchNumbering {
    return this.#numbering;
  }

  #closeBatch(isSent = true): void {
    const batch = this.#writer.finish();
    this.#batches.push(batch);
    this.#add(batch.bytes.length);
    if (isSent) this.#send?.(batch);
  }

  /** What is on its way to a leader counts with what is on its way to this node's own log. */
  #add(bytes: number): void {
    this.#bytes += bytes;
    if (this.#send !== undefined && bytes > 0) this.#traffic.addPending(bytes);
    if (this.#send !== undefined && bytes < 0) this.#traffic.removePending(-bytes);
    if (this.#held.size === 0 || this.#bytes > OUTBOX_LOW) return;
    const held = [...this.#held];
    this.#held.clear();
    for (const publisher of held) publisher.endHold();
  }

  #end(batch: PendingBatch, isAccepted: boolean): void {
    this.#add(-batch.bytes.length);
    this.#settle(batch, isAccepted);
  }

  #settle({ receipts, sequences }: PendingBatch, isAccepted: boolean): void {
    for (const [item, receipt] of receipts.entries()) {
      receipt?.settle(sequences[item] ?? 0, isAccepted);
    }
  }
}
