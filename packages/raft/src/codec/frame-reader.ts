import { DecodeError } from "./decode-error.ts";
import {
  FRAME_HEADER_SIZE,
  type FrameHeader,
  frameChecksum,
  type Lane,
  readFrameHeader,
} from "./frame.ts";

const FIRST_BUFFER_BYTES = 16 * 1024;
/**
 * Allocated for a frame before its bytes have come, at most, and kept between frames: room for a usual message with entries, so
 * that a busy connection has one buffer for all of them.
 */
const KEPT_BUFFER_BYTES = 512 * 1024;
const EMPTY = Buffer.alloc(0);

/**
 * Takes a frame: its parts are `bytes[start, end)`, valid during the call only. False: stop reading, the connection is
 * being closed.
 */
export type OnFrame = (header: FrameHeader, bytes: Buffer, start: number, end: number) => boolean;

/** Cuts the input of one connection into frames and checks them. Does no I/O. */
export class FrameReader {
  readonly #lane: Lane;
  readonly #sizeMax: number;
  readonly #onFrame: OnFrame;
  /** A frame that is not complete yet; the first `#filled` bytes are there. */
  #partial: Buffer = EMPTY;
  #filled = 0;
  #isStopped = false;

  constructor(options: { readonly lane: Lane; readonly sizeMax: number }, onFrame: OnFrame) {
    this.#lane = options.lane;
    this.#sizeMax = options.sizeMax;
    this.#onFrame = onFrame;
  }

  /** Bytes held of an incomplete frame. */
  get bufferedBytes(): number {
    return this.#filled;
  }

  /** @throws DecodeError when the stream is not what a peer of this protocol sends; it cannot be read further */
  push(input: Uint8Array): void {
    const chunk = Buffer.from(input.buffer, input.byteOffset, input.length);
    let offset = this.#filled > 0 ? this.#complete(chunk) : 0;
    while (!this.#isStopped && chunk.length - offset >= FRAME_HEADER_SIZE) {
      const header = this.#checkedHeader(chunk, offset);
      const end = offset + FRAME_HEADER_SIZE + header.size;
      if (end > chunk.length) break;
      this.#deliver(header, chunk, offset, end);
      offset = end;
    }
    if (!this.#isStopped && offset < chunk.length) this.#keep(chunk, offset, chunk.length);
  }

  /** Adds the chunk's first bytes to the incomplete frame; returns how many were taken. */
  #complete(chunk: Buffer): number {
    let offset = 0;
    if (this.#filled < FRAME_HEADER_SIZE) {
      offset = Math.min(FRAME_HEADER_SIZE - this.#filled, chunk.length);
      this.#keep(chunk, 0, offset);
      if (this.#filled < FRAME_HEADER_SIZE) return offset;
    }
    const header = this.#checkedHeader(this.#partial, 0);
    const frameSize = FRAME_HEADER_SIZE + header.size;
    const end = Math.min(chunk.length, offset + frameSize - this.#filled);
    if (frameSize <= KEPT_BUFFER_BYTES) this.#reserve(frameSize);
    this.#keep(chunk, offset, end);
    if (this.#filled < frameSize) return end;
    const frame = this.#partial;
    this.#filled = 0;
    if (frame.length > KEPT_BUFFER_BYTES) this.#partial = EMPTY;
    this.#deliver(header, frame, 0, frameSize);
    return end;
  }

  #checkedHeader(bytes: Uint8Array, offset: number): FrameHeader {
    const header = readFrameHeader(bytes, offset);
    if (header.size > this.#sizeMax) {
      throw new DecodeError(
        `a frame of ${header.size} bytes, at most ${this.#sizeMax} are allowed`,
      );
    }
    if (header.lane !== this.#lane) {
      throw new DecodeError(`a frame of lane ${header.lane} on lane ${this.#lane}`);
    }
    if (header.flags !== 0) throw new DecodeError(`unknown frame flags ${header.flags}`);
    return header;
  }

  #deliver(header: FrameHeader, bytes: Buffer, offset: number, end: number): void {
    if (frameChecksum(bytes, offset, end) !== header.crc) {
      throw new DecodeError("the checksum of a frame is wrong");
    }
    if (!this.#onFrame(header, bytes, offset + FRAME_HEADER_SIZE, end)) this.#isStopped = true;
  }

  /** Copies bytes behind the incomplete frame. For a large frame the buffer grows with what came, not with what was announced. */
  #keep(chunk: Buffer, start: number, end: number): void {
    const needed = this.#filled + end - start;
    this.#reserve(needed);
    this.#partial.set(chunk.subarray(start, end), this.#filled);
    this.#filled = needed;
  }

  #reserve(needed: number): void {
    if (needed <= this.#partial.length) return;
    const size = Math.max(needed, 2 * this.#filled, FIRST_BUFFER_BYTES);
    const larger = Buffer.allocUnsafeSlow(size);
    larger.set(this.#partial.subarray(0, this.#filled));
    this.#partial = larger;
  }
}
