import type { Clock, Timer, Timers } from "@leveret/raft";
import { RealClock } from "./real-clock.ts";

/**
 * The machine's time for consensus. Its timers keep the process alive, as they should while a node runs; a node that was stopped
 * has cancelled all of them.
 */
export class RealRaftClock implements Clock, Timers {
  readonly #clock = new RealClock();

  wallMs(): number {
    return Date.now();
  }

  monotonicMs(): number {
    return performance.now();
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    return this.#clock.setTimer(Math.max(0, delayMs), callback);
  }

  defer(callback: () => void): void {
    setImmediate(callback);
  }
}

/** For those that nobody gives other timers. */
export const REAL_TIMERS: Timers = new RealRaftClock();
