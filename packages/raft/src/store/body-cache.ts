import type { LogFile } from "./log-file.ts";
import { Slab } from "./slab.ts";

/** Room for one of the largest batches, or some usual ones. */
const SLAB_BYTES = 4.5 * 1024 * 1024;

/**
 * Slabs of all files, bounded in bytes; the clock algorithm lets those go that nobody read lately. The memory of slabs that
 * nobody has a view of is used again: as garbage, megabytes for each write make the collector run all the time.
 */
export class BodyCache {
  readonly #maxBytes: number;
  readonly #slabBytes: number;
  readonly #slabs: Slab[] = [];
  /** Memory of former slabs, each of `#slabBytes`. */
  readonly #free: Buffer[] = [];
  #hand = 0;
  #bytes = 0;

  constructor(limits: { readonly bodyCacheBytes: number; readonly hotFileBytes: number }) {
    this.#maxBytes = limits.bodyCacheBytes;
    this.#slabBytes = Math.min(SLAB_BYTES, limits.hotFileBytes);
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** A new slab behind all others of the file, of `minimumSize` at least, pinned by whoever asks for it. */
  add(file: LogFile, position: number, minimumSize: number): Slab {
    // With room to grow, for a batch that is moved there because it grows.
    const size = minimumSize > this.#slabBytes ? 2 * minimumSize : this.#slabBytes;
    this.#evict(size);
    const slab = new Slab(file, position, this.#take(size));
    slab.pins++;
    this.#bytes += size;
    while (this.#free.length > 0 && this.#bytes + this.#freeBytes > this.#maxBytes)
      this.#free.pop();
    this.#slabs.push(slab);
    file.slabs.push(slab);
    return slab;
  }

  /** Lets a slab go whose batch moved elsewhere. */
  remove(slab: Slab): void {
    const at = this.#slabs.indexOf(slab);
    if (at >= 0) this.#removeAt(at);
  }

  /** The file is gone. */
  removeFile(file: LogFile): void {
    for (const slab of [...file.slabs]) this.remove(slab);
  }

  /** Not from the shared pool of small buffers. */
  #take(size: number): Buffer {
    const free = size === this.#slabBytes ? this.#free.pop() : undefined;
    return free ?? Buffer.allocUnsafeSlow(size);
  }

  get #freeBytes(): number {
    return this.#free.length * this.#slabBytes;
  }

  #recycle({ buffer, pins, isShared }: Slab): void {
    const { length } = buffer;
    if (pins > 0 || isShared || length !== this.#slabBytes) return;
    if (this.#bytes + this.#freeBytes + length <= this.#maxBytes) this.#free.push(buffer);
  }

  /** Makes room. At most two rounds of the hand: one clears marks, the other finds. Slabs in use can exceed the limit. */
  #evict(size: number): void {
    let steps = this.#slabs.length * 2;
    while (this.#bytes + size > this.#maxBytes && steps > 0) {
      steps--;
      if (this.#hand >= this.#slabs.length) this.#hand = 0;
      const slab = this.#slabs[this.#hand];
      if (slab === undefined) return;
      if (slab.pins > 0 || slab.isReferenced) {
        if (slab.pins === 0) slab.isReferenced = false;
        this.#hand++;
      } else {
        this.#removeAt(this.#hand);
      }
    }
  }

  #removeAt(at: number): void {
    const slab = this.#slabs[at];
    if (slab === undefined) return;
    const last = this.#slabs.pop();
    if (last !== undefined && last !== slab) this.#slabs[at] = last;
    this.#bytes -= slab.buffer.length;
    const { slabs } = slab.file;
    const position = slabs.indexOf(slab);
    if (position >= 0) slabs.splice(position, 1);
    this.#recycle(slab);
  }
}
