import { describe, expect, it } from "vitest";
import { Holes } from "../../src/core/holes.ts";
import { Random } from "../../src/core/random.ts";

const INDEXES = Array.from({ length: 40 }, (_, at) => at);

describe("Holes", () => {
  it("is empty at first", () => {
    const holes = new Holes();
    expect([holes.isEmpty, holes.first, holes.has(1)]).toEqual([true, undefined, false]);
    holes.remove(1, 10);
    expect(holes.ranges).toEqual([]);
  });

  it("joins ranges that overlap or touch, and keeps the rest in order", () => {
    const holes = new Holes();
    holes.add({ first: 10, last: 12 });
    holes.add({ first: 1, last: 2 });
    holes.add({ first: 5, last: 6 });
    holes.add({ first: 3, last: 4 });
    expect(holes.ranges).toEqual([
      { first: 1, last: 6 },
      { first: 10, last: 12 },
    ]);
    expect([holes.first, holes.has(7), holes.has(10)]).toEqual([1, false, true]);
  });

  it("is split by removing from the middle", () => {
    const holes = new Holes();
    holes.add({ first: 1, last: 9 });
    holes.remove(4, 5);
    expect(holes.ranges).toEqual([
      { first: 1, last: 3 },
      { first: 6, last: 9 },
    ]);
  });

  it("agrees with a plain set of indexes after any adding and removing", () => {
    for (let seed = 1; seed <= 50; seed++) {
      const random = new Random(seed);
      const holes = new Holes();
      let plain: readonly number[] = [];
      for (let step = 0; step < 40; step++) {
        const first = random.below(30);
        const last = first + random.below(6);
        const isAdd = random.below(2) === 0;
        if (isAdd) holes.add({ first, last });
        else holes.remove(first, last);
        plain = INDEXES.filter((at) => (first <= at && at <= last ? isAdd : plain.includes(at)));
        expect(INDEXES.filter((at) => holes.has(at))).toEqual(plain);
      }
    }
  });
});
