import { DecodeError } from "./decode-error.ts";
import { readU32, readU48, writeU32, writeU48 } from "./u48.ts";

const TWO_7 = 0x80;
const MAX_VARINT_BYTES = 8;

/** Builds the payload of a record in memory that grows as needed. */
export class RecordWriter {
  #buffer: Buffer;
  #size = 0;

  constructor(sizeHint = 128) {
    this.#buffer = Buffer.allocUnsafeSlow(sizeHint);
  }

  get size(): number {
    return this.#size;
  }

  u8(value: number): void {
    this.#grow(1);
    this.#buffer[this.#size++] = value;
  }

  u32(value: number): void {
    this.#grow(4);
    writeU32(this.#buffer, this.#size, value);
    this.#size += 4;
  }

  u48(value: number): void {
    this.#grow(6);
    writeU48(this.#buffer, this.#size, value);
    this.#size += 6;
  }

  /** A safe integer of 0 or more, seven bits in a byte, lowest first. */
  varint(value: number): void {
    if (!(Number.isSafeInteger(value) && value >= 0)) throw new RangeError(`${value} in a record`);
    this.#grow(MAX_VARINT_BYTES);
    let rest = value;
    while (rest >= TWO_7) {
      this.#buffer[this.#size++] = (rest % TWO_7) | TWO_7;
      rest = Math.floor(rest / TWO_7);
    }
    this.#buffer[this.#size++] = rest;
  }

  bytes(value: Uint8Array): void {
    this.#grow(value.length);
    this.#buffer.set(value, this.#size);
    this.#size += value.length;
  }

  /** What was written so far; valid until the next write. */
  view(): Buffer {
    return this.#buffer.subarray(0, this.#size);
  }

  /** What was written. The writer gives it away: nothing may be written after. */
  finish(): Buffer {
    return this.#buffer.subarray(0, this.#size);
  }

  #grow(size: number): void {
    if (this.#size + size <= this.#buffer.length) return;
    const buffer = Buffer.allocUnsafeSlow(Math.max(this.#buffer.length * 2, this.#size + size));
    buffer.set(this.#buffer.subarray(0, this.#size));
    this.#buffer = buffer;
  }
}

/** Reads what a {@link RecordWriter} wrote. Every method throws a DecodeError at the end of the bytes. */
export class RecordReader {
  readonly #buffer: Uint8Array;
  readonly #end: number;
  #at: number;

  constructor(buffer: Uint8Array, start = 0, end: number = buffer.length) {
    this.#buffer = buffer;
    this.#at = start;
    this.#end = end;
  }

  get offset(): number {
    return this.#at;
  }

  get remaining(): number {
    return this.#end - this.#at;
  }

  u8(): number {
    return this.#buffer[this.#take(1)] ?? 0;
  }

  u32(): number {
    return readU32(this.#buffer, this.#take(4));
  }

  u48(): number {
    return readU48(this.#buffer, this.#take(6));
  }

  varint(): number {
    let value = 0;
    let factor = 1;
    for (let count = 0; count < MAX_VARINT_BYTES; count++) {
      const byte = this.u8();
      value += (byte % TWO_7) * factor;
      if (byte < TWO_7) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
      factor *= TWO_7;
    }
    throw new DecodeError("a number in a record is too large");
  }

  /** A count of things that take at least `minimumSize` bytes each: bounds what the caller allocates. */
  count(minimumSize: number): number {
    const count = this.varint();
    if (count * minimumSize > this.remaining) throw new DecodeError("a record is cut short");
    return count;
  }

  /** A view of the next `size` bytes. */
  bytes(size: number): Uint8Array {
    const start = this.#take(size);
    return this.#buffer.subarray(start, start + size);
  }

  /** @throws DecodeError if bytes are left */
  finish(): void {
    if (this.#at !== this.#end) throw new DecodeError(`${this.remaining} bytes left in a record`);
  }

  #take(size: number): number {
    const start = this.#at;
    if (size > this.#end - start) throw new DecodeError("a record is cut short");
    this.#at = start + size;
    return start;
  }
}
