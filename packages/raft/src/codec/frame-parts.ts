import { DecodeError } from "./decode-error.ts";
import { readU8, readU16, readU32, readU48, writeU16, writeU32, writeU48 } from "./u48.ts";

/*
 * Parts of a frame that are not Raft messages; the first byte tells which:
 *
 *   Note: type u8 | kind u16 | size u32 | body
 *   Beat: type u8 | flags u8 (bit 0: appends paused) | counter u48 | echo u48 | echo delay u16, ms
 *         | append bytes u48 | bulk bytes u48
 */

/** First byte of a part. Smaller values are the types of Raft messages. */
export const PartType = { Note: 0x20, Beat: 0x21 } as const;

export const NOTE_HEADER_SIZE = 7;
export const BEAT_SIZE = 28;
const APPENDS_PAUSED = 1;
const DELAY_MAX_MS = 0xffff;

/** A node's sign of life, which also brings back the peer's: a round trip proves both directions. */
export interface Beat {
  /** 1, 2, 3 ... for the life of the link. */
  readonly counter: number;
  /** The highest counter received from the peer; 0: none yet. */
  readonly echo: number;
  /** How long ago that one came, in ms. */
  readonly echoDelayMs: number;
  /** Bytes received on the present append and bulk connections: a sender sees that they are not stuck. */
  readonly appendBytes: number;
  readonly bulkBytes: number;
  /** The append lane is not read at the moment: its silence means nothing. */
  readonly isAppendPaused: boolean;
}

/** A note of one host to another: `body` is a view. */
export interface NotePart {
  readonly kind: number;
  readonly body: Uint8Array;
  /** Where the next part starts. */
  readonly next: number;
}

/** Writes a beat at `offset`. */
export function writeBeat(target: Uint8Array, offset: number, beat: Beat): void {
  target[offset] = PartType.Beat;
  target[offset + 1] = beat.isAppendPaused ? APPENDS_PAUSED : 0;
  writeU48(target, offset + 2, beat.counter);
  writeU48(target, offset + 8, beat.echo);
  writeU16(target, offset + 14, Math.min(DELAY_MAX_MS, Math.round(beat.echoDelayMs)));
  writeU48(target, offset + 16, beat.appendBytes);
  writeU48(target, offset + 22, beat.bulkBytes);
}

/** Reads the beat at `offset`; it takes BEAT_SIZE bytes. @throws DecodeError */
export function readBeat(bytes: Uint8Array, offset: number, end: number): Beat {
  if (offset + BEAT_SIZE > end) throw new DecodeError("a beat is cut short");
  const flags = readU8(bytes, offset + 1);
  if (flags > APPENDS_PAUSED) throw new DecodeError(`unknown flags ${flags} of a beat`);
  return {
    counter: readU48(bytes, offset + 2),
    echo: readU48(bytes, offset + 8),
    echoDelayMs: readU16(bytes, offset + 14),
    appendBytes: readU48(bytes, offset + 16),
    bulkBytes: readU48(bytes, offset + 22),
    isAppendPaused: flags === APPENDS_PAUSED,
  };
}

/** Writes a note at `offset`. @throws RangeError if `kind` does not fit two bytes */
export function writeNote(
  target: Uint8Array,
  offset: number,
  kind: number,
  body: Uint8Array,
): void {
  if (!(Number.isInteger(kind) && kind >= 0 && kind <= 0xffff)) {
    throw new RangeError(`no kind of note: ${kind}`);
  }
  target[offset] = PartType.Note;
  writeU16(target, offset + 1, kind);
  writeU32(target, offset + 3, body.length);
  target.set(body, offset + NOTE_HEADER_SIZE);
}

/** Reads the note at `offset`. @throws DecodeError */
export function readNote(bytes: Uint8Array, offset: number, end: number): NotePart {
  const start = offset + NOTE_HEADER_SIZE;
  if (start > end) throw new DecodeError("a note is cut short");
  const next = start + readU32(bytes, offset + 3);
  if (next > end) throw new DecodeError("a note is cut short");
  return { kind: readU16(bytes, offset + 1), body: bytes.subarray(start, next), next };
}
