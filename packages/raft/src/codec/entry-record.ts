import { ENTRY_OVERHEAD, type Entry, EntryType } from "../core/entry.ts";
import type { GroupId } from "../core/ids.ts";
import { crc32, shiftCrc32 } from "./crc32.ts";
import { identityChecksum } from "./entry-identity.ts";
import { readU8, readU32, readU48, writeU32, writeU48 } from "./u48.ts";

/*
 * An entry, on disk and in the body of AppendEntries. Numbers are little-endian.
 *
 *  0  u8   record type, ENTRY
 *  1  u8   flags; the lowest two bits are the entry's type
 *  2  u48  groupId
 *  8  u48  index
 * 14  u48  term
 * 20  u32  length of data
 * 24  u32  crc: the entry's checksum, made by the leader that created it
 * 28  u32  check: crc mixed with bytes 0 and 1, which crc does not cover
 * 32       data
 *
 * crc covers group, index, term, type and (through its end) the length of data, so that a record that passes is the one that
 * the leader made, wherever it was found.
 */

/** Record type of an entry; those of other records are in record.ts. */
const ENTRY_RECORD = 1;

/** The entry fills a hole of a damaged log: it replaces nothing. */
export const ENTRY_FLAG_REPAIR = 0x10;
/** The entry came with a snapshot: it is live below the snapshot's index. */
export const ENTRY_FLAG_LIVE = 0x20;

const TYPE_MASK = 0x03;
const KNOWN_FLAGS = TYPE_MASK | ENTRY_FLAG_REPAIR | ENTRY_FLAG_LIVE;

const FLAGS_AT = 1;
const GROUP_AT = 2;
const INDEX_AT = 8;
const TERM_AT = 14;
const LENGTH_AT = 20;
const CRC_AT = 24;
const CHECK_AT = 28;

/** The checksum that stays with an entry from the leader that creates it to every disk and back. */
export function entryChecksum(
  groupId: GroupId,
  index: number,
  term: number,
  type: EntryType,
  data: Uint8Array,
): number {
  return crc32(data, identityChecksum(groupId, index, term, type));
}

/**
 * Continues `crc`, that of bytes which end with the header of the entry's record, over the entry's data: not by another pass, but
 * by the entry's own checksum. Quicker for data of a few hundred bytes and more.
 */
export function continueWithEntry(crc: number, groupId: GroupId, entry: Entry): number {
  const { index, term, type, data } = entry;
  // Both checksums go on with the same bytes: only what stood before them differs.
  const before = (crc ^ identityChecksum(groupId, index, term, type)) >>> 0;
  return (shiftCrc32(before, data.length) ^ entry.crc) >>> 0;
}

/** Size of the entry's record in bytes. */
export function entryRecordSize(entry: Entry): number {
  return ENTRY_OVERHEAD + entry.data.length;
}

/**
 * Writes the record at `offset` and returns where it ends. The checksum is the entry's own and not computed again, so
 * that damage done to it in memory is found by whoever reads it next. `target` must have room (entryRecordSize).
 */
export function writeEntryRecord(
  target: Buffer,
  offset: number,
  groupId: GroupId,
  entry: Entry,
  flags = 0,
): number {
  const allFlags = flags | entry.type;
  const { data } = entry;
  target[offset] = ENTRY_RECORD;
  target[offset + FLAGS_AT] = allFlags;
  writeU48(target, offset + GROUP_AT, groupId);
  writeU48(target, offset + INDEX_AT, entry.index);
  writeU48(target, offset + TERM_AT, entry.term);
  writeU32(target, offset + LENGTH_AT, data.length);
  writeU32(target, offset + CRC_AT, entry.crc);
  writeU32(target, offset + CHECK_AT, checkOf(entry.crc, allFlags));
  target.set(data, offset + ENTRY_OVERHEAD);
  return offset + ENTRY_OVERHEAD + data.length;
}

/**
 * Writes the records of `entries` one behind the other, as {@link writeEntryRecord} without flags would, and returns where the last one
 * ends. Those that stand next to each other in memory already are copied in one go.
 */
export function writeEntryRecords(
  target: Buffer,
  offset: number,
  groupId: GroupId,
  entries: readonly Entry[],
): number {
  let at = offset;
  for (let next = 0; next < entries.length; ) {
    const entry = entries[next];
    if (entry === undefined) break;
    if (entry.record === undefined) {
      at = writeEntryRecord(target, at, groupId, entry);
      next++;
      continue;
    }
    const run = runOf(entries, next, entry.record);
    target.set(entry.record.subarray(run.start, run.end), at);
    at += run.end - run.start;
    next += run.count;
  }
  return at;
}

/** The entries from `first` on whose records follow each other in `memory`. */
function runOf(
  entries: readonly Entry[],
  first: number,
  memory: Uint8Array,
): { readonly start: number; readonly end: number; readonly count: number } {
  const start = entries[first]?.recordAt ?? 0;
  let end = start;
  let next = first;
  for (; next < entries.length; next++) {
    const entry = entries[next];
    if (entry === undefined || entry.record !== memory || entry.recordAt !== end) break;
    end += entryRecordSize(entry);
  }
  return { start, end, count: next - first };
}

