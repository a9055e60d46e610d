import { SLICE_MS } from "../limits.ts";

/** The clock is asked once for so many steps: each takes microseconds. */
const STEPS_PER_LOOK = 16;

/**
 * Gives other work its turn: a loop over many rows does `if (slices.isDue()) await slices.pause()` in each step, and so never blocks the
 * event loop for more than a few milliseconds.
 */
export class Slices {
  #start = performance.now();
  #steps = 0;

  /** Whether this request has worked long enough for now. `steps`: rows done since the last call. */
  isDue(steps = 1): boolean {
    this.#steps += steps;
    if (this.#steps < STEPS_PER_LOOK) return false;
    this.#steps = 0;
    return performance.now() - this.#start >= SLICE_MS;
  }

  /** Resolves in a later turn. */
  async pause(): Promise<void> {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    this.#start = performance.now();
  }
}
