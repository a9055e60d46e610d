import assert from "node:assert/strict";
import {
  FRAME_BODY,
  FRAME_END,
  FRAME_HEADER,
  FRAME_HEADER_SIZE,
  FRAME_HEARTBEAT,
  FRAME_METHOD,
  FRAME_OVERHEAD,
} from "./frame.ts";
import { frameEndError, frameError, unexpectedFrame } from "./frame-error.ts";
import { u16At, u32At } from "./unsigned.ts";

/** Takes the frames a FrameReader finds. */
export interface FrameHandler {
  /**
   * One frame whose payload is `bytes[start, end)`. The seven header bytes stand before `start`
   * and the end octet at `end`. `bytes` belongs to the reader: copy what is kept beyond the call.
   * A method payload has at least 4 bytes, a header payload 12, a heartbeat none.
   */
  onFrame(type: number, channel: number, bytes: Buffer, start: number, end: number): void;
}

/** RabbitMQ lets a payload exceed frame-max less overhead by 8, for clients that count wrongly. */
const FRAME_SIZE_TOLERANCE = 8;
/** Payload limit where no frame-max was agreed on: the greatest message of RabbitMQ 3.x. */
const PAYLOAD_SIZE_CAP = 128 * 1024 * 1024;
/** First size of the buffer for a frame cut by the end of a chunk. */
const PARTIAL_SIZE_MIN = 64;
/** Chunks taken while paused; a caller that stops its socket on pause passes one or two. */
const HELD_CHUNKS_MAX = 1024;
/** Class id, weight and body size stand before the properties. */
const CONTENT_HEADER_SIZE_MIN = 12;
const METHOD_SIZE_MIN = 4;
const EMPTY: Buffer = Buffer.alloc(0);

/**
 * Cuts the inbound byte stream into AMQP 0-9-1 frames. Does no I/O; parses in place and holds at
 * most one incomplete frame, in a buffer that grows with what has arrived, not with what was
 * announced. Anything thrown, here or by the handler, stops the reader for good.
 */
export class FrameReader {
  readonly #handler: FrameHandler;
  #frameMax = 0;
  #payloadSizeMax = 0;
  #isPaused = false;
  #isStopped = false;
  #isReading = false;
  /** Beginning of the frame that the last chunk cut; the reader's own bytes. */
  #partial: Buffer = EMPTY;
  #partialSize = 0;
  /** Input not yet parsed because of a pause, oldest first. */
  #held: Buffer[] = [];

  constructor(handler: FrameHandler, frameMax: number) {
    this.#handler = handler;
    this.frameMax = frameMax;
  }

  /** Greatest frame in bytes, overhead included; 0: none agreed on, payloads up to 128 MiB. */
  get frameMax(): number {
    return this.#frameMax;
  }

  set frameMax(frameMax: number) {
    assert(frameMax === 0 || frameMax > FRAME_OVERHEAD, "frameMax leaves no room for a payload");
    this.#frameMax = frameMax;
    this.#payloadSizeMax =
      frameMax === 0 ? PAYLOAD_SIZE_CAP : frameMax - FRAME_OVERHEAD + FRAME_SIZE_TOLERANCE;
  }

  /** Whether frames are held back until resume(). */
  get paused(): boolean {
    return this.#isPaused;
  }

  /** Bytes of memory held for input that is not yet handed over. */
  get bufferedSize(): number {
    return this.#held.reduce((size, chunk) => size + chunk.length, this.#partial.length);
  }

