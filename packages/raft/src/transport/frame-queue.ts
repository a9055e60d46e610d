const EMPTY = new Uint8Array(0);
/** Taken frames are cut off the list's front when there are this many of them. */
const COMPACT_AT = 64;

/** Frames waiting for a connection, first in first out. Bounded by the lane that fills it. */
export class FrameQueue {
  #frames: Uint8Array[] = [];
  #head = 0;
  #bytes = 0;

  /** Bytes of the frames in the queue. */
  get bytes(): number {
    return this.#bytes;
  }

  push(frame: Uint8Array): void {
    this.#frames.push(frame);
    this.#bytes += frame.length;
  }

  /** The oldest frame; undefined when there is none. */
  shift(): Uint8Array | undefined {
    const frame = this.#frames[this.#head];
    if (frame === undefined) return undefined;
    this.#frames[this.#head] = EMPTY;
    this.#head++;
    this.#bytes -= frame.length;
    if (this.#head === this.#frames.length) this.clear();
    else if (this.#head === COMPACT_AT) {
      this.#frames.splice(0, this.#head);
      this.#head = 0;
    }
    return frame;
  }

  clear(): void {
    this.#frames = [];
    this.#head = 0;
    this.#bytes = 0;
  }
}
