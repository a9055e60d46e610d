import {
  FRAME_BODY,
  FRAME_END,
  FRAME_HEADER,
  FRAME_HEADER_SIZE,
  FRAME_OVERHEAD,
} from "@leveret/amqp";
import { OUTPUT_ZERO_COPY_SIZE } from "../limits.ts";
import { copySmall, VIEW_COPY_MAX } from "../queue/byte-copy.ts";
import type { Message } from "../queue/message.ts";
import type { Arena } from "./arena-pool.ts";
import type { OutputBuffer } from "./output-buffer.ts";

/** class-id u16, weight u16, body size u64; the property flags follow (spec 4.2.6.1). */
const CONTENT_HEADER_FIXED_SIZE = 12;
const BASIC_CLASS = 60;

/**
 * Appends header and body frames of a message for `channel`, cut to the consumer's `frameMax` (0: no limit).
 * `properties`, when given, are sent instead of the message's own (x-delivery-count).
 */
export function writeContent(
  output: OutputBuffer,
  channel: number,
  message: Message,
  frameMax: number,
  properties?: Buffer,
): void {
  if (properties === undefined && hasRunFor(message, frameMax)) {
    const size = message.runEnd - message.runStart;
    const arena = output.reserve(size);
    writeRun(arena, output.end, channel, message);
    output.end += size;
    return;
  }
  writeHeaderFrame(output, channel, message, properties);
  writeBodyFrames(output, channel, message, frameMax);
}

/** true: the message's frames can be sent as they came. */
export function hasRunFor(message: Message, frameMax: number): boolean {
  if (message.runStart < 0) return false;
  return frameMax === 0 || message.bodySize + FRAME_OVERHEAD <= frameMax;
}

/** Copies the frames of a message to `at`, with another channel number in each. */
export function writeRun(arena: Arena, at: number, channel: number, message: Message): void {
  const { runStart, runEnd } = message;
  const size = runEnd - runStart;
  if (size > VIEW_COPY_MAX) message.bytes.copy(arena.bytes, at, runStart, runEnd);
  else copySmall(message.view, runStart, arena.view, at, size);
  arena.view.setUint16(at + 1, channel);
  if (message.bodySize === 0) return;
  const bodyFrame = at + message.bodyStart - FRAME_HEADER_SIZE - runStart;
  arena.view.setUint16(bodyFrame + 1, channel);
}

/** Writes 7 octets: type, channel, size (spec 4.2.3). */
function writeFrameHeader(
  view: DataView,
  at: number,
  type: number,
  channel: number,
  size: number,
): number {
  view.setUint8(at, type);
  view.setUint16(at + 1, channel);
  view.setUint32(at + 3, size);
  return at + FRAME_HEADER_SIZE;
}

/** Writes an unsigned integer below 2^53 as 8 octets, big-endian. */
export function writeUint64(view: DataView, at: number, value: number): void {
  view.setUint32(at, Math.floor(value / 0x1_0000_0000));
  view.setUint32(at + 4, value % 0x1_0000_0000);
}

/** Appends the header frame of a message. `properties` replaces the message's own when given. */
function writeHeaderFrame(
  output: OutputBuffer,
  channel: number,
  message: Message,
  properties: Buffer | undefined,
): void {
  const source = properties ?? message.bytes;
  const start = properties === undefined ? message.propertiesStart : 0;
  const end = properties === undefined ? message.propertiesEnd : properties.length;
  const payload = CONTENT_HEADER_FIXED_SIZE + end - start;
  const { bytes, view } = output.reserve(FRAME_OVERHEAD + payload);
  let at = writeFrameHeader(view, output.end, FRAME_HEADER, channel, payload);
  view.setUint32(at, BASIC_CLASS << 16);
  writeUint64(view, at + 4, message.bodySize);
  at += CONTENT_HEADER_FIXED_SIZE;
  source.copy(bytes, at, start, end);
  at += end - start;
  view.setUint8(at, FRAME_END);
  output.end = at + 1;
}

function writeBodyFrames(
  output: OutputBuffer,
  channel: number,
  message: Message,
  frameMax: number,
): void {
  const { bodySize, bodySource } = message;
  const chunkMax = frameMax === 0 ? bodySize : frameMax - FRAME_OVERHEAD;
  // A body with a buffer of its own never changes: the socket may have it as it is.
  const isShared = bodySize >= OUTPUT_ZERO_COPY_SIZE && bodySource.length === bodySize;
  for (let offset = 0; offset < bodySize; offset += chunkMax) {
    const size = Math.min(chunkMax, bodySize - offset);
    const from = message.bodyStart + offset;
    if (isShared) writeSharedFrame(output, channel, bodySource.subarray(from, from + size));
    else writeBodyFrame(output, channel, bodySource, from, size);
  }
}

function writeBodyFrame(
  output: OutputBuffer,
  channel: number,
  source: Buffer,
  from: number,
  size: number,
): void {
  const { bytes, view } = output.reserve(FRAME_OVERHEAD + size);
  const at = writeFrameHeader(view, output.end, FRAME_BODY, channel, size);
  source.copy(bytes, at, from, from + size);
  view.setUint8(at + size, FRAME_END);
  output.end = at + size + 1;
}

function writeSharedFrame(output: OutputBuffer, channel: number, body: Buffer): void {
  const { view } = output.reserve(FRAME_HEADER_SIZE);
  output.end = writeFrameHeader(view, output.end, FRAME_BODY, channel, body.length);
  output.appendShared(body);
  const tail = output.reserve(1);
  tail.view.setUint8(output.end, FRAME_END);
  output.end++;
}
