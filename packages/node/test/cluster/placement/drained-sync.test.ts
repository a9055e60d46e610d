import type { Timer, Timers } from "@leveret/raft";
import { beforeEach, describe, expect, test } from "vitest";
import { DrainedSync, type LogContents } from "../../../src/cluster/placement/drained-sync.ts";

/** One timer, which fires when it is told to. */
class StepTimers implements Timers {
  #callback: (() => void) | undefined;

  get isArmed(): boolean {
    return this.#callback !== undefined;
  }

  setTimer(_delayMs: number, callback: () => void): Timer {
    this.#callback = callback;
    return {
      cancel: () => {
        this.#callback = undefined;
      },
    };
  }

  defer(callback: () => void): void {
    callback();
  }

  fire(): void {
    const callback = this.#callback;
    this.#callback = undefined;
    callback?.();
  }
}

const EMPTY: LogContents = { lastIndex: 10, oldestIndex: Infinity };

let timers: StepTimers;
let contents: Map<number, LogContents>;
let unsynced: Set<number>;
let placed: number[];
let sync: DrainedSync;

beforeEach(() => {
  timers = new StepTimers();
  contents = new Map();
  unsynced = new Set([1]);
  placed = [];
  sync = new DrainedSync({
    timers,
    contentsOf: (groupId) => contents.get(groupId),
    hasUnsynced: (groupId) => unsynced.has(groupId),
    place: (groupId) => {
      placed.push(groupId);
      unsynced.delete(groupId);
    },
  });
});

describe("mirrors that wait for sync_queue", () => {
  test("come when all that the queue had is gone, however much has come since", () => {
    contents.set(1, { lastIndex: 10, oldestIndex: 8 });
    sync.look(1);
    timers.fire();
    contents.set(1, { lastIndex: 30, oldestIndex: 10 });
    timers.fire();
    expect(placed).toEqual([]);
    sync.look(1);
    contents.set(1, { lastIndex: 40, oldestIndex: 11 });
    timers.fire();
    expect(placed).toEqual([1]);
    expect(timers.isArmed).toBe(false);
  });

  test("come at once to an empty queue", () => {
    contents.set(1, EMPTY);
    sync.look(1);
    timers.fire();
    expect(placed).toEqual([1]);
  });

  test("are not this node's business where it does not lead, and nobody's where none wait", () => {
    sync.look(1);
    contents.set(2, EMPTY);
    sync.look(2);
    timers.fire();
    expect(placed).toEqual([]);
    expect(timers.isArmed).toBe(false);
  });

  test("are forgotten when they do not wait any more, or another node leads", () => {
    unsynced.add(2);
    for (const groupId of [1, 2]) contents.set(groupId, { lastIndex: 10, oldestIndex: 8 });
    for (const groupId of [1, 2]) sync.look(groupId);
    timers.fire();
    unsynced.delete(1);
    contents.delete(2);
    timers.fire();
    expect(timers.isArmed).toBe(false);
    expect(placed).toEqual([]);
  });

  test("come to many queues in turn, and to none after the end", () => {
    for (let groupId = 1; groupId <= 1200; groupId++) {
      unsynced.add(groupId);
      contents.set(groupId, EMPTY);
      sync.look(groupId);
    }
    timers.fire();
    expect(placed.length).toBe(500);
    while (timers.isArmed) timers.fire();
    expect(new Set(placed).size).toBe(1200);
    sync.stop();
    unsynced.add(1);
    sync.look(1);
    expect(timers.isArmed).toBe(false);
  });
});
