import type { LogFile } from "./log-file.ts";
import { Slab } from "./slab.ts";

/** Slabs of all files, bounded in bytes; the clock algorithm lets those go that nobody read lately. */
export class BodyCache {
  readonly #maxBytes: number;
  readonly #slabs: Slab[] = [];
  #hand = 0;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** A new slab behind all others of the file, pinned by whoever asks for it. */
  add(file: LogFile, position: number, size: number): Slab {
    const slab = new Slab(file, position, size);
    slab.pins++;
    this.#bytes += size;
    this.#slabs.push(slab);
    file.slabs.push(slab);
    this.#evict();
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

  /** At most two rounds of the hand: one clears marks, the other finds. Slabs in use can exceed the limit. */
  #evict(): void {
    let steps = this.#slabs.length * 2;
    while (this.#bytes > this.#maxBytes && steps > 0) {
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
  }
}
