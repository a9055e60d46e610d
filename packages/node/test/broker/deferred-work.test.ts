import { describe, expect, test } from "vitest";
import { DeferredWork } from "../../src/broker/deferred-work.ts";
import { DEFERRED_BATCH_COUNT } from "../../src/limits.ts";

describe("DeferredWork", () => {
  test("does nothing before it is run, then everything in order", () => {
    const done: number[] = [];
    const work = new DeferredWork(() => undefined);
    for (const task of [1, 2, 3]) work.add(() => done.push(task));
    expect(done).toEqual([]);
    work.run();
    work.run();
    expect(done).toEqual([1, 2, 3]);
  });

  test("runs what tasks add after them, not inside them", () => {
    const done: string[] = [];
    const work = new DeferredWork(() => undefined);
    work.add(() => {
      work.add(() => done.push("added"));
      work.run();
      done.push("first");
    });
    work.add(() => done.push("second"));
    work.run();
    expect(done).toEqual(["first", "second", "added"]);
  });

  test("reports a task that fails and goes on", () => {
    const errors: unknown[] = [];
    const done: string[] = [];
    const work = new DeferredWork((error) => errors.push(error));
    work.add(() => {
      throw new Error("broken");
    });
    work.add(() => done.push("next"));
    work.run();
    expect(errors).toMatchObject([{ message: "broken" }]);
    expect(done).toEqual(["next"]);
  });

  test("gives way after a batch and goes on in the next turn, even if tasks make tasks for ever", async () => {
    const work = new DeferredWork(() => undefined);
    let count = 0;
    const again = (): void => {
      count++;
      if (count < 2.5 * DEFERRED_BATCH_COUNT) work.add(again);
    };
    work.add(again);
    work.run();
    expect(count).toBe(DEFERRED_BATCH_COUNT);
    await expect.poll(() => count).toBe(2.5 * DEFERRED_BATCH_COUNT);
  });
});
