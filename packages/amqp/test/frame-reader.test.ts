import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HEARTBEAT_FRAME, writeFrameHeader } from "../src/frame.ts";
import { type FrameHandler, FrameReader } from "../src/frame-reader.ts";

const FRAME_MAX = 131_072;

function frame(type: number, channel: number, payload: string | Buffer, end = 0xce): Buffer {
  const bytes = Buffer.from(payload);
  const result = Buffer.alloc(bytes.length + 8);
  writeFrameHeader(result, 0, type, channel, bytes.length);
  bytes.copy(result, 7);
  result[result.length - 1] = end;
  return result;
}

function announce(type: number, channel: number, payloadSize: number): Buffer {
  const header = Buffer.alloc(7);
  writeFrameHeader(header, 0, type, channel, payloadSize);
  return header;
}

/** Collects frames as text; `onEach` runs within onFrame. */
class Collector implements FrameHandler {
  readonly frames: string[] = [];
  onEach: (frame: string) => void = () => undefined;

  onFrame(type: number, channel: number, bytes: Buffer, start: number, end: number): void {
    const text = `${type}/${channel} ${bytes.toString("latin1", start, end)}`;
    expect(bytes[start - 7]).toBe(type);
    expect(bytes[end]).toBe(0xce);
    this.frames.push(text);
    this.onEach(text);
  }
}

function read(chunks: readonly Buffer[], frameMax = FRAME_MAX): string[] {
  const collector = new Collector();
  const reader = new FrameReader(collector, frameMax);
  for (const chunk of chunks) reader.push(chunk);
  return collector.frames;
}

const STREAM = Buffer.concat([
  frame(1, 1, "publish"),
  frame(3, 1, ""),
  HEARTBEAT_FRAME,
  frame(2, 515, "header-of-12"),
]);
const STREAM_FRAMES = ["1/1 publish", "3/1 ", "8/0 ", "2/515 header-of-12"];

describe("FrameReader", () => {
  test("yields the same frames wherever the stream is cut in three", () => {
    for (let first = 0; first <= STREAM.length; first++) {
      for (let second = first; second <= STREAM.length; second++) {
        const chunks = [
          STREAM.subarray(0, first),
          STREAM.subarray(first, second),
          STREAM.subarray(second),
        ];
        expect(read(chunks), `cut at ${first} and ${second}`).toEqual(STREAM_FRAMES);
      }
    }
  });

  test("yields the same frames byte by byte and in any chunks", () => {
    expect(read(Array.from(STREAM, (octet) => Buffer.from([octet])))).toEqual(STREAM_FRAMES);
    const payloads = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 });
    fc.assert(
      fc.property(payloads, fc.array(fc.integer({ min: 1, max: 200 })), (bodies, sizes) => {
        const stream = Buffer.concat(bodies.map((body) => frame(3, 7, Buffer.from(body))));
        const expected = bodies.map((body) => `3/7 ${Buffer.from(body).toString("latin1")}`);
        expect(read(cut(stream, sizes))).toEqual(expected);
      }),
      { seed: 2 },
    );
  });

  test("hands over a view into the chunk where a frame is whole", () => {
    const chunk = frame(3, 1, "body");
    let seen: Buffer | undefined;
    const reader = new FrameReader({ onFrame: (_type, _channel, bytes) => (seen = bytes) }, 0);
    reader.push(chunk);
    expect(seen).toBe(chunk);
    expect(reader.bufferedSize).toBe(0);
  });
});

function cut(stream: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  let at = 0;
  for (const size of sizes) {
    chunks.push(stream.subarray(at, at + size));
    at += size;
  }
  return [...chunks, stream.subarray(at)];
}

