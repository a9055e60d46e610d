import { describe, expect, it } from "vitest";
import { DecodeError } from "../../src/codec/decode-error.ts";
import { EntrySlab } from "../../src/codec/entry-slab.ts";
import { FRAME_HEADER_SIZE, Lane, sealFrame } from "../../src/codec/frame.ts";
import { type PartSink, readParts } from "../../src/codec/frame-content.ts";
import {
  BEAT_SIZE,
  type Beat,
  NOTE_HEADER_SIZE,
  writeBeat,
  writeNote,
} from "../../src/codec/frame-parts.ts";
import { FrameReader } from "../../src/codec/frame-reader.ts";
import {
  MESSAGE_HEADER_SIZE,
  messageSize,
  readMessage,
  writeMessage,
} from "../../src/codec/message-codec.ts";
import { MessageType } from "../../src/core/message.ts";
import { Random } from "../../src/core/random.ts";
import { messageOf } from "../transport/link-cluster.ts";
import { entryOf, randomBytes, randomMessage } from "./message-maker.ts";

const SIZE_MAX = 100_000;
const BEAT: Beat = {
  counter: 5,
  echo: 4,
  echoDelayMs: 17,
  appendBytes: 2 ** 40,
  bulkBytes: 3,
  isAppendPaused: true,
};

function frameOf(content: Uint8Array, parts: number, lane: Lane = Lane.Control): Buffer {
  const bytes = Buffer.alloc(FRAME_HEADER_SIZE + content.length);
  bytes.set(content, FRAME_HEADER_SIZE);
  sealFrame(bytes, 0, bytes.length, { lane, source: 11, destination: 2 ** 47, parts });
  return bytes;
}

/** A frame of a message, a note and a beat. */
function mixedFrame(random: Random): Buffer {
  const message = randomMessage(random);
  const size = messageSize(message);
  const body = randomBytes(random, random.below(random.below(4) === 0 ? 70_000 : 50));
  const bytes = Buffer.alloc(size + NOTE_HEADER_SIZE + body.length + BEAT_SIZE);
  writeMessage(bytes, 0, size, message);
  writeNote(bytes, size, 0xfffe, body);
  writeBeat(bytes, size + NOTE_HEADER_SIZE + body.length, BEAT);
  return frameOf(bytes, 3);
}

function collect(frames: string[]): FrameReader {
  return new FrameReader({ lane: Lane.Control, sizeMax: SIZE_MAX }, (header, bytes, start, end) => {
    frames.push(`${header.parts} ${bytes.subarray(start, end).toString("hex")}`);
    return true;
  });
}

class Parts implements PartSink {
  readonly seen: string[] = [];
  stopsAfter = Number.POSITIVE_INFINITY;

  onMessagePart(): boolean {
    return this.#add("message");
  }

  onNotePart(note: { readonly kind: number; readonly body: Uint8Array }): boolean {
    return this.#add(`note ${note.kind} ${note.body.length}`);
  }

  onBeatPart(beat: Beat): boolean {
    expect(beat).toEqual(BEAT);
    return this.#add("beat");
  }

  #add(part: string): boolean {
    this.seen.push(part);
    return this.seen.length < this.stopsAfter;
  }
}

function read(frame: Buffer, sink: PartSink): boolean {
  let goesOn = false;
  new FrameReader({ lane: Lane.Control, sizeMax: SIZE_MAX }, (header, bytes, start, end) => {
    goesOn = readParts(header, { bytes, start, end }, sink);
    return goesOn;
  }).push(frame);
  return goesOn;
}

