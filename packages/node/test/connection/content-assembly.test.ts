import {
  encodeBasicProperties,
  encodeBodyFrames,
  encodeContentHeaderFrame,
  FRAME_HEADER,
  type FrameHandler,
  FrameReader,
} from "@leveret/amqp";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ContentAssembly } from "../../src/connection/content-assembly.ts";
import { MESSAGE_SIZE_CEILING } from "../../src/limits.ts";

const MAX = 134_217_728;
const MIB = 1_048_576;

/** Reads chunks as a connection does, and gathers what is published. */
class Reading implements FrameHandler {
  readonly assembly: ContentAssembly = new ContentAssembly();
  readonly contents: { properties: Buffer; body: Buffer; run: Buffer | undefined }[] = [];
  readonly #reader: FrameReader = new FrameReader(this, 0);

  onFrame(type: number, _channel: number, bytes: Buffer, start: number, end: number): void {
    const { assembly } = this;
    if (type === FRAME_HEADER) {
      assembly.begin();
      if (assembly.header(bytes, start, end, MAX)) this.#onContent();
    } else if (assembly.append(bytes, start, end)) {
      this.#onContent();
    }
  }

  /** The chunk is overwritten afterwards, as a socket's buffer may be. */
  push(chunk: Buffer): void {
    const own = Buffer.from(chunk);
    this.#reader.push(own);
    this.assembly.detach();
    own.fill(0xdd);
  }

  #onContent(): void {
    const { properties, propertiesStart, propertiesEnd, body, bodyStart, bodySize } = this.assembly;
    const { runStart, runEnd } = this.assembly;
    this.contents.push({
      properties: Buffer.from(properties.subarray(propertiesStart, propertiesEnd)),
      body: Buffer.from(body.subarray(bodyStart, bodyStart + bodySize)),
      run: runStart < 0 ? undefined : Buffer.from(properties.subarray(runStart, runEnd)),
    });
    this.assembly.reset();
  }
}

function header(size: number, properties: Buffer = Buffer.from([0, 0])): Buffer {
  return encodeContentHeaderFrame(1, size, properties);
}

/** An assembly that waits for a body of `size`. */
function waiting(size: number): ContentAssembly {
  const assembly = new ContentAssembly();
  const frame = header(size);
  assembly.begin();
  assembly.header(frame, 7, frame.length - 1, MAX);
  return assembly;
}

function refusal(action: () => void): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe("ContentAssembly", () => {
  test("yields the same content wherever the stream and the body are cut", () => {
    const content = fc.record({
      body: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      messageId: fc.string({ maxLength: 20 }),
      frameMax: fc.integer({ min: 9, max: 400 }),
    });
    const cuts = fc.array(fc.nat(2000), { maxLength: 12 });
    fc.assert(
      fc.property(fc.array(content, { minLength: 1, maxLength: 4 }), cuts, (contents, at) => {
        const stream = Buffer.concat(
          contents.flatMap(({ body, messageId, frameMax }) => [
            header(body.length, encodeBasicProperties({ messageId })),
            encodeBodyFrames(1, body, frameMax),
          ]),
        );
        const reading = new Reading();
        const ends = [...at.map((cut) => cut % (stream.length + 1)), stream.length];
        let from = 0;
        for (const end of ends.sort((left, right) => left - right)) {
          if (end > from) reading.push(stream.subarray(from, end));
          from = end;
        }
        expect(reading.contents.map(({ body, properties }) => ({ body, properties }))).toEqual(
          contents.map(({ body, messageId }) => ({
            body,
            properties: encodeBasicProperties({ messageId }),
          })),
        );
        for (const [index, { run }] of reading.contents.entries()) {
          if (run === undefined) continue;
          const { body, messageId } = contents[index] as (typeof contents)[number]; // As many.
          const head = header(body.length, encodeBasicProperties({ messageId }));
          expect(run).toEqual(Buffer.concat([head, encodeBodyFrames(1, body, 0)]));
        }
      }),
      { numRuns: 300 },
    );
  });

  test("shows header and body that came side by side as one run", () => {
    const reading = new Reading();
    const frames = Buffer.concat([header(5), encodeBodyFrames(1, Buffer.from("hello"), 0)]);
    reading.push(Buffer.concat([frames, frames]));
    expect(reading.contents.map(({ run }) => run)).toEqual([frames, frames]);
  });

  test("does not copy a body that comes in one frame", () => {
    const assembly = waiting(5);
    const frame = encodeBodyFrames(1, Buffer.from("hello"), 0);
    expect(assembly.append(frame, 7, 12)).toBe(true);
    expect(assembly.body).toBe(frame);
  });

  test("takes no more memory than twice what has arrived, and 1 MiB", () => {
    const announced = 100 * MIB;
    const assembly = waiting(announced);
    expect(assembly.body.length).toBe(0);
    const piece = Buffer.alloc(MIB / 2);
    for (let received = piece.length; received <= 20 * MIB; received += piece.length) {
      assembly.append(piece, 0, piece.length);
      expect(assembly.body.length).toBeLessThanOrEqual(Math.max(MIB, 2 * received));
    }
  });

  test("never takes more than was announced", () => {
    const assembly = waiting(3 * MIB);
    const piece = Buffer.alloc(MIB);
    for (let count = 0; count < 3; count++) assembly.append(piece, 0, piece.length);
    expect(assembly.body.length).toBe(3 * MIB);
  });

  test("takes no memory for empty body frames", () => {
    const assembly = waiting(100);
    const before = assembly.body;
    for (let count = 0; count < 3; count++) {
      expect(assembly.append(Buffer.alloc(0), 0, 0)).toBe(false);
      expect(assembly.body).toBe(before);
    }
    expect(assembly.append(Buffer.alloc(100, 7), 0, 100)).toBe(true);
    expect(assembly.body).toEqual(Buffer.alloc(100, 7));
  });

  test("lets go of a content that is abandoned", () => {
    const assembly = waiting(10);
    assembly.append(Buffer.from("half"), 0, 4);
    assembly.reset();
    expect(assembly.body.length).toBe(0);
    expect(assembly.properties.length).toBe(0);
    expect(refusal(() => assembly.refuseMethod())).toBeUndefined();
  });
});

