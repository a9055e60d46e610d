import type { PublishReceipt } from "../queue/publish-receipt.ts";

/** Sends basic.ack (or basic.nack) for `sequence`; `multiple`: and for all before it that are not answered yet. */
export type SendConfirm = (sequence: number, multiple: boolean, isAck: boolean) => void;

/** Where acked publishes are counted. */
export interface ConfirmCount {
  confirm: number;
}

const UNCOUNTED: ConfirmCount = { confirm: 0 };
const ACKED = -1;
const NACKED = -2;
/** Above this a number counts the queues that have still to answer and one of them has refused. */
const REFUSED = 2 ** 20;
/** Answered places are cut off the list when there are so many: removing from the front costs. */
const COMPACT_AT = 1024;

/**
 * Publisher confirms of one channel. In memory, outcomes come in publish order, and what gathered since the last flush is
 * answered with one `multiple` frame, unless acks and nacks alternate. Durable queues answer later, each in its own time:
 * then what is decided from the oldest on is answered so, and what is decided behind an undecided one by itself (RabbitMQ).
 */
export class ConfirmTracker implements PublishReceipt {
  readonly #onLate: () => void;
  #lastSequence = 0;
  /** Everything up to here is answered. */
  #answered = 0;
  #pendingIsAck = true;
  /** Everything up to here, and behind `#answered`, has the outcome `#pendingIsAck`. */
  #pendingUpTo = 0;
  /**
   * What is not decided, and all behind it, in publish order from `#head` on: how many queues have to answer yet, or an
   * outcome, or 0 once it is answered. Empty if nothing is undecided.
   */
  #states: number[] = [];
  /** Where each of `#states` is counted. */
  #counts: ConfirmCount[] = [];
  #head = 0;
  /** Number of the publish at `#head`. */
  #first = 0;
  /** Decided behind an undecided one, and not answered yet. */
  #early: number[] = [];

  /** `onLate` is called when something was decided after its publish: `flush` is due. */
  constructor(onLate: () => void = () => undefined) {
    this.#onLate = onLate;
  }

  /** The number of the publish that begins now, counted from 1 (RabbitMQ: per channel, unroutable ones too). */
  next(): number {
    this.#lastSequence++;
    return this.#lastSequence;
  }

  /** The number that `next` gave last. */
  get current(): number {
    return this.#lastSequence;
  }

  get hasPending(): boolean {
    return this.#pendingUpTo > this.#answered || this.#early.length > 0;
  }

  /** Publishes that queues have not decided yet, and those behind them. */
  get undecidedCount(): number {
    return this.#states.length - this.#head;
  }

  /** Notes the outcome of the publish that `next` numbered last. */
  decide(isAck: boolean, send: SendConfirm, count: ConfirmCount = UNCOUNTED): void {
    if (isAck) count.confirm++;
    if (this.undecidedCount > 0) {
      this.#states.push(isAck ? ACKED : NACKED);
      this.#counts.push(count);
      this.#early.push(this.#lastSequence);
      return;
    }
    this.#append(this.#lastSequence, isAck, send);
  }

  /** The publish that `next` numbered last waits for so many queues; `isAccepted` false: another one has refused it. */
  expect(queues: number, isAccepted: boolean, count: ConfirmCount = UNCOUNTED): void {
    if (this.undecidedCount === 0) {
      this.#states = [];
      this.#counts = [];
      this.#head = 0;
      this.#first = this.#lastSequence;
    }
    this.#states.push(isAccepted ? queues : queues + REFUSED);
    this.#counts.push(count);
  }

  settle(sequence: number, isAccepted: boolean): void {
    const at = this.#head + sequence - this.#first;
    const state = this.#states[at];
    if (state === undefined || state <= 0) return;
    let left = state - 1;
    if (!isAccepted && left < REFUSED) left += REFUSED;
    if (left !== 0 && left !== REFUSED) {
      this.#states[at] = left;
      return;
    }
    this.#states[at] = left === 0 ? ACKED : NACKED;
    if (left === 0) (this.#counts[at] ?? UNCOUNTED).confirm++;
    this.#early.push(sequence);
    this.#onLate();
  }

  /** Answers everything that is decided. */
  flush(send: SendConfirm): void {
    if (this.#early.length > 0) this.#advance(send);
    this.#flushPrefix(send);
    if (this.#early.length > 0) this.#answerEarly(send);
  }

  /** Moves what is decided from the oldest on to what one `multiple` answers. */
  #advance(send: SendConfirm): void {
    const states = this.#states;
    for (let state = states[this.#head]; state !== undefined; state = states[this.#head]) {
      if (state > 0) break;
      if (state === 0) this.#skip(send);
      else this.#append(this.#first, state === ACKED, send);
      this.#head++;
      this.#first++;
    }
    const first = this.#first;
    this.#early = this.#early.filter((sequence) => sequence >= first);
    if (this.#head < COMPACT_AT && this.#head < states.length) return;
    this.#states = states.slice(this.#head);
    this.#counts = this.#counts.slice(this.#head);
    this.#head = 0;
  }

  /** The next one was answered by itself. */
  #skip(send: SendConfirm): void {
    this.#flushPrefix(send);
    this.#answered = this.#first;
    this.#pendingUpTo = this.#first;
  }

  #append(sequence: number, isAck: boolean, send: SendConfirm): void {
    if (this.#pendingUpTo > this.#answered && this.#pendingIsAck !== isAck) this.#flushPrefix(send);
    this.#pendingIsAck = isAck;
    this.#pendingUpTo = sequence;
  }

  #flushPrefix(send: SendConfirm): void {
    if (this.#pendingUpTo <= this.#answered) return;
    const multiple = this.#pendingUpTo - this.#answered > 1;
    this.#answered = this.#pendingUpTo;
    send(this.#answered, multiple, this.#pendingIsAck);
  }

  #answerEarly(send: SendConfirm): void {
    const early = this.#early;
    this.#early = [];
    for (const sequence of early) {
      const at = this.#head + sequence - this.#first;
      const isAck = this.#states[at] === ACKED;
      this.#states[at] = 0;
      send(sequence, false, isAck);
    }
  }
}
