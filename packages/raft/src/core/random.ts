const TWO_32 = 0x1_0000_0000;

/**
 * Chance that a seed repeats exactly: a counter stepped by the golden ratio, mixed by the finalizer of MurmurHash3
 * (all 2^32 values once per period). For jitter and simulation, not for secrets.
 */
export class Random {
  #state: number;

  constructor(seed: number) {
    // Seeds differ in the high bits too (a seed may be a clock value): fold them in.
    this.#state = ((seed >>> 0) ^ (Math.floor(seed / TWO_32) >>> 0)) >>> 0;
  }

  /** An integer from 0 to 2^32 - 1. */
  nextU32(): number {
    this.#state = (this.#state + 0x9e37_79b9) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85eb_ca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
    return (mixed ^ (mixed >>> 16)) >>> 0;
  }

  /** From 0 (included) to 1 (excluded). */
  next(): number {
    return this.nextU32() / TWO_32;
  }

  /** An integer from 0 to `limit` - 1. */
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }
}
