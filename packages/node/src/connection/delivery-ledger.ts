import type { ChannelConsumer } from "./channel-consumer.ts";

/** A delivery taken out of the ledger by an ack inside a transaction. */
export interface TakenDelivery {
  readonly tag: number;
  readonly consumer: ChannelConsumer;
  readonly deliveryNumber: number;
  readonly deliveredAtMs: number;
}

/** Called with a consumer and a contiguous range of its delivery numbers. */
export type OnSettled = (consumer: ChannelConsumer, from: number, to: number) => void;

/** Delivery numbers of a consumer that a gap follows. */
interface SettledRange {
  readonly consumer: ChannelConsumer;
  readonly from: number;
  readonly to: number;
}

const INITIAL_CAPACITY = 16;

/**
 * The unacknowledged deliveries of one channel, by delivery tag: tags ascend, and mostly leave from the front.
 * A ring of parallel arrays, so that a delivery makes no object.
 */
export class DeliveryLedger {
  #tags: number[] = new Array(INITIAL_CAPACITY).fill(0);
  #consumers: (ChannelConsumer | undefined)[] = new Array(INITIAL_CAPACITY).fill(undefined);
  #numbers: number[] = new Array(INITIAL_CAPACITY).fill(0);
  /** When each was delivered, ms since the epoch. */
  #times: number[] = new Array(INITIAL_CAPACITY).fill(0);
  #mask = INITIAL_CAPACITY - 1;
  #head = 0;
  /** Slots in use, settled ones in the middle included. */
  #length = 0;
  #size = 0;

  /** Unsettled deliveries. */
  get size(): number {
    return this.#size;
  }

  /** When the oldest outstanding delivery was made; undefined: nothing is outstanding. */
  get oldestDeliveredAtMs(): number | undefined {
    return this.#length === 0 ? undefined : this.#times[this.#head];
  }

