import { describe, expect, test } from "vitest";
import {
  CONTENT_HEADER_PROPERTIES_OFFSET,
  contentBodySizeAt,
  contentClassIdAt,
  encodeBodyFrames,
  encodeContentHeaderFrame,
  protocolHeader,
} from "../src/content-header.ts";
import { FrameReader } from "../src/frame-reader.ts";

function bodiesOf(frames: Buffer, frameMax: number): string[] {
  const bodies: string[] = [];
  const onFrame = (_type: number, _channel: number, bytes: Buffer, start: number, end: number) => {
    bodies.push(bytes.toString("latin1", start, end));
  };
  new FrameReader({ onFrame }, frameMax).push(frames);
  return bodies;
}

describe("content frames", () => {
  test("carry class, size and properties in the header", () => {
    const frame = encodeContentHeaderFrame(5, 2 ** 33 + 1, Buffer.from([0x10, 0, 2]));
    expect([...frame]).toEqual([
      2, 0, 5, 0, 0, 0, 15, 0, 60, 0, 0, 0, 0, 0, 2, 0, 0, 0, 1, 0x10, 0, 2, 0xce,
    ]);
    expect(contentClassIdAt(frame, 7)).toBe(60);
    expect(contentBodySizeAt(frame, 7)).toBe(2 ** 33 + 1);
    expect(frame[7 + CONTENT_HEADER_PROPERTIES_OFFSET]).toBe(0x10);
  });

  test("cut a body into pieces of frame-max less overhead", () => {
    const body = Buffer.from("abcdefghij");
    expect(bodiesOf(encodeBodyFrames(1, body, 12), 12)).toEqual(["abcd", "efgh", "ij"]);
    expect(bodiesOf(encodeBodyFrames(1, body, 18), 18)).toEqual(["abcdefghij"]);
    expect(bodiesOf(encodeBodyFrames(1, body, 0), 0)).toEqual(["abcdefghij"]);
  });

  test("are none for an empty body", () => {
    expect(encodeBodyFrames(1, Buffer.alloc(0), 4096)).toHaveLength(0);
    expect(encodeBodyFrames(1, Buffer.alloc(0), 0)).toHaveLength(0);
  });

  test("refuse a frame-max without room for a body", () => {
    expect(() => encodeBodyFrames(1, Buffer.from("x"), 8)).toThrow(/no room/);
  });
});

test("the protocol header names the version", () => {
  expect(protocolHeader(0, 9, 1)).toEqual(Buffer.from("AMQP\0\0\x09\x01", "latin1"));
});
