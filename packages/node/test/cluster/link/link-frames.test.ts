import { describe, expect, test } from "vitest";
import { LinkFrameReader, LinkProtocolError } from "../../../src/cluster/link/link-frames.ts";
import { LINK_FRAME_MAX, LINK_OWN_BUFFER_SIZE } from "../../../src/cluster/link/link-limits.ts";
import { LinkOutput } from "../../../src/cluster/link/link-output.ts";

describe("LinkFrameReader", () => {
  const stream = written([
    [1, Buffer.from("one")],
    [2, Buffer.alloc(0)],
    [255, Buffer.from("three")],
  ]);

  test("yields the same frames wherever the stream is cut", () => {
    for (let first = 0; first <= stream.length; first++) {
      for (let second = first; second <= stream.length; second++) {
        const chunks = [
          stream.subarray(0, first),
          stream.subarray(first, second),
          stream.subarray(second),
        ];
        expect(read(chunks), `cut at ${first} and ${second}`).toEqual(["1 one", "2 ", "255 three"]);
      }
    }
  });

  test("gathers a frame that is larger than any chunk, and goes on after it", () => {
    const large = Buffer.alloc(300_000, "x");
    const bytes = written([
      [7, large],
      [8, Buffer.from("after")],
    ]);
    const chunks: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += 65_536) chunks.push(bytes.subarray(at, at + 65_536));
    expect(read(chunks)).toEqual([`7 ${large.toString()}`, "8 after"]);
  });

  test.each([
    ["no kind", 0],
    ["more than any frame has", LINK_FRAME_MAX + 1],
  ])("refuses a size with %s", (_name, size) => {
    const bytes = Buffer.alloc(8);
    bytes.writeUInt32BE(size);
    expect(() => read([bytes])).toThrow(LinkProtocolError);
    expect(() => read([bytes.subarray(0, 2), bytes.subarray(2)])).toThrow(LinkProtocolError);
  });

  test("tells nothing more after it was closed, also of the chunk at hand", () => {
    const kinds: number[] = [];
    const reader = new LinkFrameReader((kind) => {
      kinds.push(kind);
      reader.close();
    });
    reader.push(stream);
    reader.push(stream);
    expect(kinds).toEqual([1]);
  });
});

describe("LinkOutput", () => {
  test("keeps the order of small and large frames", () => {
    const large = Buffer.alloc(LINK_OWN_BUFFER_SIZE, "L");
    const frames: [number, Buffer][] = [];
    for (let i = 0; i < 5000; i++) {
      frames.push([1, i % 500 === 0 ? large : Buffer.from(`frame ${i}`)]);
    }
    const expected = frames.map(([kind, payload]) => `${kind} ${payload.toString()}`);
    expect(read([written(frames)])).toEqual(expected);
  });

  test("does not touch what the network has not taken", () => {
    const written: Buffer[] = [];
    const output = new LinkOutput();
    const connection = fakeConnection((bytes) => void written.push(bytes));
    connection.bufferedBytes = 1;
    for (const text of ["first", "second"]) {
      output.reserve(1, text.length).set(Buffer.from(text));
      output.flush(connection);
    }
    expect(read(written)).toEqual(["1 first", "1 second"]);
  });
});

function written(frames: readonly [number, Buffer][]): Buffer {
  const output = new LinkOutput();
  const parts: Buffer[] = [];
  for (const [kind, payload] of frames) output.reserve(kind, payload.length).set(payload);
  output.flush(fakeConnection((bytes) => void parts.push(Buffer.from(bytes))));
  return Buffer.concat(parts);
}

function read(chunks: readonly Buffer[]): string[] {
  const frames: string[] = [];
  const reader = new LinkFrameReader((kind, payload) => {
    frames.push(`${kind} ${payload.toString()}`);
  });
  for (const chunk of chunks) reader.push(chunk);
  return frames;
}

function fakeConnection(onWrite: (bytes: Buffer) => void) {
  return {
    bufferedBytes: 0,
    write: (bytes: Uint8Array) => {
      onWrite(bytes as Buffer);
      return true;
    },
    pause: () => undefined,
    resume: () => undefined,
    destroy: () => undefined,
  };
}
