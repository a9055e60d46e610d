import type { Random } from "../core/random.ts";
import type { Timer, Timers } from "../env/clock.ts";
import type { RaftLimits } from "../limits.ts";

/** Beyond this many failures the delay does not grow. */
const DOUBLINGS_MAX = 16;

/** When to connect again: exponential backoff with jitter, so that nodes do not knock in step. */
export class Redial {
  readonly #limits: Pick<RaftLimits, "reconnectMinMs" | "reconnectMaxMs">;
  readonly #random: Random;
  readonly #timers: Timers;
  readonly #dial: () => void;
  #timer: Timer | undefined;
  #failures = 0;

  constructor(
    limits: Pick<RaftLimits, "reconnectMinMs" | "reconnectMaxMs">,
    dependencies: { readonly random: Random; readonly timers: Timers },
    dial: () => void,
  ) {
    this.#limits = limits;
    this.#random = dependencies.random;
    this.#timers = dependencies.timers;
    this.#dial = dial;
  }

  /** Dials after `delayMs`, or after the backoff if there were failures; a no-op when a dial is already planned. */
  soon(delayMs: number): void {
    this.#schedule(this.#failures === 0 ? delayMs : this.#backoffMs());
  }

  /** An attempt failed: the next comes later than the last. */
  failed(): void {
    this.#failures = Math.min(DOUBLINGS_MAX, this.#failures + 1);
    this.#schedule(this.#backoffMs());
  }

  /** The peer answered that now is not the moment. */
  postponed(): void {
    this.#schedule(this.#jittered(2 * this.#limits.reconnectMinMs));
  }

  /** A connection proved good: the next loss is answered at once. */
  reset(): void {
    this.#failures = 0;
  }

  get isPlanned(): boolean {
    return this.#timer !== undefined;
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #schedule(delayMs: number): void {
    if (this.#timer !== undefined) return;
    this.#timer = this.#timers.setTimer(delayMs, () => {
      this.#timer = undefined;
      this.#dial();
    });
  }

  #backoffMs(): number {
    const { reconnectMinMs, reconnectMaxMs } = this.#limits;
    return this.#jittered(Math.min(reconnectMaxMs, reconnectMinMs * 2 ** (this.#failures - 1)));
  }

  /** Between half of `delayMs` and all of it. */
  #jittered(delayMs: number): number {
    return delayMs * (0.5 + this.#random.next() / 2);
  }
}
