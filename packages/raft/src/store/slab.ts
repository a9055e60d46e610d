import type { LogFile } from "./log-file.ts";

/**
 * Memory in which batches are built, and which then serves as the cache of what was written: a piece of a file as it is on
 * the disk. Once others have views of it, it is never written again, so they stay right after it left the cache.
 */
export class Slab {
  readonly file: LogFile;
  /** Of its first byte in the file. */
  readonly position: number;
  /** For the writer, which keeps no view of it. Others use `share`. */
  readonly buffer: Buffer;
  /** Bytes that hold batches, complete or being built. */
  used = 0;
  /** Batches that are not durable yet, and the writer while it adds to it: the slab has to stay. */
  pins = 0;
  /** For the cache's clock: used since the hand passed. */
  isReferenced = true;
  /** Somebody may have a view of it: it must not be used for another slab. */
  isShared = false;

  /** `buffer` need not be zeroed: every byte that is used is written. */
  constructor(file: LogFile, position: number, buffer: Buffer) {
    this.file = file;
    this.position = position;
    this.buffer = buffer;
  }

  /** Its bytes, to keep views of them for as long as one likes. */
  share(): Buffer {
    this.isShared = true;
    return this.buffer;
  }
}
