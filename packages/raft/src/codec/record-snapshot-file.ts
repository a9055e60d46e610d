import type { GroupId } from "../core/ids.ts";
import type { SnapshotMeta } from "../core/message.ts";
import { crc32 } from "./crc32.ts";
import { DecodeError } from "./decode-error.ts";
import { RecordReader, RecordWriter } from "./record-bytes.ts";
import { readSnapshotMeta, writeSnapshotMeta } from "./record-group-image.ts";
import { readU32, writeU32 } from "./u48.ts";

/*
 * <group>-<index>-<term>-<file>.snap, the state of a large snapshot:
 *
 *   state | checksums, u32 for each block of 64 KiB of the state | description | footer
 *
 * Description: version u8 | stamp u32 | groupId | meta | state size, numbers as varints
 * Footer, 16 bytes: magic u32 | description size u32 | crc of checksums and description u32 | crc over bytes 0-11 u32
 *
 * The state comes first, because its size is not known before the end.
 */

export const SNAPSHOT_BLOCK_SIZE: number = 64 * 1024;
const SNAPSHOT_FOOTER_SIZE = 16;

const MAGIC = 0x5053564c; // "LVSP"
const VERSION = 1;

/** What a snapshot file says about itself. */
export interface SnapshotDescription {
  readonly stamp: number;
  readonly groupId: GroupId;
  readonly meta: SnapshotMeta;
  readonly stateSize: number;
}

/** Count of checksums for a state of this size. */
export function snapshotBlockCount(stateSize: number): number {
  return Math.ceil(stateSize / SNAPSHOT_BLOCK_SIZE);
}

/** Everything that comes behind the state. */
export function encodeSnapshotEnd(
  checksums: readonly number[],
  description: SnapshotDescription,
): Buffer {
  const writer = new RecordWriter(checksums.length * 4 + 256);
  for (const checksum of checksums) writer.u32(checksum);
  const descriptionStart = writer.size;
  writer.u8(VERSION);
  writer.u32(description.stamp);
  writer.varint(description.groupId);
  writeSnapshotMeta(writer, description.meta);
  writer.varint(description.stateSize);
  const contentCrc = crc32(writer.view());
  const descriptionSize = writer.size - descriptionStart;
  const footer = Buffer.alloc(SNAPSHOT_FOOTER_SIZE);
  writeU32(footer, 0, MAGIC);
  writeU32(footer, 4, descriptionSize);
  writeU32(footer, 8, contentCrc);
  writeU32(footer, 12, crc32(footer.subarray(0, 12)));
  writer.bytes(footer);
  return writer.finish();
}

/**
 * Reads what is behind the state: `bytes` is the part of the file that starts at `stateSize` and goes to its end.
 * @throws DecodeError if anything is not as it was written
 */
export function decodeSnapshotEnd(
  bytes: Buffer,
  stateSize: number,
): { readonly checksums: readonly number[]; readonly description: SnapshotDescription } {
  const footerAt = bytes.length - SNAPSHOT_FOOTER_SIZE;
  const descriptionAt = snapshotBlockCount(stateSize) * 4;
  if (footerAt < descriptionAt || readU32(bytes, footerAt) !== MAGIC) {
    throw new DecodeError("no footer of a snapshot");
  }
  const footer = bytes.subarray(footerAt);
  const isIntact =
    readU32(footer, 12) === crc32(footer.subarray(0, 12)) &&
    readU32(footer, 4) === footerAt - descriptionAt &&
    readU32(footer, 8) === crc32(bytes.subarray(0, footerAt));
  if (!isIntact) throw new DecodeError("the end of a snapshot is damaged");
  const checksums: number[] = [];
  for (let at = 0; at < descriptionAt; at += 4) checksums.push(readU32(bytes, at));
  return { checksums, description: readDescription(bytes, descriptionAt, footerAt) };
}

function readDescription(bytes: Buffer, start: number, end: number): SnapshotDescription {
  const reader = new RecordReader(bytes, start, end);
  const version = reader.u8();
  if (version !== VERSION) throw new DecodeError(`snapshot file of version ${version}`);
  const stamp = reader.u32();
  const groupId = reader.varint();
  const meta = readSnapshotMeta(reader);
  const stateSize = reader.varint();
  reader.finish();
  return { stamp, groupId, meta, stateSize };
}
