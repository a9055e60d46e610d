import {
  FRAME_BODY,
  FRAME_END,
  FRAME_HEADER,
  FRAME_HEADER_SIZE,
  FRAME_OVERHEAD,
} from "@leveret/amqp";
import { OUTPUT_ZERO_COPY_SIZE } from "../limits.ts";
import { copyBytes, type Message } from "../queue/message.ts";
import type { OutputBuffer } from "./output-buffer.ts";

/** class-id u16, weight u16, body size u64; the property flags follow (spec 4.2.6.1). */
const CONTENT_HEADER_FIXED_SIZE = 12;
const BASIC_CLASS = 60;

/** Bytes that header and body frames of a message take, at most. */
export function contentSize(message: Message, frameMax: number): number {
  const properties = message.propertiesEnd - message.propertiesStart;
  const perFrame = frameMax - FRAME_OVERHEAD;
  const bodyFrames = message.bodySize === 0 ? 0 : Math.ceil(message.bodySize / perFrame);
  return (
    FRAME_OVERHEAD +
    CONTENT_HEADER_FIXED_SIZE +
    properties +
    message.bodySize +
    bodyFrames * FRAME_OVERHEAD
  );
}

/** Writes 7 octets: type, channel, size (spec 4.2.3). */
function writeFrameHeader(
  bytes: Buffer,
  at: number,
  type: number,
  channel: number,
  size: number,
): number {
  bytes[at] = type;
  bytes[at + 1] = channel >>> 8;
  bytes[at + 2] = channel;
  bytes[at + 3] = size >>> 24;
  bytes[at + 4] = size >>> 16;
  bytes[at + 5] = size >>> 8;
  bytes[at + 6] = size;
  return at + FRAME_HEADER_SIZE;
}

/** Writes an unsigned integer below 2^53 as 8 octets, big-endian. */
export function writeUint64(bytes: Buffer, at: number, value: number): void {
  const high = Math.floor(value / 0x1_0000_0000);
  bytes[at] = high >>> 24;
  bytes[at + 1] = high >>> 16;
  bytes[at + 2] = high >>> 8;
  bytes[at + 3] = high;
  bytes[at + 4] = value >>> 24;
  bytes[at + 5] = value >>> 16;
  bytes[at + 6] = value >>> 8;
  bytes[at + 7] = value;
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
  const size = properties === undefined ? message.propertiesEnd - start : properties.length;
  const payload = CONTENT_HEADER_FIXED_SIZE + size;
  const bytes = output.reserve(FRAME_OVERHEAD + payload);
  let at = writeFrameHeader(bytes, output.end, FRAME_HEADER, channel, payload);
  bytes[at] = 0;
  bytes[at + 1] = BASIC_CLASS;
  bytes[at + 2] = 0;
  bytes[at + 3] = 0;
  writeUint64(bytes, at + 4, message.bodySize);
  at += CONTENT_HEADER_FIXED_SIZE;
  copyBytes(source, start, bytes, at, size);
  bytes[at + size] = FRAME_END;
  output.end = at + size + 1;
}

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
  writeHeaderFrame(output, channel, message, properties);
  const size = message.bodySize;
  const chunkMax = frameMax === 0 ? size : frameMax - FRAME_OVERHEAD;
  const shared = message.slab === undefined && message.bodySource.length >= OUTPUT_ZERO_COPY_SIZE;
  let offset = 0;
  while (offset < size) {
    const chunk = Math.min(chunkMax, size - offset);
    const from = message.bodyStart + offset;
    if (shared && message.bodySource.length === size) {
      writeSharedFrame(output, channel, message.bodySource.subarray(from, from + chunk));
    } else {
      writeBodyFrame(output, channel, message.bodySource, from, chunk);
    }
    offset += chunk;
  }
}

function writeBodyFrame(
  output: OutputBuffer,
  channel: number,
  source: Buffer,
  from: number,
  size: number,
): void {
  const bytes = output.reserve(FRAME_OVERHEAD + size);
  const at = writeFrameHeader(bytes, output.end, FRAME_BODY, channel, size);
  copyBytes(source, from, bytes, at, size);
  bytes[at + size] = FRAME_END;
  output.end = at + size + 1;
}

/** The body of a large stored message goes to the socket as it is: it never changes. */
function writeSharedFrame(output: OutputBuffer, channel: number, body: Buffer): void {
  const bytes = output.reserve(FRAME_HEADER_SIZE);
  output.end = writeFrameHeader(bytes, output.end, FRAME_BODY, channel, body.length);
  output.appendShared(body);
  const tail = output.reserve(1);
  tail[output.end] = FRAME_END;
  output.end++;
}
