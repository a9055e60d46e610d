import {
  readSnapshotMeta,
  snapshotMetaSize,
  writeSnapshotMeta,
} from "../codec/conf-state-codec.ts";
import { crc32 } from "../codec/crc32.ts";
import { DecodeError } from "../codec/decode-error.ts";
import { entryRecordSize, readEntryRecord, writeEntryRecord } from "../codec/entry-record.ts";
import { readU8, readU16, readU32, readU48, writeU16, writeU32, writeU48 } from "../codec/u48.ts";
import type { Entry } from "../core/entry.ts";
import type { IndexRange } from "../core/hard-state.ts";
import type { GroupId, ReplicaId } from "../core/ids.ts";
import type { SnapshotMeta } from "../core/message.ts";

/*
 * Each note of a snapshot transfer starts with its identity:
 *   transferId u32 | groupId u48 | epoch u16 | from u32 | to u32 | term u48 | snapIndex u48 | snapTerm u48        38 bytes
 *   (from: the leader's replica, to: the receiving one; term: the leader's)
 * Offer:   identity | metaSize u32 | SnapshotMeta | range ...       the ranges are the live entries
 * Chunk:   identity | seq u32 | flags u8 (1: last, 2: state, else entry records) | crc u32 of what follows | payload
 * Query, Abort: identity
 * Answer:  identity | status u8 | nextSeq u32 | range ...           the ranges are the live entries that are missing
 * Range:   first u48 | last u48
 * All little endian.
 */

const IDENTITY_SIZE = 38;
const OFFER_SIZE = IDENTITY_SIZE + 4;
const CHUNK_SIZE = IDENTITY_SIZE + 9;
const ANSWER_SIZE = IDENTITY_SIZE + 5;
const RANGE_SIZE = 12;
const LAST = 1;
const STATE = 2;

/** Names one attempt to bring one snapshot to one replica; parts of different attempts are never mixed. */
export interface TransferId {
  readonly transferId: number;
  readonly groupId: GroupId;
  readonly epoch: number;
  readonly from: ReplicaId;
  readonly to: ReplicaId;
  readonly term: number;
  readonly snapshotIndex: number;
  readonly snapshotTerm: number;
}

export interface SnapshotOffer {
  readonly id: TransferId;
  readonly meta: SnapshotMeta;
  readonly live: readonly IndexRange[];
}

export interface SnapshotChunk {
  readonly id: TransferId;
  /** 0, 1, 2 ... */
  readonly seq: number;
  readonly isLast: boolean;
  readonly isState: boolean;
  readonly isIntact: boolean;
  /** A view of the note. */
  readonly payload: Buffer;
}

/** What the receiver says; the numbers are the ones on the wire. */
export const AnswerStatus = {
  /** To an offer: send, of the live entries only the missing ones. */
  Accept: 1,
  /** Chunks before `nextSeq` have been taken in. */
  Ack: 2,
  /** Send again from `nextSeq` on. */
  Resend: 3,
  /** The snapshot is durable and installed. */
  Done: 4,
  /** Not needed: the receiver is already as far. */
  Current: 5,
  /** Not now. */
  Busy: 6,
  /** Never in this form: another term, another replica, unknown transfer, broken off. */
  Refused: 7,
} as const;
export type AnswerStatus = (typeof AnswerStatus)[keyof typeof AnswerStatus];

const STATUSES: readonly AnswerStatus[] = Object.values(AnswerStatus);

export interface SnapshotAnswer {
  readonly id: TransferId;
  readonly status: AnswerStatus;
  readonly nextSeq: number;
  readonly missing: readonly IndexRange[];
}

export function isSameTransfer(a: TransferId, b: TransferId): boolean {
  return (
    a.transferId === b.transferId &&
    a.groupId === b.groupId &&
    a.epoch === b.epoch &&
    a.from === b.from &&
    a.to === b.to &&
    a.term === b.term &&
    a.snapshotIndex === b.snapshotIndex &&
    a.snapshotTerm === b.snapshotTerm
  );
}

export function encodeTransferId(id: TransferId): Uint8Array {
  const bytes = new Uint8Array(IDENTITY_SIZE);
  writeIdentity(bytes, id);
  return bytes;
}

/** @throws DecodeError */
export function decodeTransferId(bytes: Uint8Array): TransferId {
  if (bytes.length < IDENTITY_SIZE) throw new DecodeError(`a transfer of ${bytes.length} bytes`);
  return {
    transferId: readU32(bytes, 0),
    groupId: readU48(bytes, 4),
    epoch: readU16(bytes, 10),
    from: readU32(bytes, 12),
    to: readU32(bytes, 16),
    term: readU48(bytes, 20),
    snapshotIndex: readU48(bytes, 26),
    snapshotTerm: readU48(bytes, 32),
  };
}

export function encodeOffer(offer: SnapshotOffer): Uint8Array {
  const metaSize = snapshotMetaSize(offer.meta);
  const bytes = new Uint8Array(OFFER_SIZE + metaSize + offer.live.length * RANGE_SIZE);
  writeIdentity(bytes, offer.id);
  writeU32(bytes, IDENTITY_SIZE, metaSize);
  writeSnapshotMeta(bytes, OFFER_SIZE, offer.meta);
  writeRanges(bytes, OFFER_SIZE + metaSize, offer.live);
  return bytes;
}

