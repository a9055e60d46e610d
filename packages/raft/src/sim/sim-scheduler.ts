import type { Random } from "./random.ts";

/** A call to come in virtual time. */
export interface ScheduledCall {
  readonly timeMs: number;
  readonly tie: number;
  call: (() => void) | undefined;
}

/**
 * Virtual time: a binary heap of calls. Time jumps from call to call. Calls of the same moment come in random order, so
 * that no code can lean on an order that a real event loop does not promise.
 */
export class SimScheduler {
  readonly #random: Random;
  readonly #heap: ScheduledCall[] = [];
  #nowMs = 0;
  #cancelled = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Virtual milliseconds since the start of the simulation. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Calls that are still to come. */
  get pending(): number {
    return this.#heap.length - this.#cancelled;
  }

  after(delayMs: number, call: () => void): ScheduledCall {
    return this.at(this.#nowMs + Math.max(0, delayMs), call);
  }

  at(timeMs: number, call: () => void): ScheduledCall {
    const scheduled: ScheduledCall = {
      timeMs: Math.max(timeMs, this.#nowMs),
      tie: this.#random.next32(),
      call,
    };
    this.#heap.push(scheduled);
    this.#siftUp(this.#heap.length - 1);
    return scheduled;
  }

  /** A no-op for a call that was made or cancelled. */
  cancel(scheduled: ScheduledCall): void {
    if (scheduled.call === undefined) return;
    scheduled.call = undefined;
    this.#cancelled++;
  }

  /** Makes the next call, if one is due at or before `untilMs`. */
  runNext(untilMs: number): boolean {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined || first.timeMs > untilMs) return false;
      this.#removeFirst();
      const call = first.call;
      if (call === undefined) {
        this.#cancelled--;
        continue;
      }
      first.call = undefined;
      this.#nowMs = first.timeMs;
      call();
      return true;
    }
  }

  /** Lets time pass without calls, at most up to the next call. */
  advanceTo(timeMs: number): void {
    const first = this.#heap[0];
    const limit = first === undefined ? timeMs : Math.min(timeMs, first.timeMs);
    this.#nowMs = Math.max(this.#nowMs, limit);
  }

  #removeFirst(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#siftDown();
  }

  #siftUp(start: number): void {
    const heap = this.#heap;
    let position = start;
    const item = heap[position];
    if (item === undefined) return;
    while (position > 0) {
      const parentPosition = (position - 1) >> 1;
      const parent = heap[parentPosition];
      if (parent === undefined || !isBefore(item, parent)) break;
      heap[position] = parent;
      position = parentPosition;
    }
    heap[position] = item;
  }

  #siftDown(): void {
    const heap = this.#heap;
    const item = heap[0];
    if (item === undefined) return;
    let position = 0;
    for (;;) {
      let childPosition = 2 * position + 1;
      let child = heap[childPosition];
      if (child === undefined) break;
      const right = heap[childPosition + 1];
      if (right !== undefined && isBefore(right, child)) {
        child = right;
        childPosition++;
      }
      if (!isBefore(child, item)) break;
      heap[position] = child;
      position = childPosition;
    }
    heap[position] = item;
  }
}

function isBefore(a: ScheduledCall, b: ScheduledCall): boolean {
  return a.timeMs < b.timeMs || (a.timeMs === b.timeMs && a.tie < b.tie);
}
