import { SAMPLE_SLICE_MS, SAMPLE_STEPS } from "./statistics-limits.ts";

/** Gives other work its turn in long loops: `if (pace.isDue()) await pace.pause()` after each step. */
export class SamplingPace {
  #sliceEndMs = performance.now() + SAMPLE_SLICE_MS;
  #steps = 0;

  isDue(): boolean {
    this.#steps++;
    return this.#steps % SAMPLE_STEPS === 0 && performance.now() >= this.#sliceEndMs;
  }

  /** Resolves in a later turn. */
  async pause(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#sliceEndMs = performance.now() + SAMPLE_SLICE_MS;
  }
}
