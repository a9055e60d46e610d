import { LINK_FRAME_MAX } from "./link-limits.ts";

/*
 * A link is a stream of frames: size u32 (of what follows) | kind u8 | payload. Kind 0 is the link's own: see link-greeting.ts.
 */

/** Octets of size and kind. */
export const LINK_HEADER_SIZE = 5;
const SIZE_BYTES = 4;
/** First buffer for a frame that comes in pieces; it grows with what has come, not with what is announced. */
const GATHER_MIN = 65_536;

/** The peer sent what is no frame: the link has to be closed. */
export class LinkProtocolError extends Error {
  override readonly name = "LinkProtocolError";
}

/** `payload` is a view, valid during the call. */
export type OnLinkFrame = (kind: number, payload: Buffer) => void;

export function writeLinkHeader(target: Buffer, offset: number, kind: number, size: number): void {
  target.writeUInt32BE(size + 1, offset);
  target[offset + SIZE_BYTES] = kind;
}

/** Cuts the input of a link into frames. What is in one chunk is not copied, a frame that comes in pieces is gathered once. */
export class LinkFrameReader {
  readonly #onFrame: OnLinkFrame;
  #gathered: Buffer = Buffer.alloc(0);
  #count = 0;
  #isClosed = false;

  constructor(onFrame: OnLinkFrame) {
    this.#onFrame = onFrame;
  }

  /** @throws LinkProtocolError, and what the handler of a frame throws */
  push(chunk: Buffer): void {
    let offset = 0;
    while (this.#count > 0 && offset < chunk.length && !this.#isClosed) {
      offset = this.#gather(chunk, offset);
    }
    while (!this.#isClosed && chunk.length - offset >= SIZE_BYTES) {
      const end = offset + SIZE_BYTES + sizeAt(chunk, offset);
      if (end > chunk.length) break;
      this.#tell(chunk.subarray(offset, end));
      offset = end;
    }
    if (offset < chunk.length && !this.#isClosed) this.#keep(chunk.subarray(offset));
  }

  /** Nothing more is told, also of the chunk at hand. */
  close(): void {
    this.#isClosed = true;
    this.#gathered = Buffer.alloc(0);
    this.#count = 0;
  }

  #tell(frame: Buffer): void {
    this.#onFrame(frame.readUInt8(SIZE_BYTES), frame.subarray(LINK_HEADER_SIZE));
  }

  /** Adds to the frame that has begun, and tells it when it is complete. Returns where the chunk goes on. */
  #gather(chunk: Buffer, offset: number): number {
    const isSizeKnown = this.#count >= SIZE_BYTES;
    const wanted = isSizeKnown ? SIZE_BYTES + sizeAt(this.#gathered, 0) : SIZE_BYTES;
    const end = Math.min(chunk.length, offset + wanted - this.#count);
    this.#keep(chunk.subarray(offset, end));
    if (isSizeKnown && this.#count === wanted) {
      const frame = this.#gathered.subarray(0, wanted);
      // A large buffer is not kept for the small frames that follow.
      if (this.#gathered.length > GATHER_MIN) this.#gathered = Buffer.alloc(0);
      this.#count = 0;
      this.#tell(frame);
    }
    return end;
  }

  #keep(bytes: Buffer): void {
    const needed = this.#count + bytes.length;
    if (needed > this.#gathered.length) this.#grow(needed);
    bytes.copy(this.#gathered, this.#count);
    this.#count = needed;
  }

  #grow(needed: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(GATHER_MIN, needed, this.#gathered.length * 2));
    this.#gathered.copy(grown, 0, 0, this.#count);
    this.#gathered = grown;
  }
}

function sizeAt(bytes: Buffer, offset: number): number {
  const size = bytes.readUInt32BE(offset);
  if (size < 1 || size > LINK_FRAME_MAX) {
    throw new LinkProtocolError(`a frame of ${size} octets is not possible`);
  }
  return size;
}
