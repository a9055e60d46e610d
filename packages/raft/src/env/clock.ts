/** The sources of time of a node. Everything in this package gets time from here, never from the platform. */
export interface Clock {
  /** Milliseconds since 1970-01-01 UTC. May jump; used for stamps that people or machines read, never for intervals. */
  wallMs(): number;
  /** Milliseconds since an arbitrary start, with fractions. Never runs backwards; all intervals use it. */
  monotonicMs(): number;
}

/** A pending call. Cancelling twice, or after the call, does nothing. */
export interface Timer {
  cancel(): void;
}

/** How a node asks to be called later. Callbacks never run inside the call that sets them. */
export interface Timers {
  /** Calls `callback` once, `delayMs` from now. */
  setTimer(delayMs: number, callback: () => void): Timer;
  /** Calls `callback` at the end of the present turn of the event loop, after the input at hand (setImmediate). */
  defer(callback: () => void): void;
}
