import type { Clock, Timer } from "../../src/runtime/clock.ts";

interface Pending {
  readonly at: number;
  readonly callback: () => void;
}

/** A clock that stands still until it is told to go on. */
export class StepClock implements Clock {
  #now = 0;
  #pending = new Set<Pending>();

  now(): number {
    return this.#now;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    const pending = { at: this.#now + delayMs, callback };
    this.#pending.add(pending);
    return { cancel: () => this.#pending.delete(pending) };
  }

  /** Milliseconds until the next timers. */
  get delays(): readonly number[] {
    return [...this.#pending].map(({ at }) => at - this.#now);
  }

  advance(ms: number): void {
    this.#now += ms;
    for (const pending of [...this.#pending]) {
      if (pending.at > this.#now) continue;
      this.#pending.delete(pending);
      pending.callback();
    }
  }
}
