import type { GroupId } from "../core/ids.ts";
import type { SnapshotMeta } from "../core/message.ts";
import type { LoadedSnapshot, LogStore } from "../store/log-store.ts";
import type { RestoreSink, StateMachine } from "./state-machine.ts";

/** A piece is taken in within one turn, and a machine may pack many items into few bytes: 200,000 messages of a queue, 4 ms. */
const PIECE_BYTES_MAX: number = 16 * 1024;

type OpenSnapshot = Extract<LoadedSnapshot, { kind: "snapshot" }>;

export type RestoreResult =
  | { readonly kind: "restored"; readonly meta: SnapshotMeta }
  /** The store has no snapshot of this group. */
  | { readonly kind: "none" }
  | { readonly kind: "damaged" }
  /** The machine does not understand the bytes. */
  | { readonly kind: "failed"; readonly error: unknown };

/** Where a machine's state comes from and how. */
export interface RestoreOptions {
  readonly store: LogStore;
  readonly groupId: GroupId;
  readonly chunkBytes: number;
  /** Asked before each piece: false abandons the restore, and `done` is not called. */
  isWanted(): boolean;
}

/** Loads the newest stored snapshot into the machine, one piece a turn. */
export function restoreMachine(
  machine: StateMachine,
  options: RestoreOptions,
  done: (result: RestoreResult) => void,
): void {
  options.store.loadSnapshot(options.groupId, (loaded) => {
    if (!options.isWanted()) {
      if (loaded.kind === "snapshot") loaded.close();
    } else if (loaded.kind === "snapshot") {
      new Restore(machine, loaded, options, done).start();
    } else {
      done(loaded);
    }
  });
}

/** One snapshot on its way into a machine. */
class Restore {
  readonly #machine: StateMachine;
  readonly #snapshot: OpenSnapshot;
  readonly #options: RestoreOptions;
  readonly #done: (result: RestoreResult) => void;
  #position = 0;

  constructor(
    machine: StateMachine,
    snapshot: OpenSnapshot,
    options: RestoreOptions,
    done: (result: RestoreResult) => void,
  ) {
    this.#machine = machine;
    this.#snapshot = snapshot;
    this.#options = options;
    this.#done = done;
  }

  start(): void {
    try {
      this.#next(this.#machine.restore(this.#snapshot.meta));
    } catch (error) {
      this.#end({ kind: "failed", error });
    }
  }

  #next(sink: RestoreSink): void {
    const size = Math.min(this.#options.chunkBytes, PIECE_BYTES_MAX);
    this.#snapshot.read(this.#position, size, (bytes) => {
      if (!this.#options.isWanted()) this.#snapshot.close();
      else if (bytes === "damaged") this.#end({ kind: "damaged" });
      else this.#take(sink, bytes);
    });
  }

  #take(sink: RestoreSink, bytes: Uint8Array): void {
    this.#position += bytes.length;
    const isLast = this.#position >= this.#snapshot.size || bytes.length === 0;
    try {
      if (bytes.length > 0) sink.add(bytes);
      if (isLast) sink.finish();
    } catch (error) {
      this.#end({ kind: "failed", error });
      return;
    }
    if (isLast) this.#end({ kind: "restored", meta: this.#snapshot.meta });
    else this.#next(sink);
  }

  #end(result: RestoreResult): void {
    this.#snapshot.close();
    this.#done(result);
  }
}
