import type { Timer, Timers } from "../env/clock.ts";

/**
 * Calls once after a quiet period. Arming it for every batch costs nothing: one timer runs, and starts over if it was
 * armed meanwhile.
 */
export class EvidenceTimer {
  readonly #timers: Timers;
  readonly #delayMs: number;
  readonly #onQuiet: () => void;
  #timer: Timer | undefined;
  #isArmedAgain = false;

  constructor(timers: Timers, delayMs: number, onQuiet: () => void) {
    this.#timers = timers;
    this.#delayMs = delayMs;
    this.#onQuiet = onQuiet;
  }

  arm(): void {
    if (this.#timer === undefined) this.#start();
    else this.#isArmedAgain = true;
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #start(): void {
    this.#isArmedAgain = false;
    this.#timer = this.#timers.setTimer(this.#delayMs, () => {
      this.#timer = undefined;
      if (this.#isArmedAgain) this.#start();
      else this.#onQuiet();
    });
  }
}
