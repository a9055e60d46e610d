/** Entries share pieces of memory of this size: a small one never pins more than this. */
export const ENTRY_SLAB_BYTES: number = 16 * 1024;
/** A record above this size gets memory of its own. */
const OWN_MEMORY_BYTES = ENTRY_SLAB_BYTES / 4;

/** Whether a record of this size shares memory with others. */
export function isShared(size: number): boolean {
  return size <= OWN_MEMORY_BYTES;
}

/**
 * Memory for the records of entries: received ones are copied out of the socket's chunk once, several into one piece, which lives as
 * long as one of them. Never from Node's shared pool, which would tie them to strangers.
 */
export class EntrySlab {
  /** Where the bytes taken last are. */
  bytes: Buffer = Buffer.alloc(0);
  /** Their memory, from its beginning. */
  memory: ArrayBufferLike = this.bytes.buffer;
  #slab: Buffer = this.bytes;
  #used = 0;

  /** How much may be taken together with a record of `size` at its front: small ones share memory, a large one has its own. */
  roomFor(size: number): number {
    if (!isShared(size)) return size;
    const left = this.#slab.length - this.#used;
    return size > left ? ENTRY_SLAB_BYTES : left;
  }

  /**
   * Copies `source[start, end)`, which begins with a record of `firstSize` and has no more than {@link roomFor} allows; returns its
   * offset in {@link bytes}.
   */
  take(source: Uint8Array, start: number, end: number, firstSize: number): number {
    const offset = isShared(firstSize) ? this.reserve(end - start) : this.#own(firstSize);
    this.bytes.set(source.subarray(start, end), offset);
    return offset;
  }

  /** Room for records of `size` in all, no more than {@link roomFor} allows, at the returned offset of {@link bytes}. */
  reserve(size: number): number {
    if (this.#used + size > this.#slab.length) {
      this.#slab = Buffer.allocUnsafeSlow(ENTRY_SLAB_BYTES);
      this.#used = 0;
    }
    this.#use(this.#slab);
    const offset = this.#used;
    this.#used += size;
    return offset;
  }

  #own(size: number): number {
    this.#use(Buffer.allocUnsafeSlow(size));
    return 0;
  }

  #use(bytes: Buffer): void {
    if (this.bytes === bytes) return;
    this.bytes = bytes;
    this.memory = bytes.buffer;
  }
}
