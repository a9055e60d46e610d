import { mix32 } from "./mix32.ts";

const BITS = 32;

/**
 * Which operations are placed, as bits, with a hash that is kept up to date by exclusive-or: each operation has
 * a pseudo-random number, and the hash is that of all placed ones together (Zobrist's hashing).
 */
export class PlacedSet {
  readonly words: Uint32Array;
  #hash = 0;

  constructor(count: number) {
    this.words = new Uint32Array(Math.ceil(count / BITS));
  }

  get hash(): number {
    return this.#hash;
  }

  /** Puts one in, or takes it out if it is in. */
  flip(operation: number): void {
    const word = operation >>> 5;
    this.words[word] = ((this.words[word] ?? 0) ^ (1 << (operation & 31))) >>> 0;
    this.#hash ^= mix32(operation + 1);
  }

  /** The words up to the last that is not 0. */
  get usedWords(): number {
    let used = this.words.length;
    while (used > 0 && this.words[used - 1] === 0) used--;
    return used;
  }
}
