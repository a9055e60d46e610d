import type { Entry } from "../core/entry.ts";
import { MessageType, type RaftMessage, type SnapshotMeta } from "../core/message.ts";
import { readSnapshotMeta, snapshotMetaSize, writeSnapshotMeta } from "./conf-state-codec.ts";
import { DecodeError } from "./decode-error.ts";
import {
  entryRecordEnd,
  entryRecordSize,
  readSentEntry,
  writeEntryRecords,
} from "./entry-record.ts";
import type { EntrySlab } from "./entry-slab.ts";
import {
  readU8,
  readU16,
  readU32,
  readU48,
  readU53,
  writeU16,
  writeU32,
  writeU48,
  writeU53,
} from "./u48.ts";

/*
 * A Raft message as part of a frame, little endian:
 *
 *    0 type u8 | 1 flags u8 (bit 0: reject) | 2 group u48 | 8 epoch u16 | 10 from u32 | 14 to u32
 *   18 term u48 | 24 index u48 | 30 log term u48 | 36 commit u48 | 42 hint u48 | 48 context u64 (a safe integer)
 *   56 body size u32 | 60 body
 *
 * Body: of AppendEntries the entries as ENTRY records, just as they are on disk; of InstallSnapshot the SnapshotMeta;
 * of all others empty.
 */

export const MESSAGE_HEADER_SIZE = 60;
const REJECT = 1;
const BODY_SIZE_OFFSET = 56;
const NO_ENTRIES: readonly Entry[] = [];
const MESSAGE_TYPES: ReadonlySet<number> = new Set(Object.values(MessageType));

/** Bytes that {@link writeMessage} takes. */
export function messageSize(message: RaftMessage): number {
  return MESSAGE_HEADER_SIZE + bodySize(message);
}

/**
 * Writes `message`, of `size` bytes as told by {@link messageSize}, at `offset`.
 * @throws RangeError when a field does not fit its place: a fault of the caller
 */
export function writeMessage(
  target: Buffer,
  offset: number,
  size: number,
  message: RaftMessage,
): void {
  target[offset] = message.type;
  target[offset + 1] = message.reject ? REJECT : 0;
  writeU48(target, offset + 2, message.groupId);
  writeU16(target, offset + 8, message.epoch);
  writeU32(target, offset + 10, message.from);
  writeU32(target, offset + 14, message.to);
  writeU48(target, offset + 18, message.term);
  writeU48(target, offset + 24, message.index);
  writeU48(target, offset + 30, message.logTerm);
  writeU48(target, offset + 36, message.commit);
  writeU48(target, offset + 42, message.hint);
  writeU53(target, offset + 48, message.context);
  writeU32(target, offset + BODY_SIZE_OFFSET, size - MESSAGE_HEADER_SIZE);
  writeBody(target, offset + MESSAGE_HEADER_SIZE, message);
}

/** Size of the body of the message at `offset`; the caller has checked that its header is there. */
export function messageBodySizeAt(bytes: Uint8Array, offset: number): number {
  return readU32(bytes, offset + BODY_SIZE_OFFSET);
}

/** Size of the message at `offset`, whatever its body holds. @throws DecodeError if it does not end by `end` */
export function messageSizeAt(bytes: Uint8Array, offset: number, end: number): number {
  if (offset + MESSAGE_HEADER_SIZE > end) throw new DecodeError("a message is cut short");
  const size = MESSAGE_HEADER_SIZE + messageBodySizeAt(bytes, offset);
  if (offset + size > end) throw new DecodeError("a message is cut short");
  return size;
}

/**
 * Reads the message in `bytes[offset, end)`; entries are copied into `slab`, so that they own their bytes, and
 * checked against their CRC.
 * @throws DecodeError
 */
