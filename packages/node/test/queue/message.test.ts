import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SLAB_MESSAGE_MAX } from "../../src/limits.ts";
import { Message, messageRouting } from "../../src/queue/message.ts";
import { SlabStore } from "../../src/queue/slab-store.ts";
import { chunkMessage, ROUTING, storedMessage } from "./stored-message.ts";

const NO_PROPERTIES = Buffer.from([0, 0]);

/** Bytes that tell where they come from. */
function pattern(seed: number, size: number): Buffer {
  return Buffer.from(Array.from({ length: size }, (_, index) => (seed * 31 + index) & 0xff));
}

describe("messageRouting", () => {
  test("encodes exchange and key as a basic.deliver frame ends: two short strings and the end octet", () => {
    const { tail } = messageRouting("é", "key");
    expect(tail).toEqual(Buffer.from([2, 0xc3, 0xa9, 3, 0x6b, 0x65, 0x79, 0xce]));
  });
});

describe.each(["run", "apart"] as const)("a message whose frames came %s", (form) => {
  test.each([0, 1, 3, 4, 16, 104, 105, 1024, SLAB_MESSAGE_MAX, SLAB_MESSAGE_MAX + 1])(
    "is stored with every byte of a body of %i",
    (size) => {
      const store = new SlabStore();
      const message = storedMessage(store, pattern(1, 7), pattern(2, size), form);
      expect(message.copyProperties()).toEqual(pattern(1, 7));
      expect(message.copyBody()).toEqual(pattern(2, size));
    },
  );

  test("is copied once, however many queues keep it", () => {
    const store = new SlabStore();
    const { view } = chunkMessage(store, NO_PROPERTIES, pattern(1, 50), form);
    const first = view.keep();
    const second = view.keep();
    expect(second).toBe(first);
    expect(first).not.toBe(view);
    expect(first.references).toBe(2);
    expect(first.keep().references).toBe(3);
  });

  test("is copied again when all who kept it have let go", () => {
    const store = new SlabStore();
    const { view } = chunkMessage(store, NO_PROPERTIES, pattern(1, 50), form);
    const first = view.keep();
    first.release();
    const second = view.keep();
    expect(second).not.toBe(first);
    expect(second.copyBody()).toEqual(pattern(1, 50));
  });

  test("keeps its priority, expiration and persistence", () => {
    const { view } = chunkMessage(new SlabStore(), NO_PROPERTIES, pattern(1, 5), form);
    Object.assign(view, { priority: 7, expirationMs: 1000, persistent: true });
    expect(view.keep()).toMatchObject({
      priority: 7,
      expirationMs: 1000,
      persistent: true,
      bodySize: 5,
      routing: ROUTING,
    });
  });

  test.each([0, 300])("gets other properties for the same body of %i as a dead letter", (size) => {
    const store = new SlabStore();
    const source = storedMessage(store, NO_PROPERTIES, pattern(1, size), form);
    const dead = Message.store(store, messageRouting("dlx", "dead"), pattern(9, 40), source);
    source.release();
    expect(dead.references).toBe(1);
    expect(dead.copyProperties()).toEqual(pattern(9, 40));
    expect(dead.copyBody()).toEqual(pattern(1, size));
    expect(dead.routing.routingKey).toBe("dead");
  });
});

test("a view that is used for the next message does not give out the copy of the one before", () => {
  const store = new SlabStore();
  const { view } = chunkMessage(store, NO_PROPERTIES, pattern(1, 20), "apart");
  const first = view.keep();
  view.forgetStored();
  expect(view.keep()).not.toBe(first);
});

test("a large body that was assembled in a buffer of its own is not copied again", () => {
  const body = pattern(1, SLAB_MESSAGE_MAX + 1);
  const view = new Message(new SlabStore(), ROUTING);
  view.bytes = NO_PROPERTIES;
  view.propertiesEnd = 2;
  view.bodySource = body;
  view.bodySize = body.length;
  expect(view.keep().bodySource).toBe(body);
});

describe("stored messages, whatever is stored and released,", () => {
  interface Kept {
    readonly message: Message;
    readonly seed: number;
    readonly size: number;
    references: number;
  }
  const action = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        type: fc.constant("store" as const),
        count: fc.integer({ min: 1, max: 40 }),
        size: fc.oneof(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 140_000 })),
        isRun: fc.boolean(),
      }),
    },
    { weight: 2, arbitrary: fc.record({ type: fc.constant("keep" as const), at: fc.nat() }) },
    {
      weight: 2,
      arbitrary: fc.record({ type: fc.constant("deadLetter" as const), at: fc.nat() }),
    },
    {
      weight: 6,
      arbitrary: fc.record({
        type: fc.constant("release" as const),
        at: fc.nat(),
        count: fc.integer({ min: 1, max: 60 }),
      }),
    },
  );

  class Model {
    readonly store: SlabStore = new SlabStore();
    readonly kept: Kept[] = [];
    #seed = 0;

    apply(step: typeof action extends fc.Arbitrary<infer T> ? T : never): void {
      if (step.type === "store") this.#store(step.count, step.size, step.isRun);
      else if (this.kept.length === 0) return;
      else if (step.type === "release") this.#release(step.at, step.count);
      else {
        const chosen = this.kept[step.at % this.kept.length] as Kept; // It is not empty.
        if (step.type === "keep") {
          chosen.message.keep();
          chosen.references++;
        } else this.#deadLetter(chosen);
      }
    }

    check(): void {
      for (const { message, seed, size, references } of this.kept) {
        expect(message.references).toBe(references);
        expect(message.copyProperties().equals(pattern(seed, 4)), `properties of ${seed}`).toBe(
          true,
        );
        expect(message.copyBody().equals(Buffer.alloc(size, seed)), `body of ${seed}`).toBe(true);
      }
    }

    #store(count: number, size: number, isRun: boolean): void {
      for (let index = 0; index < count; index++) {
        const seed = ++this.#seed & 0xff;
        const body = Buffer.alloc(size, seed);
        const message = storedMessage(this.store, pattern(seed, 4), body, isRun ? "run" : "apart");
        this.kept.push({ message, seed, size, references: 1 });
      }
    }

    #deadLetter(chosen: Kept): void {
      const { message, seed, size } = chosen;
      const dead = Message.store(this.store, ROUTING, pattern(seed, 4), message);
      this.kept.push({ message: dead, seed, size, references: 1 });
    }

    #release(at: number, count: number): void {
      for (let index = 0; index < count && this.kept.length > 0; index++) {
        const position = (at + index * 7) % this.kept.length;
        const chosen = this.kept[position] as Kept; // position < length
        chosen.message.release();
        chosen.references--;
        if (chosen.references === 0) this.kept.splice(position, 1);
      }
    }
  }

  test("keep all their bytes and give their memory back", () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), (steps) => {
        const model = new Model();
        for (const step of steps) model.apply(step);
        model.check();
        for (const { message, references } of model.kept) {
          for (let left = references; left > 0; left--) message.release();
        }
        // The slab that is written to stays; and nothing was ever larger than a slab.
        expect(model.store.slabCount).toBeLessThanOrEqual(1);
      }),
      { numRuns: 40 },
    );
  });
});
