import type { EntryType } from "../core/entry.ts";
import type { GroupId } from "../core/ids.ts";
import { crc32 } from "./crc32.ts";
import { writeU48 } from "./u48.ts";

/*
 * What an entry's checksum covers besides its data, in this order:
 *
 *  0 group u48 | 6 index u48 | 12 term u48 | 18 type u8
 */
const IDENTITY_SIZE = 19;
const INDEX_AT = 6;
const TERM_AT = 12;
const TYPE_AT = 18;

/** Filled and used in one go. */
const identity = Buffer.alloc(IDENTITY_SIZE);
/** What each value of an index's lowest byte changes in the checksum: it is linear. */
const BY_LOW_BYTE = makeTable();

/** The last one asked for, with zero for the index's lowest byte: entries mostly follow each other. */
const known = { groupId: -1, high: -1, term: -1, type: -1, checksum: 0 };

/** Where the checksum of an entry stands before its data. @throws RangeError if a number does not fit its place */
export function identityChecksum(
  groupId: GroupId,
  index: number,
  term: number,
  type: EntryType,
): number {
  const low = index % 256;
  const high = index - low;
  const change = BY_LOW_BYTE[low];
  if (change === undefined) throw new RangeError(`${index} is no index of an entry`);
  if (
    known.high !== high ||
    known.groupId !== groupId ||
    known.term !== term ||
    known.type !== type
  ) {
    known.checksum = compute(groupId, high, term, type);
    known.groupId = groupId;
    known.high = high;
    known.term = term;
    known.type = type;
  }
  return (known.checksum ^ change) >>> 0;
}

function compute(groupId: GroupId, index: number, term: number, type: EntryType): number {
  writeU48(identity, 0, groupId);
  writeU48(identity, INDEX_AT, index);
  writeU48(identity, TERM_AT, term);
  identity[TYPE_AT] = type;
  return crc32(identity);
}

function makeTable(): Int32Array {
  const none = compute(0, 0, 0, 0);
  return Int32Array.from({ length: 256 }, (_unused, low) => compute(0, low, 0, 0) ^ none);
}