export function readMessage(
  bytes: Buffer,
  offset: number,
  end: number,
  slab: EntrySlab,
): RaftMessage {
  if (messageSizeAt(bytes, offset, end) !== end - offset) {
    throw new DecodeError("bytes after a message");
  }
  const flags = readU8(bytes, offset + 1);
  if (flags > REJECT) throw new DecodeError(`unknown flags ${flags} of a message`);
  const context = readU53(bytes, offset + 48);
  if (context === undefined) throw new DecodeError("the context of a message is too large");
  const head: MessageHead = {
    type: readType(bytes, offset),
    groupId: readU48(bytes, offset + 2),
    epoch: readU16(bytes, offset + 8),
    index: readU48(bytes, offset + 24),
  };
  const bodyStart = offset + MESSAGE_HEADER_SIZE;
  return {
    type: head.type,
    groupId: head.groupId,
    epoch: head.epoch,
    from: readU32(bytes, offset + 10),
    to: readU32(bytes, offset + 14),
    term: readU48(bytes, offset + 18),
    index: head.index,
    logTerm: readU48(bytes, offset + 30),
    commit: readU48(bytes, offset + 36),
    hint: readU48(bytes, offset + 42),
    context,
    reject: flags === REJECT,
    entries:
      head.type === MessageType.AppendEntries
        ? readEntries(bytes, bodyStart, end, head, slab)
        : NO_ENTRIES,
    snapshot: readSnapshot(bytes, bodyStart, end, head.type),
  };
}

interface MessageHead {
  readonly type: MessageType;
  readonly groupId: number;
  readonly epoch: number;
  readonly index: number;
}

function bodySize(message: RaftMessage): number {
  if (message.snapshot !== undefined) return snapshotMetaSize(message.snapshot);
  let size = 0;
  for (const entry of message.entries) size += entryRecordSize(entry);
  return size;
}

function writeBody(target: Buffer, offset: number, message: RaftMessage): void {
  if (message.snapshot !== undefined) {
    writeSnapshotMeta(target, offset, message.snapshot);
    return;
  }
  writeEntryRecords(target, offset, message.groupId, message.entries);
}

function readType(bytes: Uint8Array, offset: number): MessageType {
  const type = readU8(bytes, offset);
  if (!MESSAGE_TYPES.has(type)) throw new DecodeError(`unknown type ${type} of a message`);
  // The set holds the values of MessageType and nothing else.
  return type as MessageType;
}

function readSnapshot(
  bytes: Uint8Array,
  start: number,
  end: number,
  type: MessageType,
): SnapshotMeta | undefined {
  if (type === MessageType.InstallSnapshot) return readSnapshotMeta(bytes, start, end);
  if (type !== MessageType.AppendEntries && start !== end) {
    throw new DecodeError(`a body in a message of type ${type}`);
  }
  return undefined;
}

function readEntries(
  bytes: Buffer,
  start: number,
  end: number,
  head: MessageHead,
  slab: EntrySlab,
): readonly Entry[] {
  if (start === end) return NO_ENTRIES;
  const entries: Entry[] = [];
  /** Up to here records are in the slab, that far behind their place in the message. */
  let copiedEnd = start;
  let shift = 0;
  for (let at = start; at < end; ) {
    const recordEnd = entryRecordEnd(bytes, at, end);
    if (recordEnd > end) throw new DecodeError("an entry is cut short");
    if (at === copiedEnd) {
      const size = recordEnd - at;
      copiedEnd = endOfRun(bytes, { at: recordEnd, limit: at + slab.roomFor(size), end });
      shift = slab.take(bytes, at, copiedEnd, size) - at;
    }
    const { bytes: copy, memory } = slab;
    const place = { bytes: copy, memory, offset: at + shift, end: recordEnd + shift };
    const entry = readSentEntry(place, head.groupId, head.index + 1 + entries.length);
    if (entry === undefined) {
      throw new DecodeError("an entry is not as its leader made it, or not the one that follows");
    }
    entries.push(entry);
    at = recordEnd;
  }
  return entries;
}

/** Where the whole records from `at` on end that do not go beyond `limit`. */
function endOfRun(
  bytes: Buffer,
  run: { readonly at: number; readonly limit: number; readonly end: number },
): number {
  const { limit, end } = run;
  let { at } = run;
  for (let next = at; next <= limit && next <= end; next = entryRecordEnd(bytes, at, end)) {
    at = next;
    if (at === end) break;
  }
  return at;
}