describe("FrameReader", () => {
  it("finds the same frames however the input is cut", () => {
    const random = new Random(1);
    for (let round = 0; round < 40; round++) {
      const input = Buffer.concat([1, 2, 3, 4].map(() => mixedFrame(random)));
      const whole: string[] = [];
      collect(whole).push(input);
      expect(whole).toHaveLength(4);
      const pieces: string[] = [];
      const reader = collect(pieces);
      for (let at = 0; at < input.length; ) {
        const size = 1 + random.below(random.below(2) === 0 ? 30 : 40_000);
        const chunk = Buffer.from(input.subarray(at, at + size));
        reader.push(chunk);
        chunk.fill(0xde);
        at += size;
      }
      expect(pieces).toEqual(whole);
      expect(reader.bufferedBytes).toBe(0);
    }
  });

  it("finds frames given byte by byte, and a frame without parts", () => {
    const input = Buffer.concat([frameOf(Buffer.alloc(0), 0), mixedFrame(new Random(3))]);
    const frames: string[] = [];
    const reader = collect(frames);
    for (const byte of input) reader.push(Uint8Array.of(byte));
    expect(frames).toHaveLength(2);
    expect(frames[0]).toBe("0 ");
  });

  it("notices each flipped bit", () => {
    const frame = frameOf(Buffer.from("some content"), 1);
    for (let bit = 32; bit < frame.length * 8; bit++) {
      const flipped = Buffer.from(frame);
      const at = bit >>> 3;
      flipped.writeUInt8(flipped.readUInt8(at) ^ (1 << (bit & 7)), at);
      expect(() => collect([]).push(flipped), `bit ${bit}`).toThrow(DecodeError);
    }
  });

  it("leaves entries to their own checksums, and notices each flipped bit of everything else", () => {
    const entry = entryOf(9, 5, 3, Buffer.from("data"));
    const append = { type: MessageType.AppendEntries, index: 4, entries: [entry] };
    const message = messageOf(1, 2, append);
    const size = messageSize(message);
    const parts = Buffer.alloc(2 * size);
    writeMessage(parts, 0, size, message);
    writeMessage(parts, size, size, message);
    const frame = frameOf(parts, 2, Lane.Append);
    const isEntry = (at: number): boolean =>
      at >= FRAME_HEADER_SIZE && (at - FRAME_HEADER_SIZE) % size >= MESSAGE_HEADER_SIZE;
    for (let bit = 0; bit < frame.length * 8; bit++) {
      const at = bit >>> 3;
      const flipped = Buffer.from(frame);
      flipped.writeUInt8(flipped.readUInt8(at) ^ (1 << (bit & 7)), at);
      const messages: number[] = [];
      const reader = new FrameReader(
        { lane: Lane.Append, sizeMax: SIZE_MAX },
        (_header, bytes, start) => {
          for (const offset of [start, start + size]) {
            readMessage(bytes, offset, offset + size, new EntrySlab());
            messages.push(offset);
          }
          return true;
        },
      );
      try {
        reader.push(flipped);
        // Only the size: the frame goes on behind the input.
        expect(at, `bit ${bit}`).toBeLessThan(4);
      } catch (error) {
        expect(error, `bit ${bit}`).toBeInstanceOf(DecodeError);
        const isSecond = at >= FRAME_HEADER_SIZE + size;
        expect(messages).toHaveLength(isEntry(at) && isSecond ? 1 : 0);
      }
    }
  });

  it("refuses a frame that is larger than allowed as soon as its header is there", () => {
    const header = frameOf(Buffer.alloc(SIZE_MAX + 1), 1).subarray(0, FRAME_HEADER_SIZE);
    expect(() => collect([]).push(header)).toThrow(DecodeError);
    const allowed: string[] = [];
    collect(allowed).push(frameOf(Buffer.alloc(SIZE_MAX), 1));
    expect(allowed).toHaveLength(1);
  });

  it("does not allocate what is only announced", () => {
    const announced = frameOf(Buffer.alloc(100), 1);
    announced.writeUInt32LE(150_000_000, 0);
    const before = process.memoryUsage().arrayBuffers;
    const readers = [1, 2, 3, 4, 5, 6, 7, 8].map(() => {
      const reader = new FrameReader({ lane: Lane.Control, sizeMax: 200_000_000 }, () => true);
      reader.push(announced.subarray(0, 100));
      return reader;
    });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10_000_000);
    expect(readers.map((reader) => reader.bufferedBytes)).toEqual(Array(8).fill(100));
  });

  it("refuses a frame of another lane", () => {
    expect(() => collect([]).push(frameOf(Buffer.alloc(3), 1, Lane.Bulk))).toThrow(DecodeError);
  });

  it("reads nothing more once its owner said stop", () => {
    let frames = 0;
    const reader = new FrameReader({ lane: Lane.Control, sizeMax: SIZE_MAX }, () => {
      frames++;
      return false;
    });
    const frame = frameOf(Buffer.alloc(3), 1);
    reader.push(Buffer.concat([frame, frame, frame.subarray(0, 5)]));
    reader.push(frame);
    expect(frames).toBe(1);
  });

  it("throws nothing but DecodeError for random bytes", () => {
    const random = new Random(4);
    for (let round = 0; round < 3000; round++) {
      const bytes = Buffer.from(randomBytes(random, random.below(100)));
      // Small sizes, so that some get as far as the checksum.
      if (bytes.length > 4 && round % 2 === 0) bytes.writeUInt32LE(random.below(40), 0);
      try {
        collect([]).push(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError);
      }
    }
  });
});

describe("parts of a frame", () => {
  it("are handed out in their order", () => {
    const parts = new Parts();
    expect(read(mixedFrame(new Random(5)), parts)).toBe(true);
    expect(parts.seen).toEqual(["message", expect.stringMatching(/^note 65534 /), "beat"]);
  });

  it("are not handed out further when the sink has enough", () => {
    const parts = new Parts();
    parts.stopsAfter = 2;
    expect(read(mixedFrame(new Random(5)), parts)).toBe(false);
    expect(parts.seen).toHaveLength(2);
  });

  it("must fill the frame exactly", () => {
    const beat = Buffer.alloc(BEAT_SIZE);
    writeBeat(beat, 0, BEAT);
    const wrong = [
      frameOf(Buffer.concat([beat, Buffer.alloc(1)]), 1),
      frameOf(beat, 2),
      frameOf(beat, 0),
      frameOf(beat.subarray(1), 1),
      frameOf(beat.subarray(0, -1), 1),
      frameOf(Buffer.from([0x22, 0, 0]), 1),
      frameOf(Buffer.from([0x20, 0, 0, 5, 0, 0, 0, 1, 2]), 1),
      frameOf(Buffer.from([0x20, 0, 0]), 1),
      frameOf(Buffer.from([1, 0, 0]), 1),
    ];
    for (const frame of wrong) expect(() => read(frame, new Parts())).toThrow(DecodeError);
  });

  it("throw nothing but DecodeError when they are random", () => {
    const random = new Random(6);
    for (let round = 0; round < 3000; round++) {
      const content = randomBytes(random, random.below(120));
      if (content.length > 0 && round % 2 === 0) content[0] = 0x20 + random.below(2);
      try {
        read(frameOf(content, random.below(4)), {
          onMessagePart: () => true,
          onNotePart: () => true,
          onBeatPart: () => true,
        });
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError);
      }
    }
  });
});
