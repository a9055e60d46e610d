const FIRST_CAPACITY = 64;
/** Seven bits in each byte: eight bytes hold all safe integers. */
const VARINT_SIZE_MAX = 8;
const HIGH_BIT = 0x80;

/** Collects integers, seven bits a byte, lowest first; the high bit says that more follow. */
export class VarintWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #size = 0;

  constructor(capacity: number = FIRST_CAPACITY) {
    this.#bytes = new Uint8Array(capacity);
  }

  get size(): number {
    return this.#size;
  }

  /** @param value 0 to 255 */
  byte(value: number): void {
    if (this.#size === this.#bytes.length) this.#grow();
    this.#bytes[this.#size++] = value;
  }

  /** @throws RangeError if the value is no safe integer, or below 0 */
  unsigned(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`cannot write ${value}`);
    let rest = value;
    while (rest > 0x7fff_ffff) {
      this.byte((rest % HIGH_BIT) | HIGH_BIT);
      rest = Math.floor(rest / HIGH_BIT);
    }
    while (rest >= HIGH_BIT) {
      this.byte((rest & 0x7f) | HIGH_BIT);
      rest >>>= 7;
    }
    this.byte(rest);
  }

  /** Small values of either sign take few bytes. @throws RangeError beyond 52 bits */
  signed(value: number): void {
    this.unsigned(value < 0 ? -2 * value - 1 : 2 * value);
  }

  /** The lowest 32 bits, little-endian. */
  uint32(value: number): void {
    for (let shift = 0; shift < 32; shift += 8) this.byte((value >>> shift) & 0xff);
  }

  /** What was written, which is the caller's from now on; the writer is empty again. */
  take(): Uint8Array {
    const bytes = this.#bytes.slice(0, this.#size);
    this.#size = 0;
    return bytes;
  }

  #grow(): void {
    const grown = new Uint8Array(this.#bytes.length * 2);
    grown.set(this.#bytes);
    this.#bytes = grown;
  }
}

/** Reads what a VarintWriter wrote. Everything throws an Error if the bytes end too early or are none that it would write. */
export class VarintReader {
  readonly #bytes: Uint8Array;
  /** Where the next value begins. */
  position: number;

  constructor(bytes: Uint8Array, position = 0) {
    this.#bytes = bytes;
    this.position = position;
  }

  /** Bytes not read yet. */
  get rest(): number {
    return this.#bytes.length - this.position;
  }

  byte(): number {
    const value = this.#bytes[this.position];
    if (value === undefined) throw new Error("the bytes are cut short");
    this.position++;
    return value;
  }

  unsigned(): number {
    const first = this.byte();
    if (first < HIGH_BIT) return first;
    let value = first & 0x7f;
    let unit = HIGH_BIT;
    for (let read = 1; read < VARINT_SIZE_MAX; read++) {
      const next = this.byte();
      value += (next & 0x7f) * unit;
      unit *= HIGH_BIT;
      if (next >= HIGH_BIT) continue;
      if (next === 0 || value > Number.MAX_SAFE_INTEGER) break;
      return value;
    }
    throw new Error("a number is not written as it should be");
  }

  signed(): number {
    const value = this.unsigned();
    const half = Math.floor(value / 2);
    return value % 2 === 0 ? half : -half - 1;
  }

  uint32(): number {
    const value = this.byte() | (this.byte() << 8) | (this.byte() << 16) | (this.byte() << 24);
    return value >>> 0;
  }
}
