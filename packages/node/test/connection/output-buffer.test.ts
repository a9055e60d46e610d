import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { OutputBuffer } from "../../src/connection/output-buffer.ts";
import {
  OUTPUT_ARENA_SIZE,
  OUTPUT_EAGER_FLUSH,
  OUTPUT_HIGH_WATER,
  OUTPUT_LOW_WATER,
} from "../../src/limits.ts";
import { ManualSchedule, SlowSocket, settled } from "./slow-socket.ts";

/** An output with all that it needs, and a copy of everything that was given to it. */
class Rig {
  readonly socket: SlowSocket = new SlowSocket();
  readonly schedule: ManualSchedule = new ManualSchedule();
  drained = 0;
  readonly output: OutputBuffer = new OutputBuffer(this.socket.asSocket(), this.schedule, {
    onDrained: () => {
      this.drained++;
    },
  });
  readonly #expected: Buffer[] = [];
  #seed = 0;

  get expected(): Buffer {
    return Buffer.concat(this.#expected);
  }

  append(size: number): void {
    const bytes = this.#next(size);
    this.output.append(bytes);
    bytes.fill(0xdd); // It was copied.
  }

  appendShared(size: number): void {
    this.output.appendShared(this.#next(size));
  }

  async apply(what: "append" | "appendShared" | "flush" | "write", size: number): Promise<void> {
    if (what === "append") this.append(size);
    else if (what === "appendShared") this.appendShared(size);
    else if (what === "flush") this.schedule.flushAll();
    else this.socket.writeOne();
    await settled();
    this.output.checkWater();
  }

  #next(size: number): Buffer {
    this.#seed = (this.#seed % 200) + 1;
    const bytes = Buffer.alloc(size, this.#seed);
    this.#expected.push(Buffer.from(bytes));
    return bytes;
  }
}

async function fillToCongestion(rig: Rig): Promise<void> {
  for (let size = 0; size <= OUTPUT_HIGH_WATER + OUTPUT_EAGER_FLUSH; size += 10_000) {
    rig.append(10_000);
    rig.output.checkWater();
  }
  await settled();
}

describe("OutputBuffer", () => {
  const size = fc.oneof(
    { weight: 5, arbitrary: fc.integer({ min: 0, max: 100 }) },
    { weight: 2, arbitrary: fc.integer({ min: 0, max: OUTPUT_ARENA_SIZE + 1 }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 3 * OUTPUT_ARENA_SIZE }) },
  );
  const step = fc.record({
    on: fc.integer({ min: 0, max: 1 }),
    what: fc.oneof(
      { weight: 6, arbitrary: fc.constant("append" as const) },
      { weight: 2, arbitrary: fc.constant("appendShared" as const) },
      { weight: 3, arbitrary: fc.constant("flush" as const) },
      { weight: 3, arbitrary: fc.constant("write" as const) },
    ),
    size,
  });

  test("sends every byte in order, however slowly the socket writes and whoever else uses the pool", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const rigs = [new Rig(), new Rig()] as const;
        for (const { on, what, size: bytes } of steps) {
          await rigs[on as 0 | 1].apply(what, bytes); // The generator makes no other number.
        }
        for (const rig of rigs) {
          rig.schedule.flushAll();
          await rig.socket.writeAll();
          expect(rig.socket.sent.equals(rig.expected)).toBe(true);
          expect(rig.output.unwritten).toBe(0);
        }
      }),
      { numRuns: 100 },
    );
  });

  test("asks for one flush, however much is appended before it", () => {
    const rig = new Rig();
    rig.append(10);
    rig.append(10);
    rig.appendShared(10);
    expect(rig.schedule.waiting).toHaveLength(1);
    rig.schedule.flushAll();
    rig.append(10);
    expect(rig.schedule.waiting).toHaveLength(1);
  });

  test("writes what gathered in one turn with one call", async () => {
    const rig = new Rig();
    for (let count = 0; count < 100; count++) rig.append(20);
    rig.schedule.flushAll();
    expect(rig.output.flushCount).toBe(1);
    rig.socket.writeOne();
    await settled();
    expect(rig.socket.sent.length).toBe(2000);
  });

  test("does nothing when there is nothing to flush", () => {
    const rig = new Rig();
    rig.output.flush();
    expect(rig.output.flushCount).toBe(0);
    expect(rig.socket.hasWaiting).toBe(false);
  });

  test("does not wait for the end of the turn once much has gathered", () => {
    const rig = new Rig();
    rig.append(OUTPUT_EAGER_FLUSH - 1);
    rig.output.checkWater();
    expect(rig.output.flushCount).toBe(0);
    rig.append(1);
    rig.output.checkWater();
    expect(rig.output.flushCount).toBe(1);
  });

  test("counts what waits here and in the socket as unwritten", async () => {
    const rig = new Rig();
    rig.append(1000);
    rig.appendShared(500);
    expect(rig.output.unwritten).toBe(1500);
    rig.schedule.flushAll();
    expect(rig.output.unwritten).toBe(1500);
    await rig.socket.writeAll();
    expect(rig.output.unwritten).toBe(0);
  });
});

describe("the water marks of OutputBuffer", () => {
  test("congest it above the high one and tell once when it falls to the low one", async () => {
    const rig = new Rig();
    await fillToCongestion(rig);
    expect(rig.output.congested).toBe(true);
    while (rig.output.unwritten > OUTPUT_LOW_WATER) {
      expect(rig.drained).toBe(0);
      rig.socket.writeOne();
      await settled();
    }
    expect(rig.output.congested).toBe(false);
    rig.schedule.flushAll();
    await rig.socket.writeAll();
    expect(rig.drained).toBe(1);
    expect(rig.socket.sent.equals(rig.expected)).toBe(true);
  });

  test("may be passed again and again", async () => {
    const rig = new Rig();
    for (let round = 1; round <= 3; round++) {
      await fillToCongestion(rig);
      expect(rig.output.congested).toBe(true);
      rig.schedule.flushAll();
      await rig.socket.writeAll();
      expect(rig.drained).toBe(round);
    }
  });

  test("mean nothing to a socket that is gone", async () => {
    const rig = new Rig();
    await fillToCongestion(rig);
    rig.socket.on("error", () => undefined);
    rig.socket.destroy();
    rig.append(100);
    rig.schedule.flushAll();
    expect(rig.output.congested).toBe(false);
    expect(rig.drained).toBe(0);
  });
});
