const MIN_CAPACITY = 64;
/** Children of a heap entry: four share a cache line and make the heap half as deep as two. */
const ARITY = 4;

/**
 * Messages waiting for their time, taken out by due time, then in order of arrival. A heap over typed
 * arrays: 16 bytes and one reference a message, logarithmic time to add and take, nothing to do while
 * time passes. Grows and shrinks with what it holds.
 */
export class DelayedMessages<M> {
  #due = new Float64Array(MIN_CAPACITY);
  #arrival = new Float64Array(MIN_CAPACITY);
  /** Parallel to the two arrays above, and exactly `size` long. */
  #messages: M[] = [];
  #nextArrival = 0;

  get size(): number {
    return this.#messages.length;
  }

  /** When the next message falls due; undefined when none waits. */
  nextDueAtMs(): number | undefined {
    return this.size === 0 ? undefined : this.#due[0];
  }

  /** Holds a message until `dueAtMs`, on any clock that the calls of `takeDue` share. */
  add(dueAtMs: number, message: M): void {
    const at = this.size;
    if (at === this.#due.length) this.#resize(at * 2);
    this.#messages.push(message);
    this.#rise(at, dueAtMs, this.#nextArrival++, message);
  }

  /** Takes out at most `limit` messages that are due at `nowMs`, in order. */
  takeDue(nowMs: number, limit: number): M[] {
    const taken: M[] = [];
    while (taken.length < limit && this.size > 0 && this.#dueAt(0) <= nowMs) {
      taken.push(this.#takeFirst());
    }
    this.#shrink();
    return taken;
  }

  /** Drops all messages, handing each to `release` in no particular order. */
  clear(release: (message: M) => void): void {
    const dropped = this.#messages;
    this.#messages = [];
    this.#shrink();
    for (const message of dropped) release(message);
  }

  #takeFirst(): M {
    const first = this.#messageAt(0);
    const last = this.size - 1;
    const dueAtMs = this.#dueAt(last);
    const arrival = this.#arrivalAt(last);
    const message = this.#messageAt(last);
    this.#messages.length = last;
    if (last > 0) this.#sink(dueAtMs, arrival, message);
    return first;
  }

  /** Moves the gap at `from` up to where the entry belongs, and puts the entry there. */
  #rise(from: number, dueAtMs: number, arrival: number, message: M): void {
    let gap = from;
    while (gap > 0) {
      const parent = Math.floor((gap - 1) / ARITY);
      // A new entry arrived last: it passes only entries that are due later.
      if (this.#dueAt(parent) <= dueAtMs) break;
      this.#move(parent, gap);
      gap = parent;
    }
    this.#put(gap, dueAtMs, arrival, message);
  }

  /** Moves the gap at the top down to where the entry belongs, and puts the entry there. */
  #sink(dueAtMs: number, arrival: number, message: M): void {
    let gap = 0;
    for (;;) {
      const child = this.#firstChild(gap);
      if (child === undefined || !this.#isBefore(child, dueAtMs, arrival)) break;
      this.#move(child, gap);
      gap = child;
    }
    this.#put(gap, dueAtMs, arrival, message);
  }

  /** The child that comes out first; undefined when there is none. */
  #firstChild(parent: number): number | undefined {
    const start = parent * ARITY + 1;
    if (start >= this.size) return undefined;
    let best = start;
    for (let at = start + 1; at < Math.min(start + ARITY, this.size); at++) {
      if (this.#isBefore(at, this.#dueAt(best), this.#arrivalAt(best))) best = at;
    }
    return best;
  }

  #isBefore(at: number, dueAtMs: number, arrival: number): boolean {
    const due = this.#dueAt(at);
    return due < dueAtMs || (due === dueAtMs && this.#arrivalAt(at) < arrival);
  }

  #move(from: number, to: number): void {
    this.#put(to, this.#dueAt(from), this.#arrivalAt(from), this.#messageAt(from));
  }

  #put(at: number, dueAtMs: number, arrival: number, message: M): void {
    this.#due[at] = dueAtMs;
    this.#arrival[at] = arrival;
    this.#messages[at] = message;
  }

  #dueAt(at: number): number {
    return this.#due[at] as number; // at < size <= capacity
  }

  #arrivalAt(at: number): number {
    return this.#arrival[at] as number; // at < size <= capacity
  }

  #messageAt(at: number): M {
    return this.#messages[at] as M; // at < size; M itself may include undefined
  }

  /** Gives memory back once three quarters are unused, so that it does not swing to and fro. */
  #shrink(): void {
    let capacity = this.#due.length;
    while (capacity > MIN_CAPACITY && this.size <= capacity / 4) capacity /= 2;
    if (capacity !== this.#due.length) this.#resize(capacity);
  }

  #resize(capacity: number): void {
    const due = new Float64Array(capacity);
    const arrival = new Float64Array(capacity);
    due.set(this.#due.subarray(0, this.size));
    arrival.set(this.#arrival.subarray(0, this.size));
    this.#due = due;
    this.#arrival = arrival;
  }
}
