import { describe, expect, test } from "vitest";
import type { Entry } from "../../src/core/entry.ts";
import type { Timer } from "../../src/env/clock.ts";
import { ApplyQueue } from "../../src/host/apply-queue.ts";
import { type Awakeable, AwakeSet } from "../../src/host/awake-set.ts";
import { Completions } from "../../src/host/completions.ts";
import { HostClock } from "../../src/host/host-clock.ts";
import { createHostMetrics } from "../../src/host/metrics.ts";
import { RoundRobin } from "../../src/host/round-robin.ts";
import { DEFAULT_LIMITS } from "../../src/limits.ts";

function entries(from: number, to: number): Entry[] {
  return Array.from({ length: to - from + 1 }, (_, at) => ({
    index: from + at,
    term: 1,
    type: 0,
    data: new Uint8Array(0),
    crc: 0,
  }));
}

describe("the apply queue", () => {
  test("gives entries in order over several runs, and drops what a snapshot replaced", () => {
    const queue = new ApplyQueue();
    queue.push(entries(1, 3));
    queue.push([]);
    queue.push(entries(4, 6));
    expect(queue.peek()?.index).toBe(1);
    queue.shift();
    queue.dropTo(4);
    expect(queue.peek()?.index).toBe(5);
    queue.shift();
    queue.shift();
    expect(queue.isEmpty).toBe(true);
    expect(queue.peek()).toBeUndefined();
  });
});

describe("the set of awake groups", () => {
  test("visits each once, while some leave and others come", () => {
    const set = new AwakeSet<Awakeable & { readonly name: number }>();
    const items = [0, 1, 2, 3, 4].map((name) => ({ name, awakeAt: -1 }));
    for (const item of items) set.add(item);
    const visited: number[] = [];
    set.visitAll((item) => {
      visited.push(item.name);
      if (item.name % 2 === 0) set.remove(item);
      if (item.name === 3) set.add({ name: 9, awakeAt: -1 });
    });
    expect(visited.sort()).toEqual([0, 1, 2, 3, 4]);
    expect(set.count).toBe(3);
    visited.length = 0;
    set.visitAll((item) => visited.push(item.name));
    expect(visited.sort()).toEqual([1, 3, 9]);
  });
});

describe("the list of groups that wait for their turn", () => {
  test("is first in, first out, the urgent ones before all others", () => {
    const list = new RoundRobin<{ isUrgent: boolean; name: number }>();
    for (let name = 0; name < 3000; name++) list.push({ isUrgent: name % 1000 === 999, name });
    const order = Array.from({ length: 3000 }, () => list.shift()?.name);
    const expected = Array.from({ length: 3000 }, (_, name) => name);
    const isUrgent = (name: number): boolean => name % 1000 === 999;
    expect(order).toEqual([
      ...expected.filter(isUrgent),
      ...expected.filter((name) => !isUrgent(name)),
    ]);
    expect(list.shift()).toBeUndefined();
    expect(list.count).toBe(0);
  });
});

describe("completions", () => {
  test("that are added by one wait for the next run, and one that throws does not lose the others", () => {
    const completions = new Completions();
    const called: string[] = [];
    completions.add(() => {
      called.push("a");
      completions.add((name: string) => called.push(name), "later");
    }, undefined);
    completions.add(() => {
      throw new Error("caller's mistake");
    }, undefined);
    completions.add((name: string) => called.push(name), "b");
    expect(() => completions.run(1000)).toThrow("caller's mistake");
    expect(called).toEqual(["a"]);
    completions.run(1000);
    expect(called).toEqual(["a", "b", "later"]);
    expect(completions.isEmpty).toBe(true);
  });

  test("run in their order, no more in a turn than it allows", () => {
    const completions = new Completions();
    const called: number[] = [];
    for (let number = 0; number < 3000; number++) {
      completions.add((value: number) => called.push(value), number);
    }
    completions.run(5);
    expect(called).toEqual([0, 1, 2, 3, 4]);
    let turns = 0;
    for (; !completions.isEmpty; turns++) completions.run(100);
    expect(turns).toBe(30);
    expect(called).toEqual(Array.from({ length: 3000 }, (_unused, number) => number));
  });
});

describe("the host's clock", () => {
  function clockAt(): { advance(ms: number): void; ticks: number[]; stalls(): number } {
    let nowMs = 1000;
    let pending: (() => void) | undefined;
    const ticks: number[] = [];
    const metrics = createHostMetrics();
    const timers = {
      setTimer: (_delayMs: number, callback: () => void): Timer => {
        pending = callback;
        return {
          cancel: (): void => {
            pending = undefined;
          },
        };
      },
      defer: (): void => {},
    };
    const clock = { wallMs: (): number => 0, monotonicMs: (): number => nowMs };
    const host = { limits: DEFAULT_LIMITS, metrics };
    new HostClock({ clock, timers }, host, (count) => ticks.push(count)).start();
    return {
      ticks,
      stalls: () => metrics.stalls,
      advance: (ms): void => {
        nowMs += ms;
        pending?.();
      },
    };
  }

  test("counts the ticks of time that passed, one at least", () => {
    const { advance, ticks } = clockAt();
    for (const ms of [50, 51, 120, 35, 49]) advance(ms);
    expect(ticks).toEqual([1, 1, 2, 1, 1]);
  });

  test("lets no time pass for the groups after a stall: their input has not been read yet", () => {
    const { advance, ticks, stalls } = clockAt();
    for (const ms of [50, 10_000, 50]) advance(ms);
    expect(ticks).toEqual([1, 0, 1]);
    expect(stalls()).toBe(1);
  });
});