/** Replies of RabbitMQ 3.10.8 to the same bytes. */
const REFUSED: [string, Buffer, number, string][] = [
  [
    "a payload over frame-max, before it arrives",
    announce(3, 1, 200_000),
    501,
    "FRAME_ERROR - type 3, all octets = <<>>: {frame_too_large,200000,131064}",
  ],
  [
    "a payload one byte over the tolerance of 8",
    announce(3, 1, 131_073),
    501,
    "FRAME_ERROR - type 3, all octets = <<>>: {frame_too_large,131073,131064}",
  ],
  [
    "a wrong end octet",
    frame(1, 1, "\x01", 1),
    501,
    "FRAME_ERROR - type 1, all octets = <<1>>: {invalid_frame_end_marker,1}",
  ],
  [
    "a wrong end octet behind many octets",
    frame(1, 1, Buffer.alloc(20), 205),
    501,
    `FRAME_ERROR - type 1, first 16 octets = <<0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0>>: {invalid_frame_end_marker,\n${" ".repeat(64)}205}`,
  ],
  [
    "a wrong end octet of an unknown type",
    frame(9, 1, "zz", 1),
    501,
    'FRAME_ERROR - type 9, all octets = <<"zz">>: {invalid_frame_end_marker,1}',
  ],
  [
    "an unknown type",
    frame(9, 0, "abc"),
    501,
    'FRAME_ERROR - type 9, all octets = <<"abc">>: unknown_frame',
  ],
  [
    "an unknown type with escaped characters",
    frame(9, 0, 'a\n\t\b\v\f\r\x1b"\\'),
    501,
    'FRAME_ERROR - type 9, all octets = <<"a\\n\\t\\b\\v\\f\\r\\e\\"\\\\">>: unknown_frame',
  ],
  [
    "an unknown type with 17 octets",
    frame(9, 0, "0123456789abcdefg"),
    501,
    'FRAME_ERROR - type 9, first 16 octets = <<"0123456789abcdef">>: unknown_frame',
  ],
  [
    "an unknown type with octets that fill more than a line",
    frame(0, 1, Buffer.from([...Array(15).fill(250), 0])),
    501,
    `FRAME_ERROR - type 0, all octets = <<${"250,".repeat(14)}\n${" ".repeat(23)}250,0>>: unknown_frame`,
  ],
  [
    "a heartbeat with a payload",
    frame(8, 0, "x"),
    501,
    'FRAME_ERROR - type 8, all octets = <<"x">>: unknown_frame',
  ],
  [
    "a method frame without room for the ids",
    frame(1, 1, "abc"),
    501,
    'FRAME_ERROR - type 1, all octets = <<"abc">>: unknown_frame',
  ],
  [
    "a header frame without room for the body size",
    frame(2, 1, Buffer.alloc(11)),
    501,
    "FRAME_ERROR - type 2, all octets = <<0,0,0,0,0,0,0,0,0,0,0>>: unknown_frame",
  ],
  [
    "a heartbeat on a channel",
    frame(8, 1, ""),
    505,
    "UNEXPECTED_FRAME - type 8, all octets = <<>>",
  ],
  [
    "a body on channel 0",
    frame(3, 0, "xyz"),
    505,
    'UNEXPECTED_FRAME - type 3, all octets = <<"xyz">>',
  ],
  [
    "a header on channel 0",
    frame(2, 0, Buffer.alloc(14)),
    505,
    "UNEXPECTED_FRAME - type 2, all octets = <<0,0,0,0,0,0,0,0,0,0,0,0,0,0>>",
  ],
];

describe("FrameReader refuses as RabbitMQ does", () => {
  test.each(REFUSED)("%s", (_name, bytes, replyCode, message) => {
    const error = {
      name: "ConnectionError",
      replyCode,
      message,
      failed: { classId: 0, methodId: 0 },
    };
    expect(() => read([bytes])).toThrow(expect.objectContaining(error));
    const singly = Array.from(bytes, (octet) => Buffer.from([octet]));
    expect(() => read(singly)).toThrow(expect.objectContaining(error));
  });

  test("nothing up to 8 bytes over frame-max less overhead", () => {
    const body = Buffer.alloc(4096, "x");
    expect(read([frame(3, 1, body)], 4096)).toHaveLength(1);
  });

  test("more than 128 MiB where no frame-max was agreed on", () => {
    expect(read([announce(3, 1, 128 * 1024 * 1024)], 0)).toEqual([]);
    expect(() => read([announce(3, 1, 128 * 1024 * 1024 + 1)], 0)).toThrow(/frame_too_large/);
  });

  test("by the frame-max in force when the frame begins", () => {
    const collector = new Collector();
    const reader = new FrameReader(collector, 4096);
    collector.onEach = () => {
      reader.frameMax = FRAME_MAX;
    };
    reader.push(Buffer.concat([HEARTBEAT_FRAME, frame(3, 1, Buffer.alloc(5000))]));
    expect(collector.frames).toHaveLength(2);
  });

  test("nothing more after an error: it ignores the rest", () => {
    const collector = new Collector();
    const reader = new FrameReader(collector, FRAME_MAX);
    expect(() => reader.push(frame(9, 0, ""))).toThrow();
    reader.push(HEARTBEAT_FRAME);
    expect(collector.frames).toEqual([]);
  });
});

