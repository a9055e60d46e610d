import { describe, expect, test } from "vitest";
import { SLAB_SIZE, SLAB_SPARSE_DIVISOR, SLAB_WASTE_MAX } from "../../src/limits.ts";
import { Message } from "../../src/queue/message.ts";
import { SlabStore } from "../../src/queue/slab-store.ts";
import { ROUTING, storedMessage } from "./stored-message.ts";

const PROPERTIES = Buffer.from([0, 0]);
const BODY_SIZE = 1022;
const PER_SLAB = SLAB_SIZE / 1024;
/** Few enough that a slab is sparse, and many enough that the sparse ones together fill more than one slab. */
const LEFT_PER_SLAB = 64;

function bodyOf(index: number): Buffer {
  return Buffer.alloc(BODY_SIZE, (index % 251) + 1);
}

/** Stores slab after slab, each message with a body of its own; of each slab a few stay alive. */
function fillSparsely(store: SlabStore, slabs: number): Map<number, Message> {
  const kept = new Map<number, Message>();
  for (let slab = 0; slab < slabs; slab++) {
    const all = Array.from({ length: PER_SLAB }, (_, index) => {
      const id = slab * PER_SLAB + index;
      return [id, storedMessage(store, PROPERTIES, bodyOf(id))] as const;
    });
    for (const [index, [id, message]] of all.entries()) {
      if (index < LEFT_PER_SLAB) kept.set(id, message);
      else message.release();
    }
  }
  return kept;
}

function expectIntact(kept: ReadonlyMap<number, Message>): void {
  for (const [id, message] of kept) {
    expect(message.bodyStart + message.bodySize).toBeLessThanOrEqual(SLAB_SIZE);
    expect(message.copyBody().equals(bodyOf(id)), `body of message ${id}`).toBe(true);
  }
}

describe("SlabStore", () => {
  test("uses one slab for a thousand small messages", () => {
    const store = new SlabStore();
    for (let index = 0; index < 1000; index++) storedMessage(store, PROPERTIES, bodyOf(index));
    expect(store.slabCount).toBe(1);
  });

  test("uses a slab again once its last message is gone", () => {
    const store = new SlabStore();
    for (let round = 0; round < 5; round++) {
      const messages = Array.from({ length: 3 * PER_SLAB }, (_, index) =>
        storedMessage(store, PROPERTIES, bodyOf(index)),
      );
      expect(store.slabCount).toBeLessThanOrEqual(4);
      for (const message of messages) message.release();
    }
    expect(store.slabCount).toBeLessThanOrEqual(1);
  });

  test("does not keep released messages because a few in their slab are alive", () => {
    const store = new SlabStore();
    const kept = [...fillSparsely(store, 2).values()];
    const slab = kept[0]?.slab;
    expect(slab?.isSparse).toBe(true);
    expect(slab?.tenants.length).toBeLessThan(PER_SLAB / SLAB_SPARSE_DIVISOR);
    expect(kept.filter((message) => message.slab === slab)).toHaveLength(LEFT_PER_SLAB);
  });

  test("moves what is alive together when a few old messages pin many slabs, and keeps every byte", () => {
    const store = new SlabStore();
    const slabs = 60;
    const kept = fillSparsely(store, slabs);
    const live = kept.size * 1024;
    expect(store.slabCount).toBeLessThan(slabs);
    expect(store.slabCount * SLAB_SIZE).toBeLessThanOrEqual(
      SLAB_WASTE_MAX + SLAB_SPARSE_DIVISOR * live + SLAB_SIZE,
    );
    expectIntact(kept);
    for (const message of kept.values()) message.release();
    expect(store.slabCount).toBeLessThanOrEqual(1);
  });

  test("keeps dead letters intact whose body moves while they are stored", () => {
    const store = new SlabStore();
    const kept = fillSparsely(store, 20);
    const sources = [...kept];
    const dead = new Map<number, Message>();
    for (let index = 0; index < 5 * PER_SLAB; index++) {
      const [id, source] = sources[index % sources.length] as [number, Message]; // There are 1280.
      const copy = Message.store(store, ROUTING, PROPERTIES, source);
      if (index % 16 === 0) dead.set(id, copy);
      else copy.release();
    }
    expectIntact(kept);
    expectIntact(dead);
  });
});