/** Where a record that starts at `offset` ends, going by its length alone; beyond `end` if it is cut off. */
export function entryRecordEnd(source: Buffer, offset: number, end: number): number {
  if (offset + ENTRY_OVERHEAD > end) return Number.POSITIVE_INFINITY;
  return offset + ENTRY_OVERHEAD + readU32(source, offset + LENGTH_AT);
}

/** A record as read; `entry.data` is a view of the source. */
export interface EntryRecord {
  readonly groupId: GroupId;
  readonly flags: number;
  readonly entry: Entry;
  /** Offset behind the record. */
  readonly end: number;
}

/**
 * Reads the record at `offset` of `source`, of which bytes up to `end` count. "short": it goes on behind `end`;
 * "damaged": it is no record of an entry, or not as it was written. `entry.data` is a view: who keeps the entry
 * must own `source`.
 */
export function readEntryRecord(
  source: Buffer,
  offset: number,
  end: number,
): EntryRecord | "short" | "damaged" {
  if (offset + ENTRY_OVERHEAD > end) return "short";
  const flags = readU8(source, offset + FLAGS_AT);
  const type = entryTypeOf(flags);
  if (source[offset] !== ENTRY_RECORD || (flags & ~KNOWN_FLAGS) !== 0 || type === undefined) {
    return "damaged";
  }
  const crc = readU32(source, offset + CRC_AT);
  if (readU32(source, offset + CHECK_AT) !== checkOf(crc, flags)) return "damaged";
  const recordEnd = offset + ENTRY_OVERHEAD + readU32(source, offset + LENGTH_AT);
  if (recordEnd > end) return "short";
  const groupId = readU48(source, offset + GROUP_AT);
  const index = readU48(source, offset + INDEX_AT);
  const term = readU48(source, offset + TERM_AT);
  const data = source.subarray(offset + ENTRY_OVERHEAD, recordEnd);
  if (entryChecksum(groupId, index, term, type, data) !== crc) return "damaged";
  return {
    groupId,
    flags: flags & ~TYPE_MASK,
    entry: { index, term, type, data, crc },
    end: recordEnd,
  };
}

/** A record in memory that belongs to the entries in it. `memory` is that of `bytes`, from its beginning. */
export interface SentRecord {
  readonly bytes: Buffer;
  readonly memory: ArrayBufferLike;
  readonly offset: number;
  readonly end: number;
}

/**
 * The entry at `index` of `groupId` that its leader sent, from its record, whose memory the entry keeps; undefined: what is there is
 * damaged, or another entry, or has flags of a place where it was found.
 */
export function readSentEntry(
  { bytes: source, memory, offset, end }: SentRecord,
  groupId: GroupId,
  index: number,
): Entry | undefined {
  const start = offset + ENTRY_OVERHEAD;
  const flags = readU8(source, offset + FLAGS_AT);
  const type = entryTypeOf(flags);
  if (readU8(source, offset) !== ENTRY_RECORD || flags !== type) return undefined;
  const crc = readU32(source, offset + CRC_AT);
  if (readU32(source, offset + CHECK_AT) !== checkOf(crc, type)) return undefined;
  if (readU48(source, offset + GROUP_AT) !== groupId) return undefined;
  if (readU48(source, offset + INDEX_AT) !== index) return undefined;
  if (readU32(source, offset + LENGTH_AT) !== end - start) return undefined;
  const term = readU48(source, offset + TERM_AT);
  // Half the price of `subarray`, which looks for the memory and makes a Buffer each time.
  const data = new Uint8Array(memory, start, end - start);
  if (entryChecksum(groupId, index, term, type, data) !== crc) return undefined;
  return { index, term, type, data, crc, record: source, recordAt: offset, command: undefined };
}

/**
 * The entry in a record that this process wrote itself and that is still in memory: no checks, and `data` is a view.
 */
export function viewEntryRecord(source: Buffer, offset: number): Entry {
  const length = readU32(source, offset + LENGTH_AT);
  const start = offset + ENTRY_OVERHEAD;
  return {
    index: readU48(source, offset + INDEX_AT),
    term: readU48(source, offset + TERM_AT),
    type: entryTypeOf(readU8(source, offset + FLAGS_AT)) ?? EntryType.Command,
    data: source.subarray(start, start + length),
    crc: readU32(source, offset + CRC_AT),
  };
}

function entryTypeOf(flags: number): EntryType | undefined {
  switch (flags & TYPE_MASK) {
    case EntryType.Command:
      return EntryType.Command;
    case EntryType.Noop:
      return EntryType.Noop;
    case EntryType.ConfChange:
      return EntryType.ConfChange;
    default:
      return undefined;
  }
}

function checkOf(crc: number, flags: number): number {
  return (crc ^ Math.imul((ENTRY_RECORD << 8) | flags, 0x9e3779b1)) >>> 0;
}
