import { describe, expect, test } from "vitest";
import { encodeProgress } from "../../../src/queue/log/progress.ts";
import { QueueLog } from "../../../src/queue/log/queue-log.ts";
import {
  alike,
  batchBytes,
  batchOf,
  enqueue,
  entryOf,
  progress,
  progressOf,
  pullAll,
  restored,
  walk,
} from "./log-rig.ts";

const INDEX = 10;
const REF = INDEX * 256;

describe("applying entries", () => {
  test("a batch adds its messages, in order, each to its level", () => {
    const log = new QueueLog();
    enqueue(log, INDEX, [
      { level: 2, size: 7, expiresAtMs: -1 },
      { level: 0, size: 8, expiresAtMs: 99 },
      { level: 2, size: 9, expiresAtMs: -1 },
    ]);
    expect({ count: log.count, bytes: log.bytes }).toEqual({ count: 3, bytes: 24 });
    expect(walk(log)).toEqual([
      { level: 0, ref: REF + 1, size: 8, expiresAtMs: 99, returnCount: 0 },
      { level: 2, ref: REF, size: 7, expiresAtMs: -1, returnCount: 0 },
      { level: 2, ref: REF + 2, size: 9, expiresAtMs: -1, returnCount: 0 },
    ]);
  });

  test("only a batch proposed here is told, after its messages are in", () => {
    const log = new QueueLog();
    const told: unknown[] = [];
    log.onEnqueued = (entryIndex, batch): void => {
      told.push([entryIndex, batch.count, log.count, log.cursorOf(0).count]);
    };
    enqueue(log, INDEX, alike(2));
    log.apply(entryOf(INDEX + 1, batchBytes(alike(3)), batchOf(alike(3))));
    expect(told).toEqual([[INDEX + 1, 3, 5, 5]]);
  });

  test("messages were returned once if they were delivered before, else as often as was said", () => {
    const log = new QueueLog();
    enqueue(log, INDEX, alike(4));
    progress(log, INDEX + 1, {
      delivered: [{ level: 0, ref: REF + 1 }],
      returned: [
        { level: 0, ref: REF + 1, count: 5 },
        { level: 0, ref: REF + 2, count: 2 },
      ],
    });
    progress(log, INDEX + 2, { delivered: [{ level: 0, ref: REF }] });
    expect(walk(log).map(({ returnCount }) => returnCount)).toEqual([1, 5, 2, 0]);
  });

  test("what is not there any more is neither removed nor returned", () => {
    const log = new QueueLog();
    enqueue(log, INDEX, alike(3));
    progress(log, INDEX + 1, { removed: [{ level: 0, first: REF + 1, last: REF + 1 }] });
    const digest = log.digest();
    progress(log, INDEX + 2, {
      removed: [
        { level: 0, first: REF + 1, last: REF + 1 },
        { level: 9, first: 0, last: REF },
        { level: 0, first: 0, last: 5 },
      ],
      returned: [
        { level: 0, ref: REF + 1, count: 3 },
        { level: 9, ref: REF, count: 3 },
      ],
    });
    expect(log.digest()).toBe(digest);
    expect(walk(log).map(({ ref }) => ref)).toEqual([REF, REF + 2]);
  });

  test("the state does not depend on whose cursors were asked for", () => {
    const logs = [new QueueLog(), new QueueLog()];
    logs[0]?.cursorOf(7);
    for (const log of logs) {
      enqueue(log, INDEX, alike(2));
      progress(log, INDEX + 1, { delivered: [{ level: 7, ref: REF }] });
    }
    expect(logs[0]?.digest()).toBe(logs[1]?.digest());
  });

  test.each<[string, Uint8Array, string]>([
    ["an unknown command", Buffer.from([9, 1]), "no command 9"],
    ["an empty command", Buffer.from([]), "no command"],
    ["a batch of a newer version", Buffer.from([1, 9, 1, 0]), "version 9"],
    ["a batch of too many messages", batchBytes(alike(257, { size: 0 })), "a batch of 257"],
    ["progress of a newer version", Buffer.from([2, 9]), "version 9"],
    [
      "progress about messages to come",
      encodeProgress(progressOf({ delivered: [{ level: 0, ref: REF + 256 }] })),
      "cannot be there",
    ],
    ["an expiry that is no time", batchBytes(alike(1, { expiresAtMs: 0.5 })), "expires at 0.5"],
  ])("%s stops the replica", (_name, data, text) => {
    const log = new QueueLog();
    enqueue(log, INDEX, alike(1));
    expect(() => log.apply(entryOf(INDEX + 1, data))).toThrow(text);
  });

  test("entries come in order, and within what a ref can say", () => {
    const log = new QueueLog();
    enqueue(log, INDEX, alike(1));
    expect(() => enqueue(log, INDEX, alike(1))).toThrow("entry 10 of a queue follows entry 10");
    expect(() => enqueue(log, 2 ** 44, alike(1))).toThrow("follows entry 10");
    enqueue(log, 2 ** 44 - 1, alike(256));
    progress(new QueueLog(), 2 ** 44 - 1, { delivered: [{ level: 0, ref: 2 ** 52 - 257 }] });
    const bytes = pullAll(log.snapshot());
    expect(restored(bytes, 2 ** 44 - 1).digest()).toBe(log.digest());
  });
});

