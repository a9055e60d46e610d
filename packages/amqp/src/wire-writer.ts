import assert from "node:assert/strict";

const SIZE_INITIAL = 256;
const SHORTSTR_SIZE_MAX = 255;
const TWO_TO_32 = 0x1_0000_0000;

/** Appends wire values to a buffer that grows by doubling. */
export class WireWriter {
  #bytes: Buffer = Buffer.allocUnsafe(SIZE_INITIAL);
  #size = 0;

  /** Bytes written so far: the offset of the next value. */
  get size(): number {
    return this.#size;
  }

  /** Makes room for `size` bytes and returns their offset; `bytes` is valid until the next call. */
  reserve(size: number): number {
    const at = this.#size;
    const needed = at + size;
    if (needed > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
      this.#bytes.copy(grown, 0, 0, at);
      this.#bytes = grown;
    }
    this.#size = needed;
    return at;
  }

  /** The buffer to write reserved bytes into. */
  get bytes(): Buffer {
    return this.#bytes;
  }

  octet(value: number): void {
    const at = this.reserve(1);
    this.#bytes.writeUInt8(value, at);
  }

  short(value: number): void {
    const at = this.reserve(2);
    this.#bytes.writeUInt16BE(value, at);
  }

  long(value: number): void {
    const at = this.reserve(4);
    this.#bytes.writeUInt32BE(value, at);
  }

  /** An unsigned 64-bit integer. */
  longlong(value: number | bigint): void {
    const at = this.reserve(8);
    if (typeof value === "bigint") {
      this.#bytes.writeBigUInt64BE(value, at);
      return;
    }
    assert(Number.isSafeInteger(value), "a number that is no exact integer");
    this.#bytes.writeUInt32BE(Math.floor(value / TWO_TO_32), at);
    this.#bytes.writeUInt32BE(value >>> 0, at + 4);
  }

  longstr(value: Uint8Array): void {
    this.long(value.length);
    const at = this.reserve(value.length);
    this.#bytes.set(value, at);
  }

  shortstr(value: string): void {
    const size = Buffer.byteLength(value);
    assert(size <= SHORTSTR_SIZE_MAX, "short string over 255 bytes");
    this.octet(size);
    const at = this.reserve(size);
    this.#bytes.write(value, at);
  }

  /** Writes the u32 size of everything behind it into the four bytes reserved at `at`. */
  closeSized(at: number): void {
    this.#bytes.writeUInt32BE(this.#size - at - 4, at);
  }

  /** The bytes written; the writer must not be used any more. */
  finish(): Buffer {
    return this.#bytes.subarray(0, this.#size);
  }
}