describe("FrameReader.pause", () => {
  test("keeps the rest of the chunk until resume, whatever the cut", () => {
    for (let at = 0; at <= STREAM.length; at++) {
      const collector = new Collector();
      const reader = new FrameReader(collector, FRAME_MAX);
      collector.onEach = () => reader.pause();
      reader.push(STREAM.subarray(0, at));
      reader.push(STREAM.subarray(at));
      const seen: number[] = [];
      while (reader.paused) {
        seen.push(collector.frames.length);
        reader.resume();
      }
      expect(seen, `cut at ${at}`).toEqual([1, 2, 3, 4]);
      expect(collector.frames).toEqual(STREAM_FRAMES);
    }
  });

  test("is undone by a resume within the same frame", () => {
    const collector = new Collector();
    const reader = new FrameReader(collector, FRAME_MAX);
    collector.onEach = () => {
      reader.pause();
      reader.resume();
    };
    reader.push(STREAM);
    expect(collector.frames).toEqual(STREAM_FRAMES);
  });

  test("holds back chunks that still arrive, in order", () => {
    const collector = new Collector();
    const reader = new FrameReader(collector, FRAME_MAX);
    reader.pause();
    for (const octet of STREAM) reader.push(Buffer.from([octet]));
    expect(collector.frames).toEqual([]);
    expect(reader.bufferedSize).toBe(STREAM.length);
    reader.resume();
    expect(collector.frames).toEqual(STREAM_FRAMES);
    expect(reader.bufferedSize).toBe(0);
  });

  test("lets a push within onFrame wait for its turn", () => {
    const collector = new Collector();
    const reader = new FrameReader(collector, FRAME_MAX);
    let isFirst = true;
    collector.onEach = () => {
      if (isFirst) reader.push(STREAM.subarray(15));
      isFirst = false;
    };
    reader.push(STREAM.subarray(0, 15));
    expect(collector.frames).toEqual(STREAM_FRAMES);
  });
});

describe("FrameReader.stop", () => {
  test("drops the rest of the chunk and all later input", () => {
    const collector = new Collector();
    const reader = new FrameReader(collector, FRAME_MAX);
    collector.onEach = () => reader.stop();
    reader.push(STREAM);
    reader.push(STREAM);
    reader.resume();
    expect(collector.frames).toEqual(["1/1 publish"]);
    expect(reader.bufferedSize).toBe(0);
  });
});

describe("FrameReader's memory", () => {
  test("follows what has arrived, not what was announced", () => {
    const reader = new FrameReader(new Collector(), 0);
    reader.push(announce(3, 1, 100_000_000));
    reader.push(Buffer.from("x"));
    expect(reader.bufferedSize).toBeLessThanOrEqual(64);
    reader.push(Buffer.alloc(10_000));
    expect(reader.bufferedSize).toBeLessThan(20_100);
  });

  test("is at most one frame, and none once the frame is out", () => {
    const reader = new FrameReader(new Collector(), FRAME_MAX);
    const bytes = frame(3, 1, Buffer.alloc(131_064));
    for (let at = 0; at < bytes.length; at += 1000) {
      expect(reader.bufferedSize).toBeLessThanOrEqual(FRAME_MAX);
      reader.push(bytes.subarray(at, at + 1000));
    }
    expect(reader.bufferedSize).toBe(0);
  });

  test("is copied a constant number of times when a large frame comes byte by byte", () => {
    const reader = new FrameReader(new Collector(), FRAME_MAX);
    const bytes = frame(3, 1, Buffer.alloc(100_000));
    const sizes = new Set<number>();
    for (const octet of bytes) {
      reader.push(Buffer.from([octet]));
      sizes.add(reader.bufferedSize);
    }
    expect(sizes.size).toBeLessThan(20);
  });
});
