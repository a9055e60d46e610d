import { MessageType } from "../core/message.ts";
import { crc32 } from "./crc32.ts";
import { MESSAGE_HEADER_SIZE, messageBodySizeAt } from "./message-codec.ts";
import { readU8, readU16, readU32, readU48, writeU16, writeU32, writeU48 } from "./u48.ts";

/*
 * What flows on an open connection between two nodes, after the handshake (little endian):
 *
 *   size u32 | lane u8 | flags u8 (0) | source incarnation u48 | destination incarnation u48 | parts u16 | crc u32 | parts
 *
 * `size` is that of the parts. The CRC covers all of the header before it, and the parts, but on the append lane not the
 * entries: each has a checksum of its own, and one pass over their bytes is enough. See message-codec.ts and frame-parts.ts
 * for what a part is.
 */

/** Which of the three connections of a node pair: so that a snapshot never delays a vote. */
export const Lane = { Control: 0, Append: 1, Bulk: 2 } as const;
export type Lane = (typeof Lane)[keyof typeof Lane];

export const FRAME_HEADER_SIZE = 24;
export const FRAME_PARTS_MAX = 0xffff;
const LANE_OFFSET = 4;
const CRC_OFFSET = 20;

/** A frame's header, decoded. */
export interface FrameHeader {
  /** Bytes that follow the header. */
  readonly size: number;
  readonly lane: number;
  readonly flags: number;
  readonly source: number;
  readonly destination: number;
  readonly parts: number;
  readonly crc: number;
}

/**
 * Writes the header of the frame whose parts already are in `bytes` from `offset + FRAME_HEADER_SIZE` to `end`.
 */
export function sealFrame(
  bytes: Uint8Array,
  offset: number,
  end: number,
  header: {
    readonly lane: Lane;
    readonly source: number;
    readonly destination: number;
    readonly parts: number;
  },
): void {
  writeU32(bytes, offset, end - offset - FRAME_HEADER_SIZE);
  bytes[offset + LANE_OFFSET] = header.lane;
  bytes[offset + 5] = 0;
  writeU48(bytes, offset + 6, header.source);
  writeU48(bytes, offset + 12, header.destination);
  writeU16(bytes, offset + 18, header.parts);
  writeU32(bytes, offset + CRC_OFFSET, frameChecksum(bytes, offset, end));
}

/** Reads a header; the caller has FRAME_HEADER_SIZE bytes from `offset` on. */
export function readFrameHeader(bytes: Uint8Array, offset: number): FrameHeader {
  return {
    size: readU32(bytes, offset),
    lane: readU8(bytes, offset + LANE_OFFSET),
    flags: readU8(bytes, offset + 5),
    source: readU48(bytes, offset + 6),
    destination: readU48(bytes, offset + 12),
    parts: readU16(bytes, offset + 18),
    crc: readU32(bytes, offset + CRC_OFFSET),
  };
}

/** CRC-32 of the frame from `offset` to `end`, without the CRC itself and without entries on the append lane. */
export function frameChecksum(bytes: Uint8Array, offset: number, end: number): number {
  const head = crc32(bytes.subarray(offset, offset + CRC_OFFSET));
  const start = offset + FRAME_HEADER_SIZE;
  return readU8(bytes, offset + LANE_OFFSET) === Lane.Append
    ? checksumWithoutEntries(bytes, { start, end }, head)
    : crc32(bytes.subarray(start, end), head);
}

/** What is no message with entries, and all behind it, is covered as it is. */
function checksumWithoutEntries(
  bytes: Uint8Array,
  parts: { readonly start: number; readonly end: number },
  seed: number,
): number {
  const { start, end } = parts;
  let crc = seed;
  for (let at = start; at < end; ) {
    const body = at + MESSAGE_HEADER_SIZE;
    if (readU8(bytes, at) !== MessageType.AppendEntries || body > end) {
      return crc32(bytes.subarray(at, end), crc);
    }
    crc = crc32(bytes.subarray(at, body), crc);
    at = body + messageBodySizeAt(bytes, at);
  }
  return crc;
}
