import {
  decodeBasicProperties,
  encodeBasicProperties,
  FRAME_BODY,
  FRAME_HEADER,
  type FrameHandler,
  FrameReader,
  integerOf,
} from "@leveret/amqp";
import { describe, expect, test } from "vitest";
import { writeContent } from "../../src/connection/content-writer.ts";
import { withDeliveryCount } from "../../src/connection/delivery-count-header.ts";
import { OutputBuffer } from "../../src/connection/output-buffer.ts";
import { OUTPUT_ZERO_COPY_SIZE, SLAB_MESSAGE_MAX } from "../../src/limits.ts";
import type { Message } from "../../src/queue/message.ts";
import { SlabStore } from "../../src/queue/slab-store.ts";
import { chunkMessage, storedMessage } from "../queue/stored-message.ts";
import { ManualSchedule, SlowSocket } from "./slow-socket.ts";

const CHANNEL = 0x1234;
const PROPERTIES = encodeBasicProperties({ messageId: "m1", deliveryMode: 2 });

/** What a consumer reads. */
class Reading implements FrameHandler {
  properties: Buffer = Buffer.alloc(0);
  bodySize = -1;
  readonly pieces: Buffer[] = [];
  readonly channels = new Set<number>();

  onFrame(type: number, channel: number, bytes: Buffer, start: number, end: number): void {
    this.channels.add(channel);
    if (type === FRAME_HEADER) {
      expect(bytes.readUInt32BE(start)).toBe(60 << 16);
      this.bodySize = Number(bytes.readBigUInt64BE(start + 4));
      this.properties = Buffer.from(bytes.subarray(start + 12, end));
    } else if (type === FRAME_BODY) {
      this.pieces.push(Buffer.from(bytes.subarray(start, end)));
    }
  }
}

async function written(message: Message, frameMax: number, properties?: Buffer): Promise<Reading> {
  const socket = new SlowSocket();
  const schedule = new ManualSchedule();
  const output = new OutputBuffer(socket.asSocket(), schedule, { onDrained: () => undefined });
  writeContent(output, CHANNEL, message, frameMax, properties);
  schedule.flushAll();
  await socket.writeAll();
  const reading = new Reading();
  new FrameReader(reading, frameMax).push(socket.sent);
  return reading;
}

describe.each(["run", "apart"] as const)("writeContent of a message that came %s", (form) => {
  test.each([
    ["an empty body", 0, 131_072, 0],
    ["a small body", 16, 131_072, 1],
    ["a body that fills a frame", 4088, 4096, 1],
    ["a body of one byte more", 4089, 4096, 2],
    ["a body cut into many frames", 100_000, 4096, 25],
    ["a body handed over without a copy", OUTPUT_ZERO_COPY_SIZE, 131_072, 1],
    ["a large body cut into frames", SLAB_MESSAGE_MAX + 1000, 131_072, 2],
    ["a large body without frame-max", 1_000_000, 0, 1],
  ])("writes %s", async (_what, size, frameMax, frames) => {
    const body = Buffer.from(Array.from({ length: size }, (_, index) => (index * 7) & 0xff));
    const message = storedMessage(new SlabStore(), PROPERTIES, body, form);
    const reading = await written(message, frameMax);
    expect(reading.properties).toEqual(PROPERTIES);
    expect(reading.bodySize).toBe(size);
    expect(reading.pieces).toHaveLength(frames);
    expect(Buffer.concat(reading.pieces).equals(body)).toBe(true);
    expect([...reading.channels]).toEqual([CHANNEL]);
  });

  test("writes a view that is not stored, and leaves its chunk as it is", async () => {
    const { chunk, view } = chunkMessage(new SlabStore(), PROPERTIES, Buffer.from("hello"), form);
    const before = Buffer.from(chunk);
    const reading = await written(view, 131_072);
    expect(Buffer.concat(reading.pieces).toString()).toBe("hello");
    expect(chunk).toEqual(before);
  });

  test("writes other properties in place of the message's own", async () => {
    const message = storedMessage(new SlabStore(), PROPERTIES, Buffer.from("hello"), form);
    const reading = await written(message, 4096, withDeliveryCount(message, 3));
    const properties = decodeBasicProperties(reading.properties, 0, reading.properties.length);
    expect(properties).toMatchObject({ messageId: "m1", deliveryMode: 2 });
    expect(Number(integerOf(properties.headers?.get("x-delivery-count")))).toBe(3);
    expect(Buffer.concat(reading.pieces).toString()).toBe("hello");
    expect(message.copyProperties()).toEqual(PROPERTIES);
  });
});
