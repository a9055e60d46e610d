import { describe, expect, test } from "vitest";
import type { BatchStanding } from "../../../src/queue/log/batch-origin.ts";
import {
  decodeEnqueueBatch,
  type EnqueueBatch,
  writeOrigin,
} from "../../../src/queue/log/enqueue-batch.ts";
import { QueueLog } from "../../../src/queue/log/queue-log.ts";
import { alike, batchBytes, enqueue, entryOf, pullAll, restored } from "./log-rig.ts";

/** A batch of one message, of a node in one of its lives. */
function numbered(node: number, incarnation: number, number: number): Buffer {
  const old = batchBytes(alike(1));
  const bytes = Buffer.concat([old.subarray(0, 4), Buffer.alloc(14), old.subarray(4)]);
  bytes[1] = 2;
  writeOrigin(bytes, { node, incarnation, number });
  return bytes;
}

/** Applies batches and tells what became of those that were not taken. */
function applyAll(log: QueueLog, batches: readonly Buffer[], firstIndex = 1): BatchStanding[] {
  const ignored: BatchStanding[] = [];
  log.onIgnored = (_batch: EnqueueBatch, standing) => ignored.push(standing);
  for (const [at, bytes] of batches.entries()) {
    log.apply(entryOf(firstIndex + at, bytes, decodeEnqueueBatch(bytes)));
  }
  return ignored;
}

describe("batches with numbers", () => {
  test("are taken once, in the order of their numbers", () => {
    const log = new QueueLog();
    const batches = [1, 2, 2, 1, 4, 3, 4].map((number) => numbered(3, 10, number));
    expect(applyAll(log, batches)).toEqual(["repeated", "repeated", "early"]);
    expect(log.count).toBe(4);
    expect(log.origins.lastNumber(3, 10)).toBe(4);
  });

  test("are counted for each node, and anew in each of its lives", () => {
    const log = new QueueLog();
    const batches = [numbered(1, 5, 1), numbered(2, 9, 1), numbered(1, 6, 1), numbered(1, 5, 2)];
    expect(applyAll(log, batches)).toEqual(["outlived"]);
    expect(log.count).toBe(3);
    expect(log.origins.lastNumber(1, 5)).toBe(0);
    expect(log.origins.all().map(({ node, number }) => [node, number])).toEqual([
      [1, 1],
      [2, 1],
    ]);
  });

  test("are known to a snapshot, and to its digest", () => {
    const log = new QueueLog();
    applyAll(log, [numbered(1, 2 ** 40, 1), numbered(700, 1, 1), numbered(700, 1, 2)]);
    const copy = restored(pullAll(log.snapshot()), 3);
    expect(copy.digest()).toBe(log.digest());
    expect(applyAll(copy, [numbered(700, 1, 2), numbered(700, 1, 3)], 4)).toEqual(["repeated"]);
    const other = new QueueLog();
    for (let index = 1; index <= 3; index++) enqueue(other, index, alike(1));
    expect(other.digest()).not.toBe(log.digest());
  });

  test("do not matter to those without", () => {
    const log = new QueueLog();
    enqueue(log, 1, alike(1));
    expect(applyAll(log, [numbered(0, 0, 0), numbered(0, 0, 0)], 2)).toEqual([]);
    expect(log.count).toBe(3);
  });
});
