import type { Clock, Timer } from "./clock.ts";

/** Timers that one call of `advance` fires at most: a timer that re-arms itself for now must not hang a test. */
const FIRED_MAX = 1_000_000;

interface PendingTimer extends Timer {
  readonly dueAtMs: number;
  readonly order: number;
  readonly callback: () => void;
}

/** A clock that stands still until a test moves it: message TTLs, queue expiry and delays in no time. */
export class VirtualClock implements Clock {
  #now: number;
  #nextOrder = 0;
  readonly #pending = new Set<PendingTimer>();

  /** `startAtMs`: ms since the epoch. */
  constructor(startAtMs: number = Date.UTC(2026, 0, 1)) {
    this.#now = startAtMs;
  }

  now(): number {
    return this.#now;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    const timer: PendingTimer = {
      dueAtMs: this.#now + Math.max(0, delayMs),
      order: this.#nextOrder++,
      callback,
      cancel: () => this.#pending.delete(timer),
    };
    this.#pending.add(timer);
    return timer;
  }

  /** Moves time on and fires what falls due, in order of time, then of setting. @throws RangeError backwards */
  advance(ms: number): void {
    if (ms < 0) throw new RangeError("time does not run backwards");
    const until = this.#now + ms;
    for (let fired = 0; fired < FIRED_MAX; fired++) {
      const next = this.#next(until);
      if (next === undefined) {
        this.#now = until;
        return;
      }
      this.#pending.delete(next);
      this.#now = Math.max(this.#now, next.dueAtMs);
      next.callback();
    }
    throw new Error(`more than ${FIRED_MAX} timers fired in one step`);
  }

  #next(until: number): PendingTimer | undefined {
    let best: PendingTimer | undefined;
    for (const timer of this.#pending) {
      if (timer.dueAtMs > until) continue;
      if (best === undefined || isBefore(timer, best)) best = timer;
    }
    return best;
  }
}

function isBefore(left: PendingTimer, right: PendingTimer): boolean {
  return (
    left.dueAtMs < right.dueAtMs || (left.dueAtMs === right.dueAtMs && left.order < right.order)
  );
}
