/**
 * Seeded pseudo-random numbers (xoshiro128**, period 2^128 - 1). Everything that chance decides in a simulation comes from
 * generators forked off one seed, so that a run can be repeated from that seed alone.
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  constructor(seed: number) {
    // splitmix32 spreads neighbouring seeds over the whole state; the state must not be all zero.
    let x = (Math.floor(seed / 0x1_0000_0000) ^ 0x5bd1_e995) >>> 0;
    const next = (): number => {
      x = (x + 0x9e37_79b9) >>> 0;
      let z = x ^ (x >>> 16);
      z = Math.imul(z, 0x21f0_aaad);
      z ^= z >>> 15;
      z = Math.imul(z, 0x735a_2d97);
      return (z ^ (z >>> 15)) >>> 0;
    };
    x = (next() ^ (seed >>> 0)) >>> 0;
    this.#a = next();
    this.#b = next();
    this.#c = next();
    this.#d = next() | 1;
  }

  /** A generator of its own for one part of the simulation: what one part draws does not change what others get. */
  fork(): Random {
    return new Random(this.next32() * 0x20_0000 + (this.next32() >>> 11));
  }

  /** Uniform over 0..2^32-1. */
  next32(): number {
    const result = Math.imul(rotateLeft(Math.imul(this.#b, 5), 7), 9) >>> 0;
    const t = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= t;
    this.#d = rotateLeft(this.#d, 11);
    return result;
  }

  /** Uniform over [0, 1). */
  float(): number {
    return this.next32() / 0x1_0000_0000;
  }

  /** Uniform over 0..count-1. */
  below(count: number): number {
    return Math.floor(this.float() * count);
  }

  /** Uniform over the integers `low`..`high`, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  chance(probability: number): boolean {
    return probability > 0 && this.float() < probability;
  }

  /** Exponentially distributed with this mean. */
  exponential(mean: number): number {
    return -mean * Math.log(1 - this.float());
  }

  /** From `low` to `high` with equal weight for each order of magnitude. */
  logBetween(low: number, high: number): number {
    return low * (high / low) ** this.float();
  }

  /** One of `items`. @throws RangeError if there are none */
  pick<T>(items: readonly T[]): T {
    const index = this.below(items.length);
    const item = items[index];
    if (item === undefined && index >= items.length) throw new RangeError("nothing to pick from");
    // The index is inside the list; T itself may include undefined.
    return item as T;
  }

  /** A shuffled copy (Fisher-Yates). */
  shuffle<T>(items: readonly T[]): T[] {
    const result = [...items];
    for (let last = result.length - 1; last > 0; last--) {
      const other = this.below(last + 1);
      // Both indexes are inside the list.
      const moved = result[last] as T;
      result[last] = result[other] as T;
      result[other] = moved;
    }
    return result;
  }

  /** Overwrites `target` with random bytes. */
  fill(target: Uint8Array): void {
    for (let i = 0; i < target.length; i++) target[i] = this.next32() >>> 24;
  }
}

function rotateLeft(x: number, bits: number): number {
  return (x << bits) | (x >>> (32 - bits));
}