describe("cursors", () => {
  test("a cursor made late begins at the oldest message", () => {
    const log = new QueueLog();
    enqueue(log, INDEX, alike(5));
    progress(log, INDEX + 1, { removed: [{ level: 0, first: REF, last: REF + 1 }] });
    expect(log.cursorOf(0).ref).toBe(REF + 2);
    expect(log.cursorOf(0).count).toBe(3);
    expect(log.cursorOf(0)).toBe(log.cursorOf(0));
  });

  test("a cursor at the end gets what comes, and cannot take before", () => {
    const log = new QueueLog();
    const cursor = log.cursorOf(0);
    expect(cursor.count).toBe(0);
    expect(() => cursor.take()).toThrow(RangeError);
    expect(cursor.skipAll()).toBeUndefined();
    enqueue(log, INDEX, alike(1));
    expect(cursor.ref).toBe(REF);
    cursor.take();
    progress(log, INDEX + 1, { removed: [{ level: 0, first: REF, last: REF }] });
    enqueue(log, INDEX + 2, alike(1));
    expect([cursor.count, cursor.ref]).toEqual([1, REF + 512]);
  });

  test("a cursor goes back to live messages only", () => {
    const log = new QueueLog();
    enqueue(log, INDEX, alike(5));
    const cursor = log.cursorOf(0);
    for (let taken = 0; taken < 4; taken++) cursor.take();
    progress(log, INDEX + 1, { removed: [{ level: 0, first: REF + 1, last: REF + 1 }] });
    for (const ref of [REF - 1, REF + 1, REF + 5, REF + 0.5]) {
      expect(() => cursor.rewindTo(ref), `${ref}`).toThrow(RangeError);
    }
    cursor.rewindTo(REF);
    expect([cursor.count, cursor.bytes, cursor.ref]).toEqual([4, 40, REF]);
    cursor.rewindTo(REF);
    expect(() => cursor.rewindTo(REF + 2)).toThrow(RangeError);
  });
});

describe("bytes that a snapshot would set free", () => {
  const batch = batchBytes(alike(10, { size: 1000 }));

  test("are dead messages, progress, and an eighth of what was appended", () => {
    const log = new QueueLog();
    log.apply(entryOf(INDEX, batch));
    const appended = batch.length + 32;
    expect(log.reclaimableBytes).toBe(appended / 8);
    const what = encodeProgress(progressOf({ removed: [{ level: 0, first: REF, last: REF + 4 }] }));
    log.apply(entryOf(INDEX + 1, what));
    const progressBytes = what.length + 32;
    const expected = appended / 2 + progressBytes + (appended + progressBytes) / 8;
    expect(log.reclaimableBytes).toBeCloseTo(expected);
  });

  test("are none after a snapshot, and all again if it was given up", () => {
    const log = new QueueLog();
    log.apply(entryOf(INDEX, batch));
    progress(log, INDEX + 1, { removed: [{ level: 0, first: REF, last: REF + 4 }] });
    const before = log.reclaimableBytes;
    log.snapshot().close();
    expect(log.reclaimableBytes).toBe(before);
    const source = log.snapshot();
    expect(log.reclaimableBytes).toBe(0);
    pullAll(source);
    source.close();
    expect(log.reclaimableBytes).toBe(0);
  });

  test("go on after a restore", () => {
    const log = new QueueLog();
    log.apply(entryOf(INDEX, batch));
    const copy = restored(pullAll(log.snapshot()), INDEX);
    expect(copy.reclaimableBytes).toBe(0);
    progress(copy, INDEX + 1, { removed: [{ level: 0, first: REF, last: REF + 4 }] });
    expect(copy.reclaimableBytes).toBeGreaterThan(5000);
  });
});

describe("memory", () => {
  test("a deep queue takes less than 13 bytes a message", () => {
    const log = new QueueLog();
    const count = 1_000_000;
    const data = batchBytes(alike(250, { size: 0 }));
    const before = process.memoryUsage().arrayBuffers;
    for (let index = 1; index <= count / 250; index++) log.apply(entryOf(index, data));
    const taken = process.memoryUsage().arrayBuffers - before;
    expect(log.count).toBe(count);
    expect(taken / count).toBeLessThan(13);
  });
});
