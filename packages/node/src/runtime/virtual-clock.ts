import type { Clock, Timer } from "./clock.ts";
import { TimerHeap, type WaitingTimer } from "./timer-heap.ts";

/** Timers that one call of `advance` fires at most: a timer that re-arms itself for now must not hang a test. */
const FIRED_MAX = 1_000_000;

/** A clock that stands still until a test moves it: message TTLs, queue expiry and delays in no time. */
export class VirtualClock implements Clock {
  #now: number;
  #nextOrder = 0;
  readonly #waiting = new TimerHeap();

  /** `startAtMs`: ms since the epoch. */
  constructor(startAtMs: number = Date.UTC(2026, 0, 1)) {
    this.#now = startAtMs;
  }

  now(): number {
    return this.#now;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    const timer: WaitingTimer = {
      dueAtMs: this.#now + Math.max(0, delayMs),
      order: this.#nextOrder++,
      callback,
      isOver: false,
    };
    this.#waiting.push(timer);
    return { cancel: () => this.#waiting.cancel(timer) };
  }

  /** Moves time on and fires what falls due, in order of time, then of setting. @throws RangeError backwards */
  advance(ms: number): void {
    if (!(ms >= 0)) throw new RangeError(`time does not run backwards, nor by ${ms} ms`);
    const until = this.#now + ms;
    for (let fired = 0; fired < FIRED_MAX; fired++) {
      const next = this.#waiting.takeDue(until);
      if (next === undefined) {
        this.#now = Math.max(this.#now, until);
        return;
      }
      this.#now = Math.max(this.#now, next.dueAtMs);
      next.callback();
    }
    throw new Error(`more than ${FIRED_MAX} timers fired in one step`);
  }
}
