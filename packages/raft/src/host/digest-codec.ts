import { DecodeError } from "../codec/decode-error.ts";
import { readU8, readU16, readU32, readU48, writeU16, writeU32, writeU48 } from "../codec/u48.ts";
import type { GroupId, ReplicaId } from "../core/ids.ts";

/*
 * Digest:   round u32 | part u16 | flags u8 (bit 0: last part of the round) | entry ...
 * Entry:    groupId u48 | epoch u16 | term u48 | commit u48 | lastIndex u48
 * Mismatch: groupId u48 ...
 * Verdict:  groupId u48 | epoch u16 | replica u32      (ObsoleteEpoch: the present epoch; RemovedReplica: the replica's)
 * All little endian.
 */

const HEADER_SIZE = 7;
const ENTRY_SIZE = 26;
const GROUP_SIZE = 6;
const VERDICT_SIZE = 12;
const LAST = 1;

/** Where a group stands at its leader. */
export interface DigestEntry {
  readonly groupId: GroupId;
  readonly epoch: number;
  readonly term: number;
  readonly commitIndex: number;
  readonly lastIndex: number;
}

/** A part of one round of digests to one node. Parts count from 0. */
export interface Digest {
  readonly round: number;
  readonly part: number;
  readonly isLast: boolean;
  readonly entries: readonly DigestEntry[];
}

/** What a replica is told that should not be running. */
export interface Verdict {
  readonly groupId: GroupId;
  readonly epoch: number;
  readonly replica: ReplicaId;
}

export function encodeDigest(digest: Digest): Uint8Array {
  const bytes = new Uint8Array(HEADER_SIZE + digest.entries.length * ENTRY_SIZE);
  writeU32(bytes, 0, digest.round);
  writeU16(bytes, 4, digest.part);
  bytes[6] = digest.isLast ? LAST : 0;
  let at = HEADER_SIZE;
  for (const entry of digest.entries) {
    writeU48(bytes, at, entry.groupId);
    writeU16(bytes, at + 6, entry.epoch);
    writeU48(bytes, at + 8, entry.term);
    writeU48(bytes, at + 14, entry.commitIndex);
    writeU48(bytes, at + 20, entry.lastIndex);
    at += ENTRY_SIZE;
  }
  return bytes;
}

/** @throws DecodeError */
export function decodeDigest(bytes: Uint8Array): Digest {
  if (bytes.length < HEADER_SIZE || (bytes.length - HEADER_SIZE) % ENTRY_SIZE !== 0) {
    throw new DecodeError(`a digest of ${bytes.length} bytes`);
  }
  const entries: DigestEntry[] = [];
  for (let at = HEADER_SIZE; at < bytes.length; at += ENTRY_SIZE) {
    entries.push({
      groupId: readU48(bytes, at),
      epoch: readU16(bytes, at + 6),
      term: readU48(bytes, at + 8),
      commitIndex: readU48(bytes, at + 14),
      lastIndex: readU48(bytes, at + 20),
    });
  }
  return {
    round: readU32(bytes, 0),
    part: readU16(bytes, 4),
    isLast: (readU8(bytes, 6) & LAST) !== 0,
    entries,
  };
}

export function encodeGroupIds(groupIds: readonly GroupId[]): Uint8Array {
  const bytes = new Uint8Array(groupIds.length * GROUP_SIZE);
  let at = 0;
  for (const groupId of groupIds) {
    writeU48(bytes, at, groupId);
    at += GROUP_SIZE;
  }
  return bytes;
}

/** @throws DecodeError */
export function decodeGroupIds(bytes: Uint8Array): GroupId[] {
  if (bytes.length % GROUP_SIZE !== 0) throw new DecodeError(`group ids of ${bytes.length} bytes`);
  const groupIds: GroupId[] = [];
  for (let at = 0; at < bytes.length; at += GROUP_SIZE) groupIds.push(readU48(bytes, at));
  return groupIds;
}

export function encodeVerdict(verdict: Verdict): Uint8Array {
  const bytes = new Uint8Array(VERDICT_SIZE);
  writeU48(bytes, 0, verdict.groupId);
  writeU16(bytes, 6, verdict.epoch);
  writeU32(bytes, 8, verdict.replica);
  return bytes;
}

/** @throws DecodeError */
export function decodeVerdict(bytes: Uint8Array): Verdict {
  if (bytes.length !== VERDICT_SIZE) throw new DecodeError(`a verdict of ${bytes.length} bytes`);
  return { groupId: readU48(bytes, 0), epoch: readU16(bytes, 6), replica: readU32(bytes, 8) };
}
