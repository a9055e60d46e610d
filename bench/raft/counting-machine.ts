import type { Entry, RestoreSink, SnapshotSource, StateMachine } from "@leveret/raft";

const STATE_SIZE = 8;

/**
 * Counts entries, and keeps nothing of them: as a queue whose messages are consumed at once. With `keepsAll` it asks for no
 * snapshot, so that the log stays as it is.
 */
export class CountingMachine implements StateMachine {
  #applied = 0;
  #reclaimable = 0;
  readonly #keepsAll: boolean;

  constructor(keepsAll: boolean) {
    this.#keepsAll = keepsAll;
  }

  get applied(): number {
    return this.#applied;
  }

  get reclaimableBytes(): number {
    return this.#keepsAll ? 0 : this.#reclaimable;
  }

  apply(entry: Entry): void {
    this.#applied++;
    this.#reclaimable += entry.data.length;
  }

  snapshot(): SnapshotSource {
    this.#reclaimable = 0;
    const state = Buffer.alloc(STATE_SIZE);
    state.writeDoubleLE(this.#applied);
    const pieces: Uint8Array[] = [state];
    return {
      live: [],
      next: () => pieces.shift(),
      close: () => {
        pieces.length = 0;
      },
    };
  }

  restore(): RestoreSink {
    const state: Uint8Array[] = [];
    return {
      add: (bytes) => {
        state.push(Buffer.from(bytes));
      },
      finish: () => {
        this.#applied = Buffer.concat(state).readDoubleLE();
      },
    };
  }

  digest(): number {
    return this.#applied >>> 0;
  }
}
