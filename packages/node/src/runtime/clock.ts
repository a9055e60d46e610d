/** A pending call, made by {@link Clock.setTimer}. Cancelling twice, or after the call, does nothing. */
export interface Timer {
  cancel(): void;
}

/** The only source of time in the broker, so that tests and the embedding API can move it. */
export interface Clock {
  /** Milliseconds since 1970-01-01 UTC. */
  now(): number;
  /** Calls `callback` once, `delayMs` milliseconds from now (0 or less: as soon as possible). */
  setTimer(delayMs: number, callback: () => void): Timer;
}
