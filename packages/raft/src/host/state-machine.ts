import type { Entry } from "../core/entry.ts";
import type { SnapshotMeta } from "../core/message.ts";
import type { SnapshotSource } from "../store/log-store.ts";

/** Takes in a snapshot piece by piece; the machine shows the old state until `finish`. */
export interface RestoreSink {
  add(bytes: Uint8Array): void;
  /** @throws Error if the bytes are no snapshot: the replica stops and is reported. */
  finish(): void;
}

/**
 * What the entries of a group mean. Deterministic and synchronous: same entries, same state, on every replica. No clock,
 * no randomness, no I/O; effects to the outside are the caller's affair, and only the leader carries them out.
 */
export interface StateMachine {
  /** Applies a Command entry. Throwing stops the replica: state would be half changed. */
  apply(entry: Entry): void;
  /** The state as it is now, to be written over several turns. */
  snapshot(): SnapshotSource;
  restore(meta: SnapshotMeta): RestoreSink;
  /** 32-bit digest of the state, equal on all replicas that applied the same entries. */
  digest(): number;
  /** Bytes of log that a snapshot now would set free, roughly. */
  readonly reclaimableBytes: number;
}
