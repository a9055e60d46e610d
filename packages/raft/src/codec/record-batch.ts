import type { GroupId, ReplicaId } from "../core/ids.ts";
import { crc32 } from "./crc32.ts";
import { readU16, readU32, readU48, writeU16, writeU32, writeU48 } from "./u48.ts";

/*
 * A batch is what one write puts into an append file. It starts and ends at multiples of 512 bytes (of batchAlignBytes, when
 * written), because a write that is cut short can spoil whole sectors, and no sector may hold parts of two batches.
 *
 *   header | records | zeros | rows of the batch before (copy) | rows | trailer
 *
 * Header, 64 bytes:
 *   0  u32  magic                       32  u32  count of rows
 *   4  u16  format version              36  u32  count of copied rows of the batch before
 *   6  u16  flags                       40  u32  headCrc of the batch before
 *   8  u48  batchSeq                    44  u32  bodyCrc, over all bytes behind the header
 *  14  u48  durableSeq                  48  u32  stamp of cluster and node
 *  20  u32  fileSeq                     52  u32  position in the file / 512
 *  24  u32  size of the batch           56  u32  count of records
 *  28  u32  size of the records         60  u32  headCrc, over bytes 0-59
 *
 * Trailer, the last 48 bytes:
 *   0  u32  magic                       24  u32  count of rows
 *   4  u32  stamp                       28  u32  count of copied rows
 *   8  u32  fileSeq                     32  u32  crc of the rows
 *  12  u32  end in the file / 512       36  u32  crc of the copied rows
 *  16  u48  batchSeq, u16 zero          40  u32  zero
 *                                       44  u32  crc over bytes 0-43
 *
 * fileSeq, position and stamp make sure that a batch counts only where it was written: not in a recycled file, at another
 * place, or on another node. Header and trailer can be found without each other, so that the rows are there
 * to say what was lost when records are not.
 */

export const BATCH_HEADER_SIZE = 64;
export const BATCH_TRAILER_SIZE = 48;
export const BATCH_ROW_SIZE = 72;
/** Batches start and end at multiples of this: the unit in which disks lose data. */
export const SECTOR_SIZE = 512;
/** Rows of the batch before are copied only if they are few: many rows fill several sectors, which do not all get lost. */
export const COPIED_ROWS_MAX = 16;

const FORMAT_VERSION = 1;
const HEADER_MAGIC = 0x4254564c; // "LVTB"
const TRAILER_MAGIC = 0x5454564c; // "LVTT"
const HEAD_CRC_AT = 60;
const TRAILER_CRC_AT = 44;

/** The batch has no content and was not synced: it only shows that the one before is durable. */
export const BATCH_FLAG_MARKER = 1;
/** The batch before this one was a marker: if it is unreadable, nothing is lost. */
export const BATCH_FLAG_AFTER_MARKER = 2;
/** Of a rewritten file: its batches are numbered by themselves. */
export const BATCH_FLAG_COLD = 4;

/** Where a batch is, to be compared with what it says about itself. */
export interface BatchPlace {
  readonly fileSeq: number;
  readonly position: number;
  readonly stamp: number;
}

export interface BatchHeader {
  readonly flags: number;
  readonly batchSeq: number;
  /** The highest batch known durable when this one was written. */
  readonly durableSeq: number;
  readonly size: number;
  readonly recordsSize: number;
  readonly recordCount: number;
  readonly rowCount: number;
  readonly copiedRowCount: number;
  readonly previousCrc: number;
  readonly bodyCrc: number;
}

/** Writes a header in front of a complete body, whose checksum is `header.bodyCrc`. Returns the headCrc. */
export function writeBatchHeader(
  target: Buffer,
  offset: number,
  place: BatchPlace,
  header: BatchHeader,
): number {
  writeU32(target, offset, HEADER_MAGIC);
  writeU16(target, offset + 4, FORMAT_VERSION);
  writeU16(target, offset + 6, header.flags);
  writeU48(target, offset + 8, header.batchSeq);
  writeU48(target, offset + 14, header.durableSeq);
  writeU32(target, offset + 20, place.fileSeq);
  writeU32(target, offset + 24, header.size);
  writeU32(target, offset + 28, header.recordsSize);
  writeU32(target, offset + 32, header.rowCount);
  writeU32(target, offset + 36, header.copiedRowCount);
  writeU32(target, offset + 40, header.previousCrc);
  writeU32(target, offset + 44, header.bodyCrc);
  writeU32(target, offset + 48, place.stamp);
  writeU32(target, offset + 52, place.position / SECTOR_SIZE);
  writeU32(target, offset + 56, header.recordCount);
  const headCrc = crc32(target.subarray(offset, offset + HEAD_CRC_AT));
  writeU32(target, offset + HEAD_CRC_AT, headCrc);
  return headCrc;
}

