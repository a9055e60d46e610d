import type { Clock, Timer, Timers } from "../env/clock.ts";
import type { RaftLimits } from "../limits.ts";
import type { HostMetrics } from "./metrics.ts";

/**
 * The one timer of all groups. Its ticks follow the clock, except after a stall (a long pause of the process or its machine): what
 * happened meanwhile lies unread in the sockets, so that no time passes for the groups until it has been read.
 */
export class HostClock {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #limits: RaftLimits;
  readonly #metrics: HostMetrics;
  readonly #onTick: (ticks: number, nowMs: number) => void;
  #timer: Timer | undefined;
  #tickedAtMs: number;

  constructor(
    platform: { readonly clock: Clock; readonly timers: Timers },
    host: { readonly limits: RaftLimits; readonly metrics: HostMetrics },
    onTick: (ticks: number, nowMs: number) => void,
  ) {
    this.#clock = platform.clock;
    this.#timers = platform.timers;
    this.#limits = host.limits;
    this.#metrics = host.metrics;
    this.#onTick = onTick;
    this.#tickedAtMs = platform.clock.monotonicMs();
  }

  start(): void {
    this.#tickedAtMs = this.#clock.monotonicMs();
    this.#arm();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(): void {
    this.#timer = this.#timers.setTimer(this.#limits.tickMs, () => this.#fire());
  }

  #fire(): void {
    const { tickMs, stallMs } = this.#limits;
    const nowMs = this.#clock.monotonicMs();
    const elapsedMs = nowMs - this.#tickedAtMs;
    // First, so that `onTick` may stop the clock.
    this.#arm();
    this.#metrics.loopGapMaxMs = Math.max(this.#metrics.loopGapMaxMs, elapsedMs - tickMs);
    if (elapsedMs - tickMs > stallMs) {
      // The sockets are read before the next tick: that one is the first that counts.
      this.#metrics.stalls++;
      this.#tickedAtMs = nowMs;
      this.#onTick(0, nowMs);
      return;
    }
    const ticks = Math.max(1, Math.floor(elapsedMs / tickMs));
    this.#tickedAtMs = ticks === 1 ? nowMs : this.#tickedAtMs + ticks * tickMs;
    this.#onTick(ticks, nowMs);
  }
}
