import { FRAME_HEADER_SIZE, FRAME_PARTS_MAX, type Lane, sealFrame } from "../codec/frame.ts";

/** Frames are cut out of pieces of memory of this size, or larger if one frame needs it. */
const SLAB_BYTES = 16 * 1024;
/** A piece up to this size is used again: room for a usual message with entries. */
const KEPT_BYTES = 512 * 1024;
const EMPTY = Buffer.alloc(0);

/**
 * Gathers parts into one frame at a time. Memory given out is only written again when it was given back as a whole, since the
 * network may still be reading it when the next frame is built.
 */
export class FrameArena {
  readonly #lane: Lane;
  readonly #frameMaxBytes: number;
  #bytes: Buffer = EMPTY;
  /** The frame being built is `#bytes[#start, #end)`; with no parts, `#start` is where free memory begins. */
  #start = 0;
  #end = 0;
  #parts = 0;

  constructor(lane: Lane, frameMaxBytes: number) {
    this.#lane = lane;
    this.#frameMaxBytes = frameMaxBytes;
  }

  /** Where {@link reserve} reserves. */
  get bytes(): Buffer {
    return this.#bytes;
  }

  /** Size of the frame being built; 0: it has no parts. */
  get size(): number {
    return this.#parts === 0 ? 0 : this.#end - this.#start;
  }

  /** Whether a part of this size still goes into the frame. A frame of one part may have any size. */
  fits(partSize: number): boolean {
    if (this.#parts === 0) return true;
    return this.size + partSize <= this.#frameMaxBytes && this.#parts < FRAME_PARTS_MAX;
  }

  /** Adds a part of this size, to be written by the caller at the offset returned. */
  reserve(partSize: number): number {
    if (this.#parts === 0) this.#begin(partSize);
    else if (this.#end + partSize > this.#bytes.length) this.#grow(partSize);
    const offset = this.#end;
    this.#end += partSize;
    this.#parts++;
    return offset;
  }

  /** Takes back the part reserved last. */
  cancel(partSize: number): void {
    this.#end -= partSize;
    this.#parts--;
  }

  /** Ends the frame, which may be empty. */
  seal(source: number, destination: number): Uint8Array {
    if (this.#parts === 0) this.#begin(0);
    sealFrame(this.#bytes, this.#start, this.#end, {
      lane: this.#lane,
      source,
      destination,
      parts: this.#parts,
    });
    const frame = this.#bytes.subarray(this.#start, this.#end);
    this.reset();
    return frame;
  }

  /** Nobody reads any frame given out so far any more: their memory may be used again. There is no frame being built. */
  reuse(): void {
    this.#start = 0;
    this.#end = 0;
    if (this.#bytes.length > KEPT_BYTES) this.#bytes = EMPTY;
  }

  /** Forgets the frame being built. */
  reset(): void {
    this.#start = this.#end;
    this.#parts = 0;
  }

  #begin(partSize: number): void {
    const size = FRAME_HEADER_SIZE + partSize;
    if (this.#start + size > this.#bytes.length) {
      this.#bytes = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, size));
      this.#start = 0;
    }
    this.#end = this.#start + FRAME_HEADER_SIZE;
  }

  /** Moves the frame to a larger piece: at least twice its size, so that it moves few times. */
  #grow(partSize: number): void {
    const size = this.#end - this.#start;
    const larger = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, 2 * size, size + partSize));
    larger.set(this.#bytes.subarray(this.#start, this.#end));
    this.#bytes = larger;
    this.#start = 0;
    this.#end = size;
  }
}
