const EMPTY = 0;
/** Share of used places above which the table grows. */
const LOAD_MAX = 0.6;

/**
 * A set of strings that keeps 64 bits of each instead of the text, so that millions fit into memory. Two different strings are
 * mistaken for each other with a chance of about n^2 / 2^65 for n of them.
 */
export class HashSet {
  #high: Uint32Array;
  #low: Uint32Array;
  #size = 0;

  constructor(capacity: number = 1 << 16) {
    this.#high = new Uint32Array(capacity);
    this.#low = new Uint32Array(capacity);
  }

  get size(): number {
    return this.#size;
  }

  /** True: it was not there. */
  add(text: string): boolean {
    if (this.#size > this.#high.length * LOAD_MAX) this.#grow();
    let high = 0x811c9dc5;
    let low = 0x1b873593;
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      high = Math.imul(high ^ code, 0x01000193);
      low = Math.imul((low << 13) | (low >>> 19), 0x85ebca6b) ^ Math.imul(code, 0xcc9e2d51);
    }
    high = mixed(high ^ (low << 7));
    low = mixed(low ^ high);
    // Both 0 marks an empty place.
    return this.#insert(high === EMPTY ? 1 : high, low);
  }

  #insert(high: number, low: number): boolean {
    const mask = this.#high.length - 1;
    let at = low & mask;
    while (this.#high[at] !== EMPTY) {
      if (this.#high[at] === high && this.#low[at] === low) return false;
      at = (at + 1) & mask;
    }
    this.#high[at] = high;
    this.#low[at] = low;
    this.#size++;
    return true;
  }

  #grow(): void {
    const high = this.#high;
    const low = this.#low;
    this.#high = new Uint32Array(high.length * 2);
    this.#low = new Uint32Array(high.length * 2);
    this.#size = 0;
    for (let at = 0; at < high.length; at++) {
      const value = high[at] ?? EMPTY;
      if (value !== EMPTY) this.#insert(value, low[at] ?? 0);
    }
  }
}

/** The final mixing of MurmurHash3: every bit of the input changes half of the output. */
function mixed(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