/** The header at `offset`; undefined if there is none that belongs to this place. The body is not looked at. */
export function readBatchHeader(
  source: Buffer,
  offset: number,
  place: BatchPlace,
): BatchHeader | undefined {
  if (offset + BATCH_HEADER_SIZE > source.length) return undefined;
  if (readU32(source, offset) !== HEADER_MAGIC) return undefined;
  if (readU32(source, offset + 20) !== place.fileSeq) return undefined;
  if (readU32(source, offset + 48) !== place.stamp) return undefined;
  if (readU32(source, offset + 52) * SECTOR_SIZE !== place.position) return undefined;
  const headCrc = crc32(source.subarray(offset, offset + HEAD_CRC_AT));
  if (readU32(source, offset + HEAD_CRC_AT) !== headCrc) return undefined;
  if (readU16(source, offset + 4) !== FORMAT_VERSION) return undefined;
  const header: BatchHeader = {
    flags: readU16(source, offset + 6),
    batchSeq: readU48(source, offset + 8),
    durableSeq: readU48(source, offset + 14),
    size: readU32(source, offset + 24),
    recordsSize: readU32(source, offset + 28),
    rowCount: readU32(source, offset + 32),
    copiedRowCount: readU32(source, offset + 36),
    previousCrc: readU32(source, offset + 40),
    bodyCrc: readU32(source, offset + 44),
    recordCount: readU32(source, offset + 56),
  };
  return isConsistent(header) ? header : undefined;
}

/** Checksum over everything of the batch behind its header. */
export function batchBodyCrc(source: Buffer, offset: number, size: number): number {
  return crc32(source.subarray(offset + BATCH_HEADER_SIZE, offset + size));
}

/** Size of a batch with these contents, before it is aligned. */
export function batchSize(recordsSize: number, rowCount: number, copiedRowCount: number): number {
  const rows = (rowCount + copiedRowCount) * BATCH_ROW_SIZE;
  return BATCH_HEADER_SIZE + recordsSize + rows + BATCH_TRAILER_SIZE;
}

function isConsistent(header: BatchHeader): boolean {
  const least = batchSize(header.recordsSize, header.rowCount, header.copiedRowCount);
  return header.size % SECTOR_SIZE === 0 && least <= header.size;
}

/** The group was created in this batch. */
export const ROW_FLAG_CREATED = 1;
export const ROW_FLAG_DELETED = 2;
/** Has entries, from firstIndex on. */
export const ROW_FLAG_ENTRIES = 4;
/** Some index was written more than once in this batch. */
export const ROW_FLAG_REWRITTEN = 8;
/** A peer's snapshot replaced the log. */
export const ROW_FLAG_INSTALLED = 16;
/** The operator changed the group's state (accept-loss, force-conf). */
export const ROW_FLAG_FORCED = 32;

/** What a batch says about a group: where it stands at the end of the batch, all of it absolute. */
export interface BatchRow {
  readonly groupId: GroupId;
  readonly flags: number;
  /** Lowest index of the entries in the batch; 0 without entries. */
  readonly firstIndex: number;
  readonly lastIndex: number;
  readonly lastTerm: number;
  readonly currentTerm: number;
  readonly votedFor: ReplicaId;
  readonly commitIndex: number;
  /** Index 0: none. */
  readonly promiseIndex: number;
  readonly promiseTerm: number;
  readonly snapshotIndex: number;
  readonly snapshotTerm: number;
}

export function writeBatchRow(target: Buffer, offset: number, row: BatchRow): void {
  writeU48(target, offset, row.groupId);
  writeU16(target, offset + 6, row.flags);
  writeU48(target, offset + 8, row.firstIndex);
  writeU48(target, offset + 14, row.lastIndex);
  writeU48(target, offset + 20, row.lastTerm);
  writeU48(target, offset + 26, row.currentTerm);
  writeU32(target, offset + 32, row.votedFor);
  writeU48(target, offset + 36, row.commitIndex);
  writeU48(target, offset + 42, row.promiseIndex);
  writeU48(target, offset + 48, row.promiseTerm);
  writeU48(target, offset + 54, row.snapshotIndex);
  writeU48(target, offset + 60, row.snapshotTerm);
  writeU32(target, offset + 66, 0);
  writeU16(target, offset + 70, 0);
}

