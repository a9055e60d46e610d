/**
 * Publishes through FrameReader and PropertyScan, the best of many rounds. A plain program: under
 * `vitest bench`, which transforms the modules, the same code took ten times as long.
 *
 *     npm run bench -w packages/amqp
 */
import { encodeBasicProperties } from "../src/basic-properties.ts";
import {
  CONTENT_HEADER_PROPERTIES_OFFSET,
  encodeBodyFrames,
  encodeContentHeaderFrame,
} from "../src/content-header.ts";
import { FRAME_HEADER } from "../src/frame.ts";
import { type FrameHandler, FrameReader } from "../src/frame-reader.ts";
import { encodeMethodFrame } from "../src/method-codec.ts";
import { PropertyScan } from "../src/property-scan.ts";

const MESSAGE_COUNT = 10_000;
const ROUNDS = 200;
const CHUNK_SIZE = 65_536;

/** A publish of `size` bytes as three frames, many times over, in chunks as a socket gives them. */
function chunksOf(size: number): Buffer[] {
  const args = { exchange: "", routingKey: "queue", mandatory: false, immediate: false };
  const body = Buffer.alloc(size, "x");
  const message = Buffer.concat([
    encodeMethodFrame(1, "basic.publish", args),
    encodeContentHeaderFrame(1, size, encodeBasicProperties({ deliveryMode: 2 })),
    encodeBodyFrames(1, body, 131_072),
  ]);
  const stream = Buffer.concat(Array<Buffer>(MESSAGE_COUNT).fill(message));
  const chunks: Buffer[] = [];
  for (let at = 0; at < stream.length; at += CHUNK_SIZE) {
    chunks.push(stream.subarray(at, at + CHUNK_SIZE));
  }
  return chunks;
}

/** Nanoseconds a message took in the best round. */
function measure(size: number): number {
  const chunks = chunksOf(size);
  const scan = new PropertyScan();
  const onFrame: FrameHandler["onFrame"] = (type, _channel, bytes, start, end) => {
    if (type === FRAME_HEADER) scan.scan(bytes, start + CONTENT_HEADER_PROPERTIES_OFFSET, end);
  };
  const reader = new FrameReader({ onFrame }, 131_072);
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const startedAt = process.hrtime.bigint();
    for (const chunk of chunks) reader.push(chunk);
    best = Math.min(best, Number(process.hrtime.bigint() - startedAt));
  }
  return best / MESSAGE_COUNT;
}

for (const size of [16, 1024]) {
  process.stdout.write(`publish of ${size} bytes: ${measure(size).toFixed(1)} ns\n`);
}