  /** Notes a delivery; `tag` is higher than all before. */
  push(tag: number, consumer: ChannelConsumer, deliveryNumber: number, now: number): void {
    if (this.#length > this.#mask) this.#makeRoom();
    const slot = (this.#head + this.#length) & this.#mask;
    this.#tags[slot] = tag;
    this.#consumers[slot] = consumer;
    this.#numbers[slot] = deliveryNumber;
    this.#times[slot] = now;
    this.#length++;
    this.#size++;
  }

  /** Settles one delivery. false: this tag is not outstanding. */
  settleOne(tag: number, onSettled: OnSettled): boolean {
    const position = this.#find(tag);
    if (position < 0) return false;
    const slot = (this.#head + position) & this.#mask;
    const consumer = this.#consumers[slot];
    if (consumer === undefined) return false;
    const number = this.#numbers[slot] as number; // The slot is in use.
    this.#consumers[slot] = undefined;
    this.#size--;
    this.#trim();
    onSettled(consumer, number, number);
    return true;
  }

  /** Settles all deliveries up to `tag` (0: all). false: `tag` is not 0 and not outstanding. */
  settleUpTo(tag: number, onSettled: OnSettled): boolean {
    let count = this.#length;
    if (tag !== 0) {
      const position = this.#find(tag);
      if (position < 0 || this.#consumers[(this.#head + position) & this.#mask] === undefined) {
        return false;
      }
      count = position + 1;
    }
    const complete: SettledRange[] = [];
    const touched = this.#gatherRanges(count, (consumer, from, to) => {
      complete.push({ consumer, from, to });
    });
    this.#trim();
    // Only now: what is settled lets new deliveries in, and the ring may move for them.
    for (const { consumer, from, to } of complete) onSettled(consumer, from, to);
    for (const consumer of touched) consumer.flushRange(onSettled);
    return true;
  }

  #delivery(position: number, consumer: ChannelConsumer): TakenDelivery {
    const slot = (this.#head + position) & this.#mask;
    return {
      tag: this.#tagAt(position),
      consumer,
      deliveryNumber: this.#numbers[slot] as number, // The slot is in use.
      deliveredAtMs: this.#times[slot] as number,
    };
  }

  /** Forgets everything; returns how many deliveries were outstanding. */
  clear(): number {
    const count = this.#size;
    this.#head = 0;
    this.#length = 0;
    this.#size = 0;
    this.#consumers.fill(undefined);
    return count;
  }

  /** Takes deliveries out without settling them (tx). undefined: `tag` is not outstanding. */
  take(tag: number, multiple: boolean): TakenDelivery[] | undefined {
    const position = tag === 0 && multiple ? this.#length - 1 : this.#find(tag);
    if (position < 0 && !(tag === 0 && multiple)) return undefined;
    if (tag !== 0 && this.#consumers[(this.#head + position) & this.#mask] === undefined) {
      return undefined;
    }
    const taken: TakenDelivery[] = [];
    for (let index = multiple ? 0 : position; index <= position; index++) {
      const slot = (this.#head + index) & this.#mask;
      const consumer = this.#consumers[slot];
      if (consumer === undefined) continue;
      this.#consumers[slot] = undefined;
      this.#size--;
      taken.push(this.#delivery(index, consumer));
    }
    this.#trim();
    return taken;
  }

  /** Puts deliveries back that `take` took (tx.rollback). */
  restore(taken: readonly TakenDelivery[]): void {
    const all = [...taken];
    for (let index = 0; index < this.#length; index++) {
      const slot = (this.#head + index) & this.#mask;
      const consumer = this.#consumers[slot];
      if (consumer === undefined) continue;
      all.push(this.#delivery(index, consumer));
    }
    all.sort((left, right) => left.tag - right.tag);
    this.#consumers.fill(undefined);
    this.#head = 0;
    this.#length = 0;
    this.#size = 0;
    for (const { tag, consumer, deliveryNumber, deliveredAtMs } of all) {
      this.push(tag, consumer, deliveryNumber, deliveredAtMs);
    }
  }

  /** Takes `count` slots from the front, joining each consumer's contiguous delivery numbers. */
  #gatherRanges(count: number, onComplete: OnSettled): ChannelConsumer[] {
    const touched: ChannelConsumer[] = [];
    for (let index = 0; index < count; index++) {
      const slot = (this.#head + index) & this.#mask;
      const consumer = this.#consumers[slot];
      if (consumer === undefined) continue;
      this.#consumers[slot] = undefined;
      this.#size--;
      if (consumer.addToRange(this.#numbers[slot] as number, onComplete)) touched.push(consumer);
    }
    return touched;
  }

  /** Position from the head of a tag, -1 when there is none. */
  #find(tag: number): number {
    if (this.#length === 0) return -1;
    const first = this.#tags[this.#head] as number;
    const guess = tag - first;
    if (guess < 0) return -1;
    if (guess < this.#length && this.#tagAt(guess) === tag) return guess;
    let low = 0;
    let high = Math.min(this.#length - 1, guess);
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const found = this.#tagAt(middle);
      if (found === tag) return middle;
      if (found < tag) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  #tagAt(position: number): number {
    return this.#tags[(this.#head + position) & this.#mask] as number; // position < #length
  }

  /** Drops settled slots at the front. */
  #trim(): void {
    while (this.#length > 0 && this.#consumers[this.#head] === undefined) {
      this.#head = (this.#head + 1) & this.#mask;
      this.#length--;
    }
    if (this.#length === 0 && this.#mask >= 4096) this.#resize(INITIAL_CAPACITY);
  }

  /** The ring is full: squeezes out settled slots, and doubles it when they were few. */
  #makeRoom(): void {
    const capacity = this.#mask + 1;
    this.#resize(this.#size > capacity / 2 ? capacity * 2 : capacity);
  }

  #resize(capacity: number): void {
    const tags: number[] = new Array(capacity).fill(0);
    const consumers: (ChannelConsumer | undefined)[] = new Array(capacity).fill(undefined);
    const numbers: number[] = new Array(capacity).fill(0);
    const times: number[] = new Array(capacity).fill(0);
    let next = 0;
    for (let index = 0; index < this.#length; index++) {
      const slot = (this.#head + index) & this.#mask;
      if (this.#consumers[slot] === undefined) continue;
      tags[next] = this.#tags[slot] as number;
      consumers[next] = this.#consumers[slot];
      numbers[next] = this.#numbers[slot] as number;
      times[next] = this.#times[slot] as number;
      next++;
    }
    this.#tags = tags;
    this.#consumers = consumers;
    this.#numbers = numbers;
    this.#times = times;
    this.#mask = capacity - 1;
    this.#head = 0;
    this.#length = next;
  }
}
