import { DecodeError } from "./decode-error.ts";
import type { FrameHeader } from "./frame.ts";
import {
  BEAT_SIZE,
  type Beat,
  type NotePart,
  PartType,
  readBeat,
  readNote,
} from "./frame-parts.ts";
import { messageSizeAt } from "./message-codec.ts";
import { readU8 } from "./u48.ts";

/** Takes the parts of a frame in their order. False: the rest of the frame is not wanted any more. */
export interface PartSink {
  /** A Raft message in `bytes[offset, end)`, not decoded yet: what is wrong inside concerns this message only. */
  onMessagePart(bytes: Buffer, offset: number, end: number): boolean;
  /** `note.body` is valid during the call only. */
  onNotePart(note: NotePart): boolean;
  onBeatPart(beat: Beat): boolean;
}

/** The parts of a frame: `bytes[start, end)`, valid while they are handed on only. */
export interface FrameParts {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

/**
 * Hands the parts in `bytes[start, end)` to `sink`; false when it did not want all of them.
 * @throws DecodeError when they do not fill the frame exactly, or one has an unknown form
 */
export function readParts(header: FrameHeader, frame: FrameParts, sink: PartSink): boolean {
  const { bytes, end } = frame;
  let at = frame.start;
  for (let part = 0; part < header.parts; part++) {
    if (at >= end) throw new DecodeError("a frame has fewer parts than announced");
    const type = readU8(bytes, at);
    let goesOn: boolean;
    if (type < PartType.Note) {
      const next = at + messageSizeAt(bytes, at, end);
      goesOn = sink.onMessagePart(bytes, at, next);
      at = next;
    } else if (type === PartType.Note) {
      const note = readNote(bytes, at, end);
      goesOn = sink.onNotePart(note);
      at = note.next;
    } else if (type === PartType.Beat) {
      goesOn = sink.onBeatPart(readBeat(bytes, at, end));
      at += BEAT_SIZE;
    } else {
      throw new DecodeError(`unknown type ${type} of a part`);
    }
    if (!goesOn) return false;
  }
  if (at !== end) throw new DecodeError("bytes after the last part of a frame");
  return true;
}
