/**
 * What was not handed to the queue machine yet of one priority level, in the order of refs: the machine takes from it as its ready
 * messages. Belongs to the leader; no part of the replicated state.
 */
export interface LogCursor {
  /** Live messages beyond the cursor. */
  readonly count: number;
  /** Octets of their bodies. */
  readonly bytes: number;
  /** Of the next message; this and the following mean nothing if `count` is 0. */
  readonly ref: number;
  /** Octets of the next message's body. */
  readonly bodySize: number;
  /** When the next message expires, ms since the epoch; -1: never. */
  readonly expiresAtMs: number;
  /** How often the next message came back. */
  readonly returnCount: number;
  /** Moves past the next message. @throws RangeError if there is none */
  take(): void;
  /** Moves past so many messages, or as many as there are; whole pages at once. */
  skip(count: number): void;
  /**
   * Moves back, so that `ref` is next again: it and what was taken after it is given back. Costs as much as taking those.
   * @throws RangeError if it is no live message before the cursor or at it
   */
  rewindTo(ref: number): void;
  /** Moves to the end; says which messages it passed over, undefined if there was none. */
  skipAll(): { first: number; last: number } | undefined;
}
