import type { Clock, Timer, Timers } from "../env/clock.ts";
import type { Random } from "./random.ts";
import type { SimScheduler } from "./sim-scheduler.ts";

/** How a machine's clocks differ from virtual time. */
export interface ClockFaults {
  /** Of the wall clock, ms; changed by jumps. */
  wallSkewMs: number;
  /** Both clocks run faster by this share, millionths. */
  readonly driftPpm: number;
}

/** Mean time from `defer` to the end of the turn: what arrives in between belongs to the same turn. */
const TURN_MEAN_MS = 0.05;

/**
 * One life of a node's process: its clock, its timers, and the gate through which everything from outside enters it. A dead
 * process is never called again; for a paused one (SIGSTOP, a stalled virtual machine) calls wait until it goes on.
 */
export class SimProcess implements Clock, Timers {
  /** Different for each life of each node. */
  readonly seed: number;
  readonly #scheduler: SimScheduler;
  readonly #random: Random;
  readonly #clock: ClockFaults;
  readonly #startMs: number;
  readonly #speed: number;
  readonly #onError: (error: unknown) => void;
  #isAlive = true;
  #isPaused = false;
  #waiting: (() => void)[] = [];
  #deferred: (() => void)[] = [];
  #timers = 0;

  constructor(
    scheduler: SimScheduler,
    random: Random,
    clock: ClockFaults,
    onError: (error: unknown) => void,
  ) {
    this.#scheduler = scheduler;
    this.#random = random;
    this.#clock = clock;
    this.#startMs = scheduler.nowMs;
    this.#speed = 1 + clock.driftPpm / 1e6;
    this.#onError = onError;
    this.seed = random.next32();
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Timers set and neither called nor cancelled: a leak shows here. */
  get timers(): number {
    return this.#timers;
  }

  wallMs(): number {
    return 1_700_000_000_000 + this.#scheduler.nowMs * this.#speed + this.#clock.wallSkewMs;
  }

  monotonicMs(): number {
    return 1000 + (this.#scheduler.nowMs - this.#startMs) * this.#speed;
  }

  /** Calls into the process now, or when it goes on; never when it is dead. */
  run(call: () => void): void {
    if (!this.#isAlive) return;
    if (this.#isPaused) {
      this.#waiting.push(call);
      return;
    }
    try {
      call();
    } catch (error) {
      this.#onError(error);
    }
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    if (!this.#isAlive) return { cancel(): void {} };
    let isPending = true;
    this.#timers++;
    const scheduled = this.#scheduler.after(Math.max(delayMs, 0.001) / this.#speed, () =>
      this.run(() => {
        // A paused process may have cancelled the timer after it was due: it was not called yet.
        if (!isPending) return;
        isPending = false;
        this.#timers--;
        callback();
      }),
    );
    return {
      cancel: (): void => {
        if (!isPending) return;
        isPending = false;
        this.#timers--;
        this.#scheduler.cancel(scheduled);
      },
    };
  }

  defer(callback: () => void): void {
    if (!this.#isAlive) return;
    this.#deferred.push(callback);
    if (this.#deferred.length > 1) return;
    this.#scheduler.after(this.#random.exponential(TURN_MEAN_MS), () =>
      this.run(() => this.#runDeferred()),
    );
  }

  kill(): void {
    this.#isAlive = false;
    this.#waiting = [];
    this.#deferred = [];
  }

  pause(): void {
    this.#isPaused = true;
  }

  /** What waited comes in the order in which it became due, each call in a turn of its own. */
  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#runWaiting(waiting, 0);
  }

  #runWaiting(waiting: readonly (() => void)[], position: number): void {
    const call = waiting[position];
    if (call === undefined || !this.#isAlive) return;
    if (this.#isPaused) {
      this.#waiting = [...waiting.slice(position), ...this.#waiting];
      return;
    }
    this.run(call);
    this.#scheduler.after(0, () => this.#runWaiting(waiting, position + 1));
  }

  #runDeferred(): void {
    const deferred = this.#deferred;
    this.#deferred = [];
    for (const callback of deferred) this.run(callback);
  }
}
