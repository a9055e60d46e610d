import type { Clock, Timers } from "../env/clock.ts";
import { type Task, until } from "./task.ts";

const SLICE_MS = 2;
/** Work between two looks at the clock; also the most that is done in a turn where time stands still. */
const STEPS_PER_LOOK = 256;
const STEPS_PER_SLICE = 16_384;

/** Cuts long work into slices, so that the event loop goes on in between. */
export class Slicer {
  readonly #clock: Clock;
  readonly #timers: Timers;
  #steps = 0;
  #stepsInSlice = 0;
  #sliceStartMs = 0;

  constructor(clock: Clock, timers: Timers) {
    this.#clock = clock;
    this.#timers = timers;
  }

  /** Calls `callback` at the end of the turn. */
  defer(callback: () => void): void {
    this.#timers.defer(callback);
  }

  /** To be called after some work; waits for the next turn when the slice is used up. */
  *pause(steps: number): Task<void> {
    this.#steps += steps + 1;
    if (this.#steps < STEPS_PER_LOOK) return;
    this.#stepsInSlice += this.#steps;
    this.#steps = 0;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#sliceStartMs < SLICE_MS && this.#stepsInSlice < STEPS_PER_SLICE) return;
    yield* until((done) => this.#timers.defer(done));
    this.#stepsInSlice = 0;
    this.#sliceStartMs = this.#clock.monotonicMs();
  }
}
