import type { Timers } from "@leveret/raft";
import { DEFERRED_BATCH_COUNT } from "../limits.ts";
import { REAL_TIMERS } from "../runtime/real-raft-clock.ts";

/**
 * What a queue command leaves to be done: dead letters, deletions, pauses. It runs when the command has returned,
 * before anything else, in the order of arrival; work that makes more work does not nest.
 */
export class DeferredWork {
  #tasks: (() => void)[] = [];
  #isRunning = false;
  readonly #onError: (error: unknown) => void;
  readonly #timers: Timers;

  constructor(onError: (error: unknown) => void, timers: Timers = REAL_TIMERS) {
    this.#onError = onError;
    this.#timers = timers;
  }

  add(task: () => void): void {
    this.#tasks.push(task);
  }

  /** Runs what is there. After a batch the rest waits for the next turn, so that sockets are served. */
  run(): void {
    if (this.#isRunning || this.#tasks.length === 0) return;
    this.#isRunning = true;
    let done = 0;
    // The array grows while it is worked through: tasks add tasks.
    for (; done < this.#tasks.length && done < DEFERRED_BATCH_COUNT; done++) {
      try {
        this.#tasks[done]?.();
      } catch (error) {
        this.#onError(error);
      }
    }
    this.#tasks = this.#tasks.slice(done);
    this.#isRunning = false;
    if (this.#tasks.length > 0) this.#timers.defer(() => this.run());
  }
}
