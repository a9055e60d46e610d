/** A timer that waits; of equal due times the one that was set first comes first. */
export interface WaitingTimer {
  readonly dueAtMs: number;
  readonly order: number;
  readonly callback: () => void;
  /** Fired or cancelled. */
  isOver: boolean;
}

/** Cancelled timers are swept out when they are this many and more than half of all. */
const SWEEP_COUNT_MIN = 64;

/** Timers by due time: a binary heap, in which cancelled ones stay until they come up or are swept out. */
export class TimerHeap {
  #heap: WaitingTimer[] = [];
  #cancelledCount = 0;

  push(timer: WaitingTimer): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(timer);
    while (at > 0) {
      const above = (at - 1) >>> 1;
      const parent = heap[above] as WaitingTimer; // above < at
      if (!isBefore(timer, parent)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = timer;
  }

  cancel(timer: WaitingTimer): void {
    if (timer.isOver) return;
    timer.isOver = true;
    this.#cancelledCount++;
    if (this.#cancelledCount >= SWEEP_COUNT_MIN && this.#cancelledCount * 2 > this.#heap.length) {
      this.#sweep();
    }
  }

  /** Takes out the first timer that is due by `untilMs`; undefined: there is none. */
  takeDue(untilMs: number): WaitingTimer | undefined {
    for (let first = this.#heap[0]; first !== undefined; first = this.#heap[0]) {
      if (first.isOver) {
        this.#removeFirst();
        this.#cancelledCount--;
      } else {
        if (first.dueAtMs > untilMs) return undefined;
        this.#removeFirst();
        first.isOver = true;
        return first;
      }
    }
    return undefined;
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (let below = this.#firstBelow(at); below !== undefined; below = this.#firstBelow(at)) {
      const child = heap[below] as WaitingTimer; // #firstBelow returns places in use.
      if (!isBefore(child, last)) break;
      heap[at] = child;
      at = below;
    }
    heap[at] = last;
  }

  /** The earlier of the two timers below a place; undefined: there is none. */
  #firstBelow(at: number): number | undefined {
    const left = this.#heap[2 * at + 1];
    const right = this.#heap[2 * at + 2];
    if (left === undefined) return undefined;
    return right !== undefined && isBefore(right, left) ? 2 * at + 2 : 2 * at + 1;
  }

  /** A sorted array is a heap. */
  #sweep(): void {
    this.#heap = this.#heap.filter(({ isOver }) => !isOver);
    this.#heap.sort((left, right) => (isBefore(left, right) ? -1 : 1));
    this.#cancelledCount = 0;
  }
}

function isBefore(left: WaitingTimer, right: WaitingTimer): boolean {
  return (
    left.dueAtMs < right.dueAtMs || (left.dueAtMs === right.dueAtMs && left.order < right.order)
  );
}
