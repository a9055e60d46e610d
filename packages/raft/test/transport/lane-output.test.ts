import { describe, expect, it } from "vitest";
import { FRAME_HEADER_SIZE, Lane, readFrameHeader } from "../../src/codec/frame.ts";
import { Random } from "../../src/core/random.ts";
import { FrameArena } from "../../src/transport/frame-arena.ts";
import { FrameQueue } from "../../src/transport/frame-queue.ts";
import { LaneOutput, type LaneWriter } from "../../src/transport/lane-output.ts";
import { newLaneStatistics } from "../../src/transport/link-statistics.ts";

/** Takes `room` more frames before it says stop. */
class Writer implements LaneWriter {
  readonly frames: Uint8Array[] = [];
  bufferedBytes = 0;
  room = Number.POSITIVE_INFINITY;

  write(bytes: Uint8Array): boolean {
    this.frames.push(bytes);
    this.room--;
    return this.room > 0;
  }

  /** Number of parts of each frame. */
  get parts(): number[] {
    return this.frames.map((frame) => readFrameHeader(frame, 0).parts);
  }
}

function output(maxBytes = 1000): LaneOutput {
  const options = {
    lane: Lane.Append,
    incarnation: 3,
    maxBytes,
    partMaxBytes: 5000,
    frameMaxBytes: 200,
  };
  const lane = new LaneOutput(options, newLaneStatistics());
  lane.start(4);
  return lane;
}

function put(lane: LaneOutput, size: number): boolean {
  const offset = lane.take(size);
  if (offset >= 0) lane.bytes.fill(1, offset, offset + size);
  return offset >= 0;
}

describe("LaneOutput", () => {
  it("makes a connection valid by a first frame: an empty one, or what waited for it", () => {
    const idle = new Writer();
    output().attach(idle, true);
    expect(idle.parts).toEqual([0]);
    const busy = new Writer();
    const lane = output();
    put(lane, 10);
    lane.flush();
    put(lane, 10);
    lane.attach(busy, true);
    lane.flush();
    expect(busy.parts).toEqual([1, 1]);
    const accepted = new Writer();
    output().attach(accepted, false);
    expect(accepted.parts).toEqual([]);
  });

  it("writes no further frame after write said stop, until the drain", () => {
    const writer = new Writer();
    const lane = output();
    lane.attach(writer, false);
    writer.room = 2;
    for (let count = 0; count < 5; count++) {
      put(lane, 20);
      lane.flush();
    }
    expect(writer.frames).toHaveLength(2);
    expect(lane.queuedBytes).toBe(3 * (FRAME_HEADER_SIZE + 20));
    writer.room = 1;
    lane.onDrain();
    expect(writer.frames).toHaveLength(3);
    writer.room = 99;
    lane.onDrain();
    expect(writer.frames).toHaveLength(5);
    expect(lane.queuedBytes).toBe(0);
  });

  it("refuses above its bound, counting what the connection still holds, and says when there is room", () => {
    const writer = new Writer();
    const lane = output(1000);
    lane.attach(writer, false);
    writer.bufferedBytes = 950;
    expect(put(lane, 100)).toBe(false);
    expect(lane.takeDrained()).toBe(false);
    writer.bufferedBytes = 500;
    expect(lane.takeDrained()).toBe(true);
    expect(lane.takeDrained()).toBe(false);
    expect(put(lane, 100)).toBe(true);
  });

  it("loses all that waited when the connection is gone, and starts afresh", () => {
    const lane = output();
    put(lane, 10);
    lane.flush();
    put(lane, 10);
    lane.detach();
    expect(lane.queuedBytes).toBe(0);
    const writer = new Writer();
    put(lane, 30);
    lane.attach(writer, false);
    lane.flush();
    expect(writer.frames.map((frame) => frame.length)).toEqual([FRAME_HEADER_SIZE + 30]);
  });
});

/** Adds parts of random sizes, of which some are taken back. */
function fillFrame(arena: FrameArena, random: Random): void {
  for (let count = random.below(8); count > 0; count--) {
    const size = 1 + random.below(random.below(10) === 0 ? 40_000 : 700);
    if (!arena.fits(size)) return;
    const offset = arena.reserve(size);
    arena.bytes.fill(random.below(256), offset, offset + size);
    if (random.below(5) === 0) arena.cancel(size);
  }
}

describe("FrameArena", () => {
  it("never writes again to memory that it gave out", () => {
    const random = new Random(1);
    const arena = new FrameArena(Lane.Control, 3000);
    const given: { readonly frame: Uint8Array; readonly copy: Uint8Array }[] = [];
    for (let round = 0; round < 500; round++) {
      fillFrame(arena, random);
      const frame = arena.seal(1, 2);
      given.push({ frame, copy: Uint8Array.from(frame) });
    }
    for (const { frame, copy } of given) expect(Buffer.compare(frame, copy)).toBe(0);
  });

  it("keeps the parts written before when the frame moves to larger memory", () => {
    const arena = new FrameArena(Lane.Control, 64 * 1024);
    const parts: number[] = [];
    for (let part = 0; part < 60; part++) {
      const offset = arena.reserve(1000);
      arena.bytes.fill(part, offset, offset + 1000);
      parts.push(part);
    }
    const frame = arena.seal(1, 2);
    const found = parts.map((part) => frame[FRAME_HEADER_SIZE + part * 1000 + 999]);
    expect(found).toEqual(parts);
    expect(frame).toHaveLength(FRAME_HEADER_SIZE + 60_000);
  });
});

describe("FrameQueue", () => {
  it("is first in, first out, with bytes counted", () => {
    const queue = new FrameQueue();
    const out: number[] = [];
    let next = 0;
    for (let round = 0; round < 300; round++) {
      for (let count = 0; count < (round % 7) - 2; count++) queue.push(new Uint8Array(next++ + 1));
      for (let count = 0; count < (round % 5) - 1; count++) {
        const frame = queue.shift();
        if (frame !== undefined) out.push(frame.length);
      }
    }
    for (let frame = queue.shift(); frame !== undefined; frame = queue.shift())
      out.push(frame.length);
    expect(out).toEqual(Array.from({ length: next }, (_, index) => index + 1));
    expect(queue.bytes).toBe(0);
  });
});
