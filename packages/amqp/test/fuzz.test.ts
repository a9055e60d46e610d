import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeBasicProperties, encodeBasicProperties } from "../src/basic-properties.ts";
import {
  CONTENT_HEADER_PROPERTIES_OFFSET,
  encodeBodyFrames,
  encodeContentHeaderFrame,
} from "../src/content-header.ts";
import { ConnectionError } from "../src/errors.ts";
import { FRAME_HEADER, FRAME_METHOD, HEARTBEAT_FRAME } from "../src/frame.ts";
import { type FrameHandler, FrameReader } from "../src/frame-reader.ts";
import { METHOD_NAMES, type MethodArgs, type MethodName } from "../src/method.ts";
import { decodeMethod, encodeMethodFrame } from "../src/method-codec.ts";
import { PropertyScan } from "../src/property-scan.ts";
import { basicProperties, methodArgs } from "./arbitraries.ts";

const FRAME_MAX = 4096;
const ROUNDS = 4000;
const REPLY_CODES = [501, 503, 505];

/** Decodes all it is given, as a broker would. */
class Decoder implements FrameHandler {
  frameCount = 0;
  readonly #scan = new PropertyScan();

  onFrame(type: number, _channel: number, bytes: Buffer, start: number, end: number): void {
    this.frameCount++;
    if (type === FRAME_METHOD) decodeMethod(bytes, start, end);
    if (type === FRAME_HEADER) {
      this.#scan.scan(bytes, start + CONTENT_HEADER_PROPERTIES_OFFSET, end);
      decodeBasicProperties(bytes, start + CONTENT_HEADER_PROPERTIES_OFFSET, end);
    }
  }
}

/** Small deterministic generator (mulberry32), so that a failing round can be run again. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** Feeds the stream in random chunks: it must yield frames, wait, or throw the right error. */
function feed(stream: Buffer, random: (below: number) => number): number {
  const decoder = new Decoder();
  const reader = new FrameReader(decoder, FRAME_MAX);
  try {
    for (let at = 0; at < stream.length; ) {
      const size = 1 + random(random(4) === 0 ? 3 : 700);
      reader.push(stream.subarray(at, at + size));
      at += size;
      expect(reader.bufferedSize).toBeLessThanOrEqual(FRAME_MAX + 8 + size);
    }
  } catch (error) {
    if (!(error instanceof ConnectionError)) throw error;
    expect(REPLY_CODES).toContain(error.replyCode);
    expect(error.message.length).toBeLessThan(700);
    expect(reader.bufferedSize).toBe(0);
  }
  return decoder.frameCount;
}

const SAMPLES: readonly Buffer[] = [
  ...METHOD_NAMES.flatMap((name) => methodFrames(name)),
  ...fc.sample(basicProperties, { seed: 11, numRuns: 60 }).map(contentFrames),
  HEARTBEAT_FRAME,
].filter((frames) => frames.length < 3000);

function methodFrames(name: MethodName): Buffer[] {
  const samples = fc.sample(methodArgs(name), { seed: 12, numRuns: 4 });
  return samples.map((args) => encodeMethodFrame(1, name, args as MethodArgs<MethodName>));
}

function contentFrames(properties: Parameters<typeof encodeBasicProperties>[0]): Buffer {
  const body = Buffer.alloc(100, "x");
  const header = encodeContentHeaderFrame(1, body.length, encodeBasicProperties(properties));
  return Buffer.concat([header, encodeBodyFrames(1, body, 60)]);
}

function streamOf(random: (below: number) => number): Buffer {
  const frames = Array.from({ length: 1 + random(6) }, () => SAMPLES[random(SAMPLES.length)]);
  return Buffer.concat(frames.filter((frame) => frame !== undefined));
}

type Mutation = (stream: Buffer, random: (below: number) => number) => Buffer;

const MUTATIONS: [string, Mutation][] = [
  [
    "bits flipped",
    (stream, random) => {
      for (let flips = 1 + random(4); flips > 0; flips--) {
        const at = random(stream.length);
        stream[at] = (stream[at] ?? 0) ^ (1 << random(8));
      }
      return stream;
    },
  ],
  [
    "octets set to extremes",
    (stream, random) => {
      const extremes = [0, 1, 127, 128, 206, 255];
      for (let sets = 1 + random(4); sets > 0; sets--) {
        stream[random(stream.length)] = extremes[random(extremes.length)] ?? 0;
      }
      return stream;
    },
  ],
  ["the end cut off", (stream, random) => stream.subarray(0, random(stream.length))],
  [
    "a piece taken out",
    (stream, random) => {
      const at = random(stream.length);
      return Buffer.concat([stream.subarray(0, at), stream.subarray(at + 1 + random(20))]);
    },
  ],
  [
    "a piece of another stream put in",
    (stream, random) => {
      const other = streamOf(random);
      const at = random(stream.length);
      const from = random(other.length);
      const piece = other.subarray(from, from + random(40));
      return Buffer.concat([stream.subarray(0, at), piece, stream.subarray(at)]);
    },
  ],
];

describe("bytes of any kind", () => {
  test("that are a valid stream yield every frame", () => {
    const random = randomOf(1);
    const all = Buffer.concat(SAMPLES);
    const expected = feed(all, () => 699);
    expect(expected).toBeGreaterThan(SAMPLES.length);
    for (let round = 0; round < 20; round++) expect(feed(all, random)).toBe(expected);
  });

  test.each(MUTATIONS)("with %s yield frames, wait, or throw the right error", (_name, mutate) => {
    const random = randomOf(2);
    for (let round = 0; round < ROUNDS; round++) feed(mutate(streamOf(random), random), random);
  });

  test("at random yield frames, wait, or throw the right error", () => {
    const random = randomOf(3);
    for (let round = 0; round < ROUNDS; round++) {
      feed(Buffer.from(Array.from({ length: random(200) }, () => random(256))), random);
    }
  });

  test("behind a valid frame header yield a method or content, or throw the right error", () => {
    const random = randomOf(4);
    for (let round = 0; round < ROUNDS; round++) {
      const payload = Buffer.from(Array.from({ length: 4 + random(40) }, () => random(256)));
      const name = METHOD_NAMES[random(METHOD_NAMES.length)] ?? "queue.declare";
      const frame = encodeBodyFrames(1, payload, 0);
      frame[0] = random(2) === 0 ? FRAME_METHOD : FRAME_HEADER;
      if (frame[0] === FRAME_METHOD) encodeMethodIds(frame, name);
      feed(frame, random);
    }
  });
});

/** Puts the ids of the method in front of random argument bytes. */
function encodeMethodIds(frame: Buffer, name: MethodName): void {
  const [args] = fc.sample(methodArgs(name), { seed: 13, numRuns: 1 });
  encodeMethodFrame(1, name, args as MethodArgs<MethodName>).copy(frame, 7, 7, 11);
}
