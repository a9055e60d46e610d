/**
 * Content frames (spec 4.2.6). Payload of the header frame:
 *
 *     0          2          4             12                14
 *     +----------+----------+-------------+----------------+------------+
 *     | class id | weight 0 |  body size  | property flags | properties |
 *     |   u16    |   u16    |     u64     |      u16       |            |
 *     +----------+----------+-------------+----------------+------------+
 *
 * Body frames carry the body in pieces of at most frame-max less overhead; an empty body has none.
 */
import assert from "node:assert/strict";
import {
  FRAME_BODY,
  FRAME_END,
  FRAME_HEADER,
  FRAME_HEADER_SIZE,
  FRAME_OVERHEAD,
  writeFrameHeader,
} from "./frame.ts";
import { u16At, u64At } from "./unsigned.ts";

/** Where the property flags stand in a header frame's payload. */
export const CONTENT_HEADER_PROPERTIES_OFFSET = 12;
/** The only class whose methods carry content. */
export const BASIC_CLASS_ID = 60;

/** The class id of the header payload at `start`. */
export function contentClassIdAt(bytes: Buffer, start: number): number {
  return u16At(bytes, start);
}

/** The body size that the header payload at `start` announces; not exact above 2^53. */
export function contentBodySizeAt(bytes: Buffer, start: number): number {
  return u64At(bytes, start + 4);
}

/** A whole header frame of class basic; `properties` as encodeBasicProperties() gives them. */
export function encodeContentHeaderFrame(
  channel: number,
  bodySize: number,
  properties: Buffer,
): Buffer {
  const payloadSize = CONTENT_HEADER_PROPERTIES_OFFSET + properties.length;
  const frame = Buffer.allocUnsafe(payloadSize + FRAME_OVERHEAD);
  writeFrameHeader(frame, 0, FRAME_HEADER, channel, payloadSize);
  let at = FRAME_HEADER_SIZE;
  at = frame.writeUInt32BE(BASIC_CLASS_ID * 0x1_0000, at);
  at = frame.writeBigUInt64BE(BigInt(bodySize), at);
  at += properties.copy(frame, at);
  frame[at] = FRAME_END;
  return frame;
}

/** The body frames of a whole body, back to back; frame-max 0: one frame, whatever its size. */
export function encodeBodyFrames(channel: number, body: Buffer, frameMax: number): Buffer {
  assert(frameMax === 0 || frameMax > FRAME_OVERHEAD, "frameMax leaves no room for a payload");
  const pieceSizeMax = frameMax === 0 ? Math.max(body.length, 1) : frameMax - FRAME_OVERHEAD;
  const pieceCount = Math.ceil(body.length / pieceSizeMax);
  const frames = Buffer.allocUnsafe(body.length + pieceCount * FRAME_OVERHEAD);
  let at = 0;
  for (let start = 0; start < body.length; start += pieceSizeMax) {
    const end = Math.min(start + pieceSizeMax, body.length);
    writeFrameHeader(frames, at, FRAME_BODY, channel, end - start);
    at += FRAME_HEADER_SIZE;
    at += body.copy(frames, at, start, end);
    frames[at++] = FRAME_END;
  }
  return frames;
}

/** `AMQP`, 0, version: opens a connection, or is the answer to a version that is not spoken. */
export function protocolHeader(major: number, minor: number, revision: number): Buffer {
  return Buffer.from([0x41, 0x4d, 0x51, 0x50, 0, major, minor, revision]);
}
