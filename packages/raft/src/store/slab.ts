import type { LogFile } from "./log-file.ts";

/**
 * Memory in which batches are built, and which then serves as the cache of what was written: a piece of a file as it is on
 * the disk. Never written again once used, so views of it stay right after it left the cache.
 */
export class Slab {
  readonly file: LogFile;
  /** Of its first byte in the file. */
  readonly position: number;
  readonly buffer: Buffer;
  /** Bytes that hold batches, complete or being built. */
  used = 0;
  /** Batches that are not durable yet, and the writer while it adds to it: the slab has to stay. */
  pins = 0;
  /** For the cache's clock: used since the hand passed. */
  isReferenced = true;

  constructor(file: LogFile, position: number, size: number) {
    this.file = file;
    this.position = position;
    // Not from the shared pool, and not zeroed: every byte that is used is written.
    this.buffer = Buffer.allocUnsafeSlow(size);
  }
}