function readBatchRow(source: Buffer, offset: number): BatchRow {
  return {
    groupId: readU48(source, offset),
    flags: readU16(source, offset + 6),
    firstIndex: readU48(source, offset + 8),
    lastIndex: readU48(source, offset + 14),
    lastTerm: readU48(source, offset + 20),
    currentTerm: readU48(source, offset + 26),
    votedFor: readU32(source, offset + 32),
    commitIndex: readU48(source, offset + 36),
    promiseIndex: readU48(source, offset + 42),
    promiseTerm: readU48(source, offset + 48),
    snapshotIndex: readU48(source, offset + 54),
    snapshotTerm: readU48(source, offset + 60),
  };
}

/** What the trailer leads to. Rows are undefined if they are damaged. */
export interface BatchTrailer {
  readonly batchSeq: number;
  readonly rows: readonly BatchRow[] | undefined;
  /** Rows of the batch before; undefined if damaged or not copied. */
  readonly copiedRows: readonly BatchRow[] | undefined;
}

/** Writes the trailer of a batch that ends at `end` of `target`; the rows must be in place right before it. */
export function writeBatchTrailer(
  target: Buffer,
  end: number,
  place: BatchPlace,
  batch: { batchSeq: number; rowCount: number; copiedRowCount: number },
): void {
  const offset = end - BATCH_TRAILER_SIZE;
  const rowsStart = offset - batch.rowCount * BATCH_ROW_SIZE;
  const copiedStart = rowsStart - batch.copiedRowCount * BATCH_ROW_SIZE;
  writeU32(target, offset, TRAILER_MAGIC);
  writeU32(target, offset + 4, place.stamp);
  writeU32(target, offset + 8, place.fileSeq);
  writeU32(target, offset + 12, place.position / SECTOR_SIZE);
  writeU48(target, offset + 16, batch.batchSeq);
  writeU16(target, offset + 22, 0);
  writeU32(target, offset + 24, batch.rowCount);
  writeU32(target, offset + 28, batch.copiedRowCount);
  writeU32(target, offset + 32, crc32(target.subarray(rowsStart, offset)));
  writeU32(target, offset + 36, crc32(target.subarray(copiedStart, rowsStart)));
  writeU32(target, offset + 40, 0);
  writeU32(
    target,
    offset + TRAILER_CRC_AT,
    crc32(target.subarray(offset, offset + TRAILER_CRC_AT)),
  );
}

/**
 * The trailer of a batch that ends at `end` of `source`, which is at `place.position` in the file; undefined if there is none
 * that belongs there. `start` is where the batch can begin at the earliest.
 */
export function readBatchTrailer(
  source: Buffer,
  start: number,
  end: number,
  place: BatchPlace,
): BatchTrailer | undefined {
  const offset = end - BATCH_TRAILER_SIZE;
  if (offset < start || readU32(source, offset) !== TRAILER_MAGIC) return undefined;
  if (readU32(source, offset + 4) !== place.stamp) return undefined;
  if (readU32(source, offset + 8) !== place.fileSeq) return undefined;
  if (readU32(source, offset + 12) * SECTOR_SIZE !== place.position) return undefined;
  const crc = crc32(source.subarray(offset, offset + TRAILER_CRC_AT));
  if (readU32(source, offset + TRAILER_CRC_AT) !== crc) return undefined;
  const rowsStart = offset - readU32(source, offset + 24) * BATCH_ROW_SIZE;
  const copiedStart = rowsStart - readU32(source, offset + 28) * BATCH_ROW_SIZE;
  const copied = readRows(source, start, [copiedStart, rowsStart], readU32(source, offset + 36));
  return {
    batchSeq: readU48(source, offset + 16),
    rows: readRows(source, start, [rowsStart, offset], readU32(source, offset + 32)),
    copiedRows: copied?.length === 0 ? undefined : copied,
  };
}

function readRows(
  source: Buffer,
  start: number,
  [from, to]: readonly [number, number],
  crc: number,
): BatchRow[] | undefined {
  if (from < start || crc32(source.subarray(from, to)) !== crc) return undefined;
  const rows: BatchRow[] = [];
  for (let at = from; at < to; at += BATCH_ROW_SIZE) rows.push(readBatchRow(source, at));
  return rows;
}
