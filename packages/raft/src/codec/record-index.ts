import type { GroupId } from "../core/ids.ts";
import { crc32 } from "./crc32.ts";
import { DecodeError } from "./decode-error.ts";
import { readU16, readU32, readU48, writeU16, writeU32, writeU48 } from "./u48.ts";

/*
 * NNNNNNNN.idx tells where the entries of a sealed file are, and how its groups stood at its end. It can be made
 * again from the file, so that damage to it costs time and nothing else.
 *
 *   header | sections, one per group | images | directory
 *
 * Header, 80 bytes:
 *   0 u32 magic     4 u16 version    6 u16 flags        8 u32 stamp           12 u32 fileSeq
 *  16 u48 first batchSeq            22 u48 last batchSeq                      28 u32 end of the last batch
 *  32 u32 headCrc of the last batch
 *  36 u32 directory offset          40 u32 count of its rows                  44 u32 crc of the directory
 *  48 u32 images offset             52 u32 size                               56 u32 crc of the images
 *  60 u32 count of images           64 12 bytes zero                          76 u32 crc over bytes 0-75
 *
 * Section: count u32 | flags u16 (1: sparse) | first index u48 | count x (offset u32, size u32) | if sparse count x index u48
 * Image: size varint, then a GroupImage; or for a deleted group, size 0 and its groupId as varint.
 * Directory row, 20 bytes, ascending: groupId u48 | u16 zero | section offset u32 | section size u32 | section crc u32
 */

export const INDEX_HEADER_SIZE = 80;
export const INDEX_ROW_SIZE = 20;
const INDEX_VERSION = 1;
const MAGIC = 0x4958564c; // "LVXI"
const SECTION_HEADER_SIZE = 12;
const SECTION_FLAG_SPARSE = 1;
const LOCATION_SIZE = 8;
const INDEX_SIZE = 6;

export interface IndexHeader {
  readonly stamp: number;
  readonly fileSeq: number;
  readonly firstBatchSeq: number;
  readonly lastBatchSeq: number;
  /** Where the last batch ends. */
  readonly end: number;
  readonly lastHeadCrc: number;
  readonly directoryOffset: number;
  readonly directoryCount: number;
  readonly directoryCrc: number;
  readonly imagesOffset: number;
  readonly imagesSize: number;
  readonly imagesCrc: number;
  readonly imageCount: number;
}

export function encodeIndexHeader(header: IndexHeader): Buffer {
  const bytes = Buffer.alloc(INDEX_HEADER_SIZE);
  writeU32(bytes, 0, MAGIC);
  writeU16(bytes, 4, INDEX_VERSION);
  writeU32(bytes, 8, header.stamp);
  writeU32(bytes, 12, header.fileSeq);
  writeU48(bytes, 16, header.firstBatchSeq);
  writeU48(bytes, 22, header.lastBatchSeq);
  writeU32(bytes, 28, header.end);
  writeU32(bytes, 32, header.lastHeadCrc);
  writeU32(bytes, 36, header.directoryOffset);
  writeU32(bytes, 40, header.directoryCount);
  writeU32(bytes, 44, header.directoryCrc);
  writeU32(bytes, 48, header.imagesOffset);
  writeU32(bytes, 52, header.imagesSize);
  writeU32(bytes, 56, header.imagesCrc);
  writeU32(bytes, 60, header.imageCount);
  writeU32(bytes, 76, crc32(bytes.subarray(0, 76)));
  return bytes;
}

/** @throws DecodeError if damaged, of another version, node or file */
export function decodeIndexHeader(
  bytes: Buffer,
  place: { readonly fileSeq: number; readonly stamp: number },
): IndexHeader {
  if (bytes.length < INDEX_HEADER_SIZE || readU32(bytes, 0) !== MAGIC) {
    throw new DecodeError("no index header");
  }
  if (readU32(bytes, 76) !== crc32(bytes.subarray(0, 76))) {
    throw new DecodeError("the index header is damaged");
  }
  const header: IndexHeader = {
    stamp: readU32(bytes, 8),
    fileSeq: readU32(bytes, 12),
    firstBatchSeq: readU48(bytes, 16),
    lastBatchSeq: readU48(bytes, 22),
    end: readU32(bytes, 28),
    lastHeadCrc: readU32(bytes, 32),
    directoryOffset: readU32(bytes, 36),
    directoryCount: readU32(bytes, 40),
    directoryCrc: readU32(bytes, 44),
    imagesOffset: readU32(bytes, 48),
    imagesSize: readU32(bytes, 52),
    imagesCrc: readU32(bytes, 56),
    imageCount: readU32(bytes, 60),
  };
  const isOurs = header.fileSeq === place.fileSeq && header.stamp === place.stamp;
  if (readU16(bytes, 4) !== INDEX_VERSION || !isOurs) throw new DecodeError("a foreign index");
  return header;
}