describe("ContentAssembly refuses", () => {
  const frame = header(10);

  function assemblyAt(state: "idle" | "header due" | "body due"): ContentAssembly {
    if (state === "body due") return waiting(10);
    const assembly = new ContentAssembly();
    if (state === "header due") assembly.begin();
    return assembly;
  }

  test.each([
    ["a body frame", "idle", "expected method frame, got non method frame instead"],
    ["a header frame", "idle", "expected method frame, got non method frame instead"],
    [
      "a method",
      "header due",
      "expected content header for class 60, got non content header frame instead",
    ],
    [
      "a body frame",
      "header due",
      "expected content header for class 60, got non content header frame instead",
    ],
    ["a method", "body due", "expected content body, got non content body frame instead"],
    ["a header frame", "body due", "expected content body, got non content body frame instead"],
  ] as const)("%s when the state is: %s (505)", (what, state, text) => {
    const assembly = assemblyAt(state);
    const error = refusal(() => {
      if (what === "a method") assembly.refuseMethod();
      else if (what === "a header frame") assembly.header(frame, 7, frame.length - 1, MAX);
      else assembly.append(Buffer.from("x"), 0, 1);
    });
    expect(error).toMatchObject({
      replyCode: 505,
      message: expect.stringContaining(text) as unknown,
    });
  });

  test.each([
    ["class 61", (bytes: Buffer) => bytes.writeUInt16BE(61, 7), 505, "got one for class 61"],
    [
      "a weight that is not 0 (RabbitMQ: rabbit_command_assembler)",
      (bytes: Buffer) => bytes.writeUInt16BE(1, 9),
      505,
      "got non content header frame instead",
    ],
    [
      "a size above the greatest there can be",
      (bytes: Buffer) => bytes.writeBigUInt64BE(BigInt(MESSAGE_SIZE_CEILING) + 1n, 11),
      501,
      `exceeds maximum allowed size ${MESSAGE_SIZE_CEILING}`,
    ],
    [
      "a size of 2^64-1",
      (bytes: Buffer) => bytes.writeBigUInt64BE(2n ** 64n - 1n, 11),
      501,
      "exceeds maximum allowed size",
    ],
    [
      "a size above the configured one",
      (bytes: Buffer) => bytes.writeBigUInt64BE(BigInt(MAX) + 1n, 11),
      406,
      `message size ${MAX + 1} is larger than configured max size ${MAX}`,
    ],
  ])("a header with %s", (_what, change, replyCode, text) => {
    const bytes = Buffer.from(frame);
    change(bytes);
    const assembly = assemblyAt("header due");
    const error = refusal(() => assembly.header(bytes, 7, bytes.length - 1, MAX));
    expect(error).toMatchObject({ replyCode, message: expect.stringContaining(text) as unknown });
  });

  test("a header without room for the property flags (501)", () => {
    const error = refusal(() => assemblyAt("header due").header(frame, 7, 7 + 13, MAX));
    expect(error).toMatchObject({ replyCode: 501 });
  });

  test("more body than was announced (501)", () => {
    const assembly = waiting(10);
    assembly.append(Buffer.alloc(6), 0, 6);
    expect(refusal(() => assembly.append(Buffer.alloc(5), 0, 5))).toMatchObject({ replyCode: 501 });
  });
});
