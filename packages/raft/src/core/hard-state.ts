import type { ReplicaId } from "./ids.ts";

/**
 * What a replica must not forget. Term and vote are durable before any message that rests on them leaves. `commitIndex`
 * is written along with each append of entries, never by itself: so a replica that holds a ConfChange entry also knows, after
 * a restart, that the change before it was committed, and never campaigns with a configuration two changes old.
 */
export interface HardState {
  readonly currentTerm: number;
  readonly votedFor: ReplicaId;
  readonly commitIndex: number;
}

/** A position in a log, compared by term first (Raft paper 5.4.1). */
export interface LogPosition {
  readonly term: number;
  readonly index: number;
}

/** An inclusive range of log indexes. */
export interface IndexRange {
  readonly first: number;
  readonly last: number;
}
