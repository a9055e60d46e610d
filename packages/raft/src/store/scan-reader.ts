import { SECTOR_SIZE } from "../codec/record-batch.ts";
import type { DiskFile } from "../env/disk.ts";
import { isDamage, readUpTo } from "./read-fully.ts";
import type { Task } from "./task.ts";

const WINDOW_BYTES = 1024 * 1024;
const ZEROS = Buffer.alloc(WINDOW_BYTES);

/** Reads a file from front to back in large pieces; sectors that cannot be read appear as zeros, which no checksum takes for data. */
export class ScanReader {
  readonly #file: DiskFile;
  /** Of the file in bytes. */
  readonly size: number;
  #window: Buffer = Buffer.alloc(0);
  #windowStart = 0;
  /** Some sector could not be read. */
  hasErrors = false;

  constructor(file: DiskFile, size: number) {
    this.#file = file;
    this.size = size;
  }

  /** Bytes of the file; valid for good, as windows are never used again. Zeros behind the end. */
  *view(position: number, size: number): Task<Buffer> {
    const isInside =
      position >= this.#windowStart && position + size <= this.#windowStart + this.#window.length;
    if (!isInside) {
      this.#window = yield* this.#read(position, Math.max(size, WINDOW_BYTES));
      this.#windowStart = position;
    }
    const start = position - this.#windowStart;
    const view = this.#window.subarray(start, start + size);
    if (view.length === size) return view;
    return Buffer.concat([view, Buffer.alloc(size - view.length)]);
  }

  /** Whether there is nothing but zeros in the file. */
  *isBlank(): Task<boolean> {
    for (let position = 0; position < this.size; position += WINDOW_BYTES) {
      const bytes = yield* this.view(position, Math.min(WINDOW_BYTES, this.size - position));
      if (!bytes.equals(ZEROS.subarray(0, bytes.length))) return false;
    }
    return !this.hasErrors;
  }

  *#read(position: number, size: number): Task<Buffer> {
    const wanted = Math.max(0, Math.min(size, this.size - position));
    try {
      return yield* readUpTo(this.#file, position, wanted);
    } catch (error) {
      if (!isDamage(error)) throw error;
    }
    this.hasErrors = true;
    return yield* this.#readSectors(position, wanted);
  }

  *#readSectors(position: number, size: number): Task<Buffer> {
    const bytes = Buffer.alloc(size);
    for (let at = 0; at < size; at += SECTOR_SIZE) {
      try {
        const sector = yield* readUpTo(this.#file, position + at, Math.min(SECTOR_SIZE, size - at));
        bytes.set(sector, at);
      } catch (error) {
        if (!isDamage(error)) throw error;
      }
    }
    return bytes;
  }
}
