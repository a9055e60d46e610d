import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MessageFifo } from "../../src/queue/message-fifo.ts";
import { QueueEntry } from "../../src/queue/queue-entry.ts";
import { RequeuedMessages } from "../../src/queue/requeued-messages.ts";
import { UnackedMessages } from "../../src/queue/unacked-messages.ts";
import { TestMessage } from "./machine-rig.ts";

function entryOf(sequence: number): QueueEntry<TestMessage> {
  return new QueueEntry(new TestMessage(`${sequence}`), sequence, 0, undefined);
}

describe("UnackedMessages", () => {
  test("finds every message by its number, in whatever order they are settled", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constant(-1), fc.nat(700)), { maxLength: 2000, size: "max" }),
        (steps) => {
          const unacked = new UnackedMessages<TestMessage>();
          const model = new Map<number, QueueEntry<TestMessage>>();
          for (const step of steps) {
            if (step === -1) {
              const entry = entryOf(model.size);
              model.set(unacked.add(entry), entry);
            } else {
              expect(unacked.take(step)).toBe(model.get(step));
              model.delete(step);
            }
            expect(unacked.count).toBe(model.size);
          }
          const numbers: number[] = [];
          for (let n = unacked.find(0, 9999); n !== -1; n = unacked.find(n + 1, 9999))
            numbers.push(n);
          expect(numbers).toEqual([...model.keys()]);
        },
      ),
      { numRuns: 20 },
    );
  });

  test("a message held for ever does not stop the rest from being found or settled", () => {
    const unacked = new UnackedMessages<TestMessage>();
    const first = entryOf(0);
    unacked.add(first);
    for (let number = 2; number < 20_000; number++) {
      unacked.add(entryOf(number));
      if (number % 1000 !== 0) unacked.take(number);
    }
    expect(unacked.count).toBe(20);
    expect(unacked.find(2, 1e9)).toBe(1000);
    expect(unacked.find(18_500, 1e9)).toBe(19_000);
    expect(unacked.find(1001, 1999)).toBe(-1);
    expect(unacked.take(1)).toBe(first);
    expect(unacked.take(1)).toBeUndefined();
    for (let number = 1000; number < 20_000; number += 1000) unacked.take(number);
    expect([unacked.count, unacked.find(1, 1e9), unacked.lastNumber]).toEqual([0, -1, 19_999]);
  });
});

describe("MessageFifo", () => {
  test("keeps the order through any mix of push and take", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -400, max: 600 }), { maxLength: 20 }), (steps) => {
        const fifo = new MessageFifo<TestMessage>();
        const model: QueueEntry<TestMessage>[] = [];
        for (const step of steps) {
          if (step > 0) pushAll(fifo, model, step);
          else expect(takeAll(fifo, -step)).toEqual(model.splice(0, -step));
          expect([fifo.count, fifo.peek()]).toEqual([model.length, model[0]]);
          const seen: QueueEntry<TestMessage>[] = [];
          fifo.every((entry) => seen.push(entry) > 0);
          expect(seen).toEqual(model);
          const skip = Math.abs(step);
          const behind: QueueEntry<TestMessage>[] = [];
          fifo.every((entry) => behind.push(entry) > 0, skip);
          expect(behind).toEqual(model.slice(skip));
        }
      }),
      { numRuns: 20 },
    );
  });
});

function pushAll(
  fifo: MessageFifo<TestMessage>,
  model: QueueEntry<TestMessage>[],
  count: number,
): void {
  for (let i = 0; i < count; i++) {
    const entry = entryOf(i);
    fifo.push(entry);
    model.push(entry);
  }
}

function takeAll(fifo: MessageFifo<TestMessage>, count: number): QueueEntry<TestMessage>[] {
  const taken: QueueEntry<TestMessage>[] = [];
  for (let i = 0; i < count; i++) {
    const entry = fifo.take();
    if (entry !== undefined) taken.push(entry);
  }
  return taken;
}

describe("RequeuedMessages", () => {
  test("gives messages back by position, whatever order they came in", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(1000)), (positions) => {
        const requeued = new RequeuedMessages<TestMessage>();
        for (const position of positions) requeued.push(entryOf(position));
        const sorted = positions.sort((a, b) => a - b);
        const peeked: number[] = [];
        requeued.every((entry) => peeked.push(entry.sequence) > 0);
        expect(peeked).toEqual(sorted);
        const behind: number[] = [];
        requeued.every((entry) => behind.push(entry.sequence) > 0, 3);
        expect(behind).toEqual(sorted.slice(3));
        expect(sorted.map(() => requeued.take()?.sequence)).toEqual(sorted);
        expect(requeued.take()).toBeUndefined();
      }),
    );
  });
});