/** @throws DecodeError */
export function decodeOffer(bytes: Uint8Array): SnapshotOffer {
  const id = decodeTransferId(bytes);
  if (bytes.length < OFFER_SIZE) throw new DecodeError("an offer is cut short");
  const metaEnd = OFFER_SIZE + readU32(bytes, IDENTITY_SIZE);
  if (metaEnd > bytes.length) throw new DecodeError("an offer is cut short");
  const meta = readSnapshotMeta(bytes, OFFER_SIZE, metaEnd);
  if (meta.index !== id.snapshotIndex || meta.term !== id.snapshotTerm) {
    throw new DecodeError("an offer names two snapshots");
  }
  return { id, meta, live: readRanges(bytes, metaEnd) };
}

/** A chunk of the state. */
export function encodeStateChunk(
  id: TransferId,
  chunk: { readonly seq: number; readonly isLast: boolean; readonly payload: Uint8Array },
): Uint8Array {
  const bytes = new Uint8Array(CHUNK_SIZE + chunk.payload.length);
  bytes.set(chunk.payload, CHUNK_SIZE);
  writeChunkHeader(bytes, id, chunk.seq, STATE | (chunk.isLast ? LAST : 0));
  return bytes;
}

/** A chunk of live entries; never the last, since the state follows. */
export function encodeEntriesChunk(
  id: TransferId,
  chunk: { readonly seq: number; readonly entries: readonly Entry[] },
): Uint8Array {
  let size = CHUNK_SIZE;
  for (const entry of chunk.entries) size += entryRecordSize(entry);
  const bytes = Buffer.allocUnsafeSlow(size);
  let at = CHUNK_SIZE;
  for (const entry of chunk.entries) at = writeEntryRecord(bytes, at, id.groupId, entry);
  writeChunkHeader(bytes, id, chunk.seq, 0);
  return bytes;
}

/** @throws DecodeError */
export function decodeChunk(bytes: Uint8Array): SnapshotChunk {
  const id = decodeTransferId(bytes);
  if (bytes.length < CHUNK_SIZE) throw new DecodeError("a chunk is cut short");
  const payload = Buffer.from(
    bytes.buffer,
    bytes.byteOffset + CHUNK_SIZE,
    bytes.length - CHUNK_SIZE,
  );
  const flags = readU8(bytes, IDENTITY_SIZE + 4);
  return {
    id,
    seq: readU32(bytes, IDENTITY_SIZE),
    isLast: (flags & LAST) !== 0,
    isState: (flags & STATE) !== 0,
    isIntact: crc32(payload) === readU32(bytes, IDENTITY_SIZE + 5),
    payload,
  };
}

/** The entries of a chunk; their data are views of it. undefined: damaged. */
export function readChunkEntries(groupId: GroupId, payload: Buffer): Entry[] | undefined {
  const entries: Entry[] = [];
  for (let at = 0; at < payload.length; ) {
    const record = readEntryRecord(payload, at, payload.length);
    if (record === "short" || record === "damaged" || record.groupId !== groupId) return undefined;
    entries.push(record.entry);
    at = record.end;
  }
  return entries;
}

export function encodeAnswer(answer: SnapshotAnswer): Uint8Array {
  const bytes = new Uint8Array(ANSWER_SIZE + answer.missing.length * RANGE_SIZE);
  writeIdentity(bytes, answer.id);
  bytes[IDENTITY_SIZE] = answer.status;
  writeU32(bytes, IDENTITY_SIZE + 1, answer.nextSeq);
  writeRanges(bytes, ANSWER_SIZE, answer.missing);
  return bytes;
}

/** @throws DecodeError */
export function decodeAnswer(bytes: Uint8Array): SnapshotAnswer {
  const id = decodeTransferId(bytes);
  if (bytes.length < ANSWER_SIZE) throw new DecodeError("an answer is cut short");
  const code = readU8(bytes, IDENTITY_SIZE);
  const status = STATUSES.find((known) => known === code);
  if (status === undefined) throw new DecodeError(`unknown answer ${code}`);
  const nextSeq = readU32(bytes, IDENTITY_SIZE + 1);
  return { id, status, nextSeq, missing: readRanges(bytes, ANSWER_SIZE) };
}

function writeIdentity(bytes: Uint8Array, id: TransferId): void {
  writeU32(bytes, 0, id.transferId);
  writeU48(bytes, 4, id.groupId);
  writeU16(bytes, 10, id.epoch);
  writeU32(bytes, 12, id.from);
  writeU32(bytes, 16, id.to);
  writeU48(bytes, 20, id.term);
  writeU48(bytes, 26, id.snapshotIndex);
  writeU48(bytes, 32, id.snapshotTerm);
}

function writeChunkHeader(bytes: Uint8Array, id: TransferId, seq: number, flags: number): void {
  writeIdentity(bytes, id);
  writeU32(bytes, IDENTITY_SIZE, seq);
  bytes[IDENTITY_SIZE + 4] = flags;
  writeU32(bytes, IDENTITY_SIZE + 5, crc32(bytes.subarray(CHUNK_SIZE)));
}

function writeRanges(bytes: Uint8Array, offset: number, ranges: readonly IndexRange[]): void {
  let at = offset;
  for (const range of ranges) {
    writeU48(bytes, at, range.first);
    writeU48(bytes, at + 6, range.last);
    at += RANGE_SIZE;
  }
}

/** Ascending, disjoint ranges that fill the rest of `bytes`. */
function readRanges(bytes: Uint8Array, offset: number): IndexRange[] {
  if ((bytes.length - offset) % RANGE_SIZE !== 0) throw new DecodeError("ranges are cut short");
  const ranges: IndexRange[] = [];
  let above = 0;
  for (let at = offset; at < bytes.length; at += RANGE_SIZE) {
    const range = { first: readU48(bytes, at), last: readU48(bytes, at + 6) };
    if (range.first <= above || range.last < range.first) {
      throw new DecodeError("ranges are not ascending");
    }
    ranges.push(range);
    above = range.last;
  }
  return ranges;
}