  /**
   * Takes the next bytes of the stream and hands over every frame they complete.
   * @throws ConnectionError 501 or 505 at the first byte that is no AMQP; the reader is stopped then.
   */
  push(chunk: Buffer): void {
    if (this.#isStopped || chunk.length === 0) return;
    if (this.#isPaused || this.#isReading) {
      assert(this.#held.length < HELD_CHUNKS_MAX, "input goes on though the reader is paused");
      this.#held.push(Buffer.from(chunk));
      return;
    }
    this.#read(chunk);
  }

  /** Holds back further frames, those of the current chunk included, until resume(). */
  pause(): void {
    this.#isPaused = true;
  }

  /** Hands over what was held back, then goes on. Within onFrame it only ends the pause. Throws as push(). */
  resume(): void {
    this.#isPaused = false;
    if (this.#isReading || this.#isStopped) return;
    const next = this.#held.shift();
    if (next !== undefined) this.#read(next);
  }

  /** Ignores all further input and lets go of all held: the connection is dead. */
  stop(): void {
    this.#isStopped = true;
    this.#held = [];
    this.#releasePartial();
  }

  #read(first: Buffer): void {
    this.#isReading = true;
    try {
      let chunk: Buffer | undefined = first;
      while (chunk !== undefined) {
        this.#readChunk(chunk);
        chunk = this.#isPaused || this.#isStopped ? undefined : this.#held.shift();
      }
    } catch (error) {
      this.stop();
      throw error;
    } finally {
      this.#isReading = false;
    }
  }

  #readChunk(chunk: Buffer): void {
    let at = this.#partialSize === 0 ? 0 : this.#completePartial(chunk);
    if (!this.#isPaused && !this.#isStopped) at = this.#readFrames(chunk, at);
    if (at === chunk.length || this.#isStopped) return;
    if (this.#isPaused) this.#held.unshift(Buffer.from(chunk.subarray(at)));
    else this.#appendPartial(chunk, at, chunk.length, chunk.length - at);
  }

  /** Hands over the whole frames from `start` on; returns where the first incomplete one begins. */
  #readFrames(chunk: Buffer, start: number): number {
    const handler = this.#handler;
    const size = chunk.length;
    let at = start;
    while (at + FRAME_HEADER_SIZE <= size) {
      const payloadSize = u32At(chunk, at + 3);
      if (payloadSize > this.#payloadSizeMax) throw this.#frameTooLarge(chunk, at);
      const payloadStart = at + FRAME_HEADER_SIZE;
      const payloadEnd = payloadStart + payloadSize;
      if (payloadEnd >= size) break;
      const type = chunk[at] as number;
      const channel = u16At(chunk, at + 1);
      checkFrame(type, channel, chunk, payloadStart, payloadEnd);
      at = payloadEnd + 1;
      handler.onFrame(type, channel, chunk, payloadStart, payloadEnd);
      if (this.#isPaused || this.#isStopped) break;
    }
    return at;
  }

  /** Adds to the cut frame and hands it over when whole; returns where the rest of `chunk` begins. */
  #completePartial(chunk: Buffer): number {
    let at = 0;
    if (this.#partialSize < FRAME_HEADER_SIZE) {
      at = Math.min(FRAME_HEADER_SIZE - this.#partialSize, chunk.length);
      this.#appendPartial(chunk, 0, at, FRAME_HEADER_SIZE);
      if (this.#partialSize < FRAME_HEADER_SIZE) return at;
    }
    const frameSize = u32At(this.#partial, 3) + FRAME_OVERHEAD;
    if (frameSize - FRAME_OVERHEAD > this.#payloadSizeMax) {
      throw this.#frameTooLarge(this.#partial, 0);
    }
    const end = Math.min(at + frameSize - this.#partialSize, chunk.length);
    this.#appendPartial(chunk, at, end, frameSize);
    if (this.#partialSize === frameSize) this.#handOverPartial(frameSize);
    return end;
  }

  #handOverPartial(frameSize: number): void {
    const bytes = this.#partial;
    const type = bytes[0] as number;
    const channel = u16At(bytes, 1);
    this.#releasePartial();
    checkFrame(type, channel, bytes, FRAME_HEADER_SIZE, frameSize - 1);
    this.#handler.onFrame(type, channel, bytes, FRAME_HEADER_SIZE, frameSize - 1);
  }

  /** Copies `chunk[start, end)` behind the cut frame, whose final size is `sizeMax` as far as known. */
  #appendPartial(chunk: Buffer, start: number, end: number, sizeMax: number): void {
    const needed = this.#partialSize + end - start;
    if (needed > this.#partial.length) {
      const doubled = Math.max(PARTIAL_SIZE_MIN, this.#partial.length * 2);
      const grown = Buffer.allocUnsafe(Math.max(needed, Math.min(doubled, sizeMax)));
      this.#partial.copy(grown, 0, 0, this.#partialSize);
      this.#partial = grown;
    }
    chunk.copy(this.#partial, this.#partialSize, start, end);
    this.#partialSize = needed;
  }

  /** An idle connection must not pin the buffer of its last large frame. */
  #releasePartial(): void {
    this.#partial = EMPTY;
    this.#partialSize = 0;
  }

  #frameTooLarge(bytes: Buffer, at: number): Error {
    const limit = this.#frameMax === 0 ? PAYLOAD_SIZE_CAP : this.#frameMax - FRAME_OVERHEAD;
    const fault = `{frame_too_large,${u32At(bytes, at + 3)},${limit}}`;
    return frameError(bytes[at] as number, bytes, at, at, fault);
  }
}

/** Throws what RabbitMQ answers to a frame that is complete but wrong in itself. */
function checkFrame(
  type: number,
  channel: number,
  bytes: Buffer,
  start: number,
  end: number,
): void {
  if (bytes[end] !== FRAME_END) throw frameEndError(type, bytes, start, end);
  if (!isKnownFrame(type, end - start)) throw frameError(type, bytes, start, end, "unknown_frame");
  if (type !== FRAME_METHOD && (type === FRAME_HEARTBEAT) !== (channel === 0)) {
    throw unexpectedFrame(type, bytes, start, end);
  }
}

function isKnownFrame(type: number, payloadSize: number): boolean {
  switch (type) {
    case FRAME_METHOD:
      return payloadSize >= METHOD_SIZE_MIN;
    case FRAME_HEADER:
      return payloadSize >= CONTENT_HEADER_SIZE_MIN;
    case FRAME_BODY:
      return true;
    case FRAME_HEARTBEAT:
      return payloadSize === 0;
    default:
      return false;
  }
}