/** Where a group's section is. */
export interface IndexRow {
  readonly groupId: GroupId;
  readonly offset: number;
  readonly size: number;
  readonly crc: number;
}

export function writeIndexRow(target: Buffer, at: number, row: IndexRow): void {
  writeU48(target, at, row.groupId);
  writeU16(target, at + 6, 0);
  writeU32(target, at + 8, row.offset);
  writeU32(target, at + 12, row.size);
  writeU32(target, at + 16, row.crc);
}

export function readIndexRow(directory: Buffer, at: number): IndexRow {
  return {
    groupId: readU48(directory, at),
    offset: readU32(directory, at + 8),
    size: readU32(directory, at + 12),
    crc: readU32(directory, at + 16),
  };
}

/** The row of a group in a directory whose checksum was found right. */
export function findIndexRow(directory: Buffer, groupId: GroupId): IndexRow | undefined {
  let low = 0;
  let high = directory.length / INDEX_ROW_SIZE - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const at = middle * INDEX_ROW_SIZE;
    const found = readU48(directory, at);
    if (found === groupId) {
      return readIndexRow(directory, at);
    }
    if (found < groupId) low = middle + 1;
    else high = middle - 1;
  }
  return undefined;
}

/** Places of a group's entries in one file. */
export interface IndexSection {
  readonly count: number;
  readonly firstIndex: number;
  /** Pairs of offset and size; may be longer than `count` pairs. */
  readonly locations: Uint32Array;
  /** The entries' indexes, ascending, if they are not `firstIndex` and those that follow. */
  readonly indexes: Float64Array | undefined;
}

export function encodeIndexSection(section: IndexSection): Buffer {
  const { count, locations, indexes } = section;
  const sparseSize = indexes === undefined ? 0 : count * INDEX_SIZE;
  const bytes = Buffer.allocUnsafe(SECTION_HEADER_SIZE + count * LOCATION_SIZE + sparseSize);
  writeU32(bytes, 0, count);
  writeU16(bytes, 4, indexes === undefined ? 0 : SECTION_FLAG_SPARSE);
  writeU48(bytes, 6, section.firstIndex);
  let at = SECTION_HEADER_SIZE;
  for (let position = 0; position < count * 2; position++) {
    writeU32(bytes, at, locations[position] ?? 0);
    at += 4;
  }
  if (indexes === undefined) return bytes;
  for (let position = 0; position < count; position++) {
    writeU48(bytes, at, indexes[position] ?? 0);
    at += INDEX_SIZE;
  }
  return bytes;
}

/** The bytes passed their checksum. @throws DecodeError if they are no section nevertheless */
export function decodeIndexSection(bytes: Buffer): IndexSection {
  if (bytes.length < SECTION_HEADER_SIZE) throw new DecodeError("an index section is cut short");
  const count = readU32(bytes, 0);
  const isSparse = readU16(bytes, 4) === SECTION_FLAG_SPARSE;
  const entrySize = LOCATION_SIZE + (isSparse ? INDEX_SIZE : 0);
  if (bytes.length !== SECTION_HEADER_SIZE + count * entrySize) {
    throw new DecodeError("an index section has another size");
  }
  const locations = new Uint32Array(count * 2);
  let at = SECTION_HEADER_SIZE;
  for (let position = 0; position < count * 2; position++) {
    locations[position] = readU32(bytes, at);
    at += 4;
  }
  if (!isSparse) return { count, firstIndex: readU48(bytes, 6), locations, indexes: undefined };
  const indexes = new Float64Array(count);
  for (let position = 0; position < count; position++) {
    indexes[position] = readU48(bytes, at);
    at += INDEX_SIZE;
  }
  return { count, firstIndex: readU48(bytes, 6), locations, indexes };
}
