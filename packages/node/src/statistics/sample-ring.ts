/** How often samples are taken, and how many are kept. */
export interface Retention {
  readonly intervalMs: number;
  readonly count: number;
}

/**
 * The newest samples of some figures at equal intervals of wall-clock time, so that those of several nodes can be added up. There is a value
 * for every time: where no sample came, nothing has changed.
 */
export class SampleRing {
  readonly #retention: Retention;
  readonly #width: number;
  readonly #samples: Float64Array;
  /** Number of the newest sample, in intervals since the epoch. */
  #newest: number;

  /** `initial`: the figures at all times up to `nowMs`. */
  constructor(retention: Retention, initial: Float64Array, nowMs: number) {
    this.#retention = retention;
    this.#width = initial.length;
    this.#samples = new Float64Array(retention.count * initial.length);
    for (let slot = 0; slot < retention.count; slot++) {
      this.#samples.set(initial, slot * initial.length);
    }
    this.#newest = Math.floor(nowMs / retention.intervalMs);
  }

  get byteLength(): number {
    return this.#samples.byteLength;
  }

  /** How far back it goes. */
  get spanMs(): number {
    return this.#retention.intervalMs * (this.#retention.count - 1);
  }

  get intervalMs(): number {
    return this.#retention.intervalMs;
  }

  /** Takes the figures as they are at `nowMs`; only the first in each interval counts. */
  push(figures: Float64Array, nowMs: number): void {
    const number = Math.floor(nowMs / this.#retention.intervalMs);
    if (number <= this.#newest) return;
    const before = this.#at(this.#newest);
    const missed = Math.min(number - this.#newest, this.#retention.count) - 1;
    for (let back = missed; back > 0; back--)
      this.#samples.set(before, this.#offset(number - back));
    this.#newest = number;
    this.#samples.set(figures, this.#offset(number));
  }

  /** The figures at a time; those of the oldest sample before that. Valid until the next push. */
  at(timeMs: number): Float64Array {
    const number = Math.floor(timeMs / this.#retention.intervalMs);
    const oldest = this.#newest - this.#retention.count + 1;
    return this.#at(Math.min(this.#newest, Math.max(oldest, number)));
  }

  #at(number: number): Float64Array {
    const offset = this.#offset(number);
    return this.#samples.subarray(offset, offset + this.#width);
  }

  #offset(number: number): number {
    return (number % this.#retention.count) * this.#width;
  }
}
