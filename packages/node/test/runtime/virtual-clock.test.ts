import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { VirtualClock } from "../../src/runtime/virtual-clock.ts";

describe("VirtualClock", () => {
  test("stands still until it is advanced", () => {
    const clock = new VirtualClock(1000);
    expect(clock.now()).toBe(1000);
    clock.advance(500);
    expect(clock.now()).toBe(1500);
  });

  test("fires in the order of due times, then of setting, each at its own time", () => {
    const clock = new VirtualClock(0);
    const fired: string[] = [];
    const note = (name: string) => (): void => {
      fired.push(`${name} at ${clock.now()}`);
    };
    clock.setTimer(20, note("later"));
    clock.setTimer(10, note("first"));
    clock.setTimer(10, note("second"));
    clock.setTimer(31, note("never"));
    clock.advance(30);
    expect(fired).toEqual(["first at 10", "second at 10", "later at 20"]);
    expect(clock.now()).toBe(30);
  });

  test("fires what a timer sets for within the same step, and in its turn", () => {
    const clock = new VirtualClock(0);
    const fired: number[] = [];
    const again = (): void => {
      fired.push(clock.now());
      if (fired.length < 4) clock.setTimer(10, again);
    };
    clock.setTimer(10, again);
    clock.advance(35);
    expect(fired).toEqual([10, 20, 30]);
  });

  test("fires a timer of zero or less at the next step, even one of 0 ms", () => {
    const clock = new VirtualClock(0);
    const fired: string[] = [];
    clock.setTimer(0, () => fired.push("zero"));
    clock.setTimer(-5, () => fired.push("negative"));
    expect(fired).toEqual([]);
    clock.advance(0);
    expect(fired).toEqual(["zero", "negative"]);
  });

  test("does not fire what was cancelled, even in the same step", () => {
    const clock = new VirtualClock(0);
    const fired: string[] = [];
    const second = clock.setTimer(10, () => fired.push("second"));
    clock.setTimer(5, () => second.cancel());
    clock.advance(20);
    second.cancel();
    expect(fired).toEqual([]);
  });

  test("refuses to run backwards, or by what is no number", () => {
    const clock = new VirtualClock(0);
    expect(() => clock.advance(-1)).toThrow(RangeError);
    expect(() => clock.advance(Number.NaN)).toThrow(RangeError);
    expect(clock.now()).toBe(0);
  });

  test("does not hang on a timer that sets itself anew for now", () => {
    const clock = new VirtualClock(0);
    const again = (): void => {
      clock.setTimer(0, again);
    };
    clock.setTimer(0, again);
    expect(() => clock.advance(1)).toThrow("more than 1000000 timers fired in one step");
  });

  test("fires tens of thousands of timers in one step", () => {
    const clock = new VirtualClock(0);
    let last = -1;
    let isOrdered = true;
    let fired = 0;
    for (let index = 0; index < 50_000; index++) {
      const dueAt = (index * 7919) % 50_000;
      clock.setTimer(dueAt, () => {
        isOrdered &&= dueAt >= last;
        last = dueAt;
        fired++;
      });
    }
    clock.advance(50_000);
    expect(isOrdered).toBe(true);
    expect(fired).toBe(50_000);
  });

  test("fires as a sorted list would, whatever is set, cancelled and advanced", () => {
    const step = fc.record({
      type: fc.constantFrom("set" as const, "set" as const, "cancel" as const, "advance" as const),
      value: fc.nat(100),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const clock = new VirtualClock(0);
        const timers: { cancel: () => void }[] = [];
        let pending: { id: number; dueAt: number }[] = [];
        const fired: number[] = [];
        for (const { type, value } of steps) {
          if (type === "set") {
            const id = timers.length;
            timers.push(clock.setTimer(value, () => fired.push(id)));
            pending.push({ id, dueAt: clock.now() + value });
          } else if (type === "cancel") {
            const id = (value * 7) % (timers.length + 1);
            timers[id]?.cancel();
            pending = pending.filter((each) => each.id !== id);
          } else {
            clock.advance(value);
            const due = pending.filter(({ dueAt }) => dueAt <= clock.now());
            pending = pending.filter(({ dueAt }) => dueAt > clock.now());
            due.sort((left, right) => left.dueAt - right.dueAt || left.id - right.id);
            expect(fired.splice(0)).toEqual(due.map(({ id }) => id));
          }
        }
      }),
    );
  });

  test("lets go of timers that are cancelled, however many and however far away", () => {
    const clock = new VirtualClock(0);
    let fired = 0;
    clock.setTimer(5, () => fired++);
    for (let index = 0; index < 100_000; index++) {
      clock.setTimer(1_000_000 + index, () => fired++).cancel();
    }
    clock.advance(2_000_000);
    expect(fired).toBe(1);
  });
});
