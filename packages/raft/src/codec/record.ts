import type { GroupId } from "../core/ids.ts";
import { crc32 } from "./crc32.ts";
import { readEntryRecord } from "./entry-record.ts";
import { readU32, readU48, writeU32, writeU48 } from "./u48.ts";

/*
 * Records other than entries have the same header of 32 bytes; what the fields mean depends on the type:
 *
 *  0  u8   record type
 *  1  u8   flags
 *  2  u48  groupId, 0 for records of the node
 *  8  u48  index
 * 14  u48  term
 * 20  u32  length of payload
 * 24  u32  crc over bytes 0-23, 28-31 and the payload
 * 28  u32  extra
 * 32       payload
 *
 * | type        | index           | term        | extra     | payload                             |
 * |-------------|-----------------|-------------|-----------|-------------------------------------|
 * | HARD_STATE  | commitIndex     | currentTerm | votedFor  | none                                |
 * | PROMISE     | promised index  | its term    | 0         | none; index 0: fulfilled            |
 * | SNAPSHOT    | snapshot's      | its term    | 0         | SnapshotRecord                      |
 * | GROUP_STATE | last index      | 0           | why       | GroupImage                          |
 * | GROUP_DELETE| 0               | 0           | 0         | none                                |
 * | FILE_START  | 0               | 0           | 0         | FileStart                           |
 * | FILE_DROP   | 0               | 0           | file      | none                                |
 *
 * Type 0 is padding: the records of a batch end there.
 */
export const RecordType = {
  Padding: 0,
  /** ENTRY_RECORD of entry-record.ts. */
  Entry: 1,
  HardState: 2,
  Promise: 3,
  /** A snapshot was taken here, or (flag INSTALLED) came from a peer and replaced the log. */
  Snapshot: 4,
  /** All there is to know about a group at this point: whatever came before is needed no more. */
  GroupState: 5,
  GroupDelete: 6,
  /** First record of each hot file: what came before it. */
  FileStart: 7,
  /** A file is about to be removed: its absence is no damage. */
  FileDrop: 8,
} as const;
export type RecordType = (typeof RecordType)[keyof typeof RecordType];

/** Why a group's whole state was written; in `extra` of GROUP_STATE. */
export const StateReason = {
  Create: 1,
  /** Carried over, because the file that held it goes. Says nothing new. */
  Carry: 2,
  AcceptLoss: 3,
  ForceConf: 4,
} as const;
export type StateReason = (typeof StateReason)[keyof typeof StateReason];

export const RECORD_HEADER_SIZE = 32;

/** Flag of SNAPSHOT: it came from a peer, the log restarts after it. */
export const SNAPSHOT_FLAG_INSTALLED = 1;
/** Flag of an installed SNAPSHOT: the log's entries after it stay. */
export const SNAPSHOT_FLAG_KEEPS_SUFFIX = 2;

const LENGTH_AT = 20;
const CRC_AT = 24;
const EXTRA_AT = 28;

/** Header fields of a record to be written. */
export interface RecordHead {
  readonly type: RecordType;
  readonly flags: number;
  readonly groupId: GroupId;
  readonly index: number;
  readonly term: number;
  readonly extra: number;
}

/** A record other than an entry, as read. */
export interface ControlRecord extends RecordHead {
  /** A view of the source. */
  readonly payload: Uint8Array;
}

/** Writes a record at `offset` and returns where it ends. `target` must have room: 32 bytes and the payload. */
export function writeRecord(
  target: Buffer,
  offset: number,
  head: RecordHead,
  payload: Uint8Array,
): number {
  target[offset] = head.type;
  target[offset + 1] = head.flags;
  writeU48(target, offset + 2, head.groupId);
  writeU48(target, offset + 8, head.index);
  writeU48(target, offset + 14, head.term);
  writeU32(target, offset + LENGTH_AT, payload.length);
  writeU32(target, offset + EXTRA_AT, head.extra);
  target.set(payload, offset + RECORD_HEADER_SIZE);
  writeU32(target, offset + CRC_AT, controlCrc(target, offset, payload.length));
  return offset + RECORD_HEADER_SIZE + payload.length;
}

/** Reads a record other than an entry; undefined if it is cut short, unknown or not as it was written. */
export function readControlRecord(
  source: Buffer,
  offset: number,
  end: number,
): ControlRecord | undefined {
  const recordEnd = recordEndAt(source, offset, end);
  if (recordEnd === undefined) return undefined;
  const type = recordTypeOf(source[offset] ?? RecordType.Padding);
  if (type === undefined) return undefined;
  const length = recordEnd - offset - RECORD_HEADER_SIZE;
  if (controlCrc(source, offset, length) !== readU32(source, offset + CRC_AT)) return undefined;
  return {
    type,
    flags: source[offset + 1] ?? 0,
    groupId: readU48(source, offset + 2),
    index: readU48(source, offset + 8),
    term: readU48(source, offset + 14),
    extra: readU32(source, offset + EXTRA_AT),
    payload: source.subarray(offset + RECORD_HEADER_SIZE, recordEnd),
  };
}

/** Group and flags of the record at `offset`, unchecked. */
export function peekRecord(
  source: Buffer,
  offset: number,
): { readonly groupId: GroupId; readonly flags: number } {
  return { groupId: readU48(source, offset + 2), flags: source[offset + 1] ?? 0 };
}

/** Where the record at `offset` ends by its length; undefined if that is behind `end`. */
export function recordEndAt(source: Buffer, offset: number, end: number): number | undefined {
  if (offset + RECORD_HEADER_SIZE > end) return undefined;
  const recordEnd = offset + RECORD_HEADER_SIZE + readU32(source, offset + LENGTH_AT);
  return recordEnd > end ? undefined : recordEnd;
}

/** Whether the bytes at `offset` are a whole record of any type that passes its checks. */
export function isIntactRecord(source: Buffer, offset: number, end: number): boolean {
  if (source[offset] === RecordType.Entry) {
    return typeof readEntryRecord(source, offset, end) === "object";
  }
  return readControlRecord(source, offset, end) !== undefined;
}

/** Types of records other than entries. */
function recordTypeOf(value: number): RecordType | undefined {
  switch (value) {
    case RecordType.HardState:
    case RecordType.Promise:
    case RecordType.Snapshot:
    case RecordType.GroupState:
    case RecordType.GroupDelete:
    case RecordType.FileStart:
    case RecordType.FileDrop:
      return value;
    default:
      return undefined;
  }
}

function controlCrc(source: Buffer, offset: number, length: number): number {
  const head = crc32(source.subarray(offset, offset + CRC_AT));
  return crc32(source.subarray(offset + EXTRA_AT, offset + RECORD_HEADER_SIZE + length), head);
}
