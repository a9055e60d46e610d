import { describe, expect, it } from "vitest";
import { Random } from "../../src/core/random.ts";

describe("Random", () => {
  it("repeats for the same seed and differs for others, also in their high bits", () => {
    const sequence = (seed: number): number[] => {
      const random = new Random(seed);
      return Array.from({ length: 5 }, () => random.nextU32());
    };
    expect(sequence(5)).toEqual(sequence(5));
    expect(sequence(5)).not.toEqual(sequence(6));
    expect(sequence(5)).not.toEqual(sequence(5 + 2 ** 40));
  });

  it("stays in its range and fills it evenly", () => {
    const random = new Random(3);
    const counts = new Array<number>(10).fill(0);
    for (let draw = 0; draw < 10_000; draw++) {
      const value = random.below(10);
      counts[value] = (counts[value] ?? 0) + 1;
      const fraction = random.next();
      expect(fraction >= 0 && fraction < 1).toBe(true);
    }
    for (const count of counts) expect(Math.abs(count - 1_000)).toBeLessThan(200);
  });
});
