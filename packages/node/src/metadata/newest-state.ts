import type { RaftGroup, Timers } from "@leveret/raft";
import { METADATA_RETRY_MS, METADATA_UNAVAILABLE_MS } from "../limits.ts";
import type { Refusal } from "./commands.ts";
import { NOBODY_LEADS, UNAVAILABLE } from "./store-failures.ts";

type ReadDone = (failure: Refusal | undefined) => void;

/** Those who wait until this replica has all that was acknowledged anywhere before they asked (ReadIndex). */
export class NewestState {
  readonly #group: RaftGroup;
  readonly #timers: Timers;
  /** What ends each of them. */
  readonly #waiting = new Set<ReadDone>();
  #isClosed = false;

  constructor(group: RaftGroup, timers: Timers) {
    this.#group = group;
    this.#timers = timers;
  }

  /** A Refusal: no leader has answered in time, or the replica does not run. */
  wait(done: ReadDone): void {
    if (this.#isClosed) {
      done(UNAVAILABLE);
      return;
    }
    const end = (failure: Refusal | undefined): void => {
      if (!this.#waiting.delete(end)) return;
      timeout.cancel();
      done(failure);
    };
    const timeout = this.#timers.setTimer(METADATA_UNAVAILABLE_MS, () => end(NOBODY_LEADS));
    this.#waiting.add(end);
    this.#ask(end);
  }

  /** All that wait are refused, and those that come. */
  close(): void {
    this.#isClosed = true;
    for (const end of this.#waiting) end(UNAVAILABLE);
  }

  #ask(end: ReadDone): void {
    if (!this.#waiting.has(end)) return;
    this.#group.read(({ kind }) => {
      if (kind === "ready") end(undefined);
      else if (kind === "stopped") end(UNAVAILABLE);
      else if (this.#waiting.has(end)) {
        this.#timers.setTimer(METADATA_RETRY_MS, () => this.#ask(end));
      }
    });
  }
}
