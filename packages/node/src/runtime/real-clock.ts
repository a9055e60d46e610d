import type { Clock, Timer } from "./clock.ts";

/** Longest delay of setTimeout; a longer one would fire at once. */
const TIMEOUT_MAX_MS = 2_147_483_647;

/** The machine's clock. Times far away are reached in steps. */
export class RealClock implements Clock {
  now(): number {
    return Date.now();
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    return new RealTimer(delayMs, callback);
  }
}

class RealTimer implements Timer {
  readonly #callback: () => void;
  #leftMs: number;
  #timeout: ReturnType<typeof setTimeout>;

  constructor(delayMs: number, callback: () => void) {
    this.#callback = callback;
    this.#leftMs = delayMs;
    this.#timeout = this.#step();
  }

  cancel(): void {
    clearTimeout(this.#timeout);
  }

  #step(): ReturnType<typeof setTimeout> {
    const delayMs = Math.min(this.#leftMs, TIMEOUT_MAX_MS);
    this.#leftMs -= delayMs;
    return setTimeout(() => {
      if (this.#leftMs <= 0) this.#callback();
      else this.#timeout = this.#step();
    }, delayMs);
  }
}
