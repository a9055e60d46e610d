import type { Entry } from "./entry.ts";

/**
 * What the core sees of the part of a group's log that was handed to storage: everything up to the last append. Synchronous:
 * terms are always in memory; entries may not be, then the core asks for them by `Ready.fetches`.
 */
export interface LogView {
  /** Entries up to here are gone (apart from live ones, which Raft does not need). At least 0. */
  readonly compactedIndex: number;
  /** Term of the entry at `compactedIndex`. */
  readonly compactedTerm: number;
  /** Last index handed to storage; `compactedIndex` if there is none after it. Damaged entries count. */
  readonly lastIndex: number;
  /** Index of the newest durable snapshot, at least `compactedIndex`: what a follower further back can be given. */
  readonly snapshotIndex: number;
  /** Term of an entry; undefined outside `compactedIndex`..`lastIndex` and for damaged entries. */
  term(index: number): number | undefined;
  /**
   * Entries `from`..`to` as far as they fit into `maxBytes` (by entrySize; at least one), if the first of them is in memory;
   * undefined if it must be fetched. May return fewer than fit.
   */
  cached(from: number, to: number, maxBytes: number): readonly Entry[] | undefined;
}
