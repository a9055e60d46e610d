import { describe, expect, it } from "vitest";
import { Random } from "../../src/sim/random.ts";
import { SimProcess } from "../../src/sim/sim-process.ts";
import { SimScheduler } from "../../src/sim/sim-scheduler.ts";

function world(): { scheduler: SimScheduler; process: SimProcess; clock: { wallSkewMs: number } } {
  const random = new Random(3);
  const scheduler = new SimScheduler(random.fork());
  const clock = { wallSkewMs: 0, driftPpm: 500 };
  const process = new SimProcess(scheduler, random.fork(), clock, (error) => {
    throw error;
  });
  return { scheduler, process, clock };
}

function runUntil(scheduler: SimScheduler, ms: number): void {
  while (scheduler.runNext(ms));
  scheduler.advanceTo(ms);
}

describe("SimScheduler", () => {
  it("makes calls in order of time, those of one moment in an order that depends on the seed", () => {
    const orders = new Set<string>();
    for (let seed = 0; seed < 20; seed++) {
      const scheduler = new SimScheduler(new Random(seed));
      const calls: number[] = [];
      for (let i = 0; i < 50; i++) scheduler.at(i % 10, () => calls.push(i % 10));
      const same: number[] = [];
      for (let i = 0; i < 3; i++) scheduler.at(20, () => same.push(i));
      const cancelled = scheduler.at(5, () => calls.push(99));
      scheduler.cancel(cancelled);
      scheduler.cancel(cancelled);
      expect(scheduler.pending).toBe(53);
      runUntil(scheduler, 30);
      expect(calls).toEqual([...calls].sort((a, b) => a - b));
      expect(calls.length).toBe(50);
      orders.add(same.join());
      expect(scheduler.nowMs).toBe(30);
    }
    expect(orders.size).toBe(6);
  });
});

describe("SimProcess", () => {
  it("has timers that follow its own clock, and a wall clock that jumps by itself", () => {
    const { scheduler, process, clock } = world();
    const start = process.monotonicMs();
    const wall = process.wallMs();
    let firedAt = 0;
    process.setTimer(100_000, () => {
      firedAt = process.monotonicMs();
    });
    clock.wallSkewMs -= 3_600_000;
    runUntil(scheduler, 200_000);
    expect(firedAt - start).toBeCloseTo(100_000, 3);
    expect(process.monotonicMs() - start).toBeCloseTo(200_100, 3);
    expect(process.wallMs()).toBeLessThan(wall);
    expect(process.timers).toBe(0);
  });

  it("collects deferred calls of a turn and keeps their order", () => {
    const { scheduler, process } = world();
    const calls: number[] = [];
    for (let i = 0; i < 5; i++) process.defer(() => calls.push(i));
    expect(calls).toEqual([]);
    runUntil(scheduler, 100);
    expect(calls).toEqual([0, 1, 2, 3, 4]);
  });

  it("keeps calls back while paused, also those cancelled meanwhile", () => {
    const { scheduler, process } = world();
    const calls: string[] = [];
    const late = process.setTimer(20, () => calls.push("cancelled"));
    process.setTimer(10, () => {
      calls.push("first");
      late.cancel();
    });
    process.pause();
    runUntil(scheduler, 1000);
    expect(calls).toEqual([]);
    process.resume();
    runUntil(scheduler, 1001);
    expect(calls).toEqual(["first"]);
    expect(process.timers).toBe(0);
  });
});
