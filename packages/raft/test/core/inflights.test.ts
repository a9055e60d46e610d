import { describe, expect, it } from "vitest";
import { Inflights } from "../../src/core/inflights.ts";
import { Random } from "../../src/core/random.ts";

describe("Inflights", () => {
  it("is full by the number of messages or by their bytes", () => {
    const few = new Inflights(2, 1_000);
    few.add(1, 1);
    expect(few.isFull).toBe(false);
    few.add(2, 1);
    expect(few.isFull).toBe(true);
    const large = new Inflights(10, 1_000);
    large.add(1, 5_000);
    expect([large.isFull, large.count, large.bytes]).toEqual([true, 1, 5_000]);
  });

  it("frees everything up to an index", () => {
    const inflights = new Inflights(10, 1_000);
    for (const index of [3, 5, 9]) inflights.add(index, 10);
    inflights.freeUpTo(2);
    expect(inflights.indexes()).toEqual([3, 5, 9]);
    inflights.freeUpTo(6);
    expect([inflights.indexes(), inflights.bytes]).toEqual([[9], 10]);
    inflights.freeUpTo(20);
    expect([inflights.count, inflights.bytes, inflights.isFull]).toEqual([0, 0, false]);
  });

  it("leaks no place, whatever is lost and acknowledged", () => {
    const random = new Random(1);
    const inflights = new Inflights(8, 100_000);
    let last = 0;
    for (let step = 0; step < 100_000; step++) {
      if (!inflights.isFull) inflights.add(++last, 1 + random.below(50));
      if (random.below(3) === 0) inflights.freeUpTo(last - random.below(8));
      if (random.below(1_000) === 0) inflights.reset();
    }
    inflights.freeUpTo(last);
    expect([inflights.count, inflights.bytes, inflights.indexes()]).toEqual([0, 0, []]);
  });
});
