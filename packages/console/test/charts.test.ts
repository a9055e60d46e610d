import { describe, expect, it } from "vitest";
import { appended, levelsOf, ratesOf } from "../src/ui/samples.ts";
import { pointsOf } from "../src/ui/sparkline.tsx";
import { Trends } from "../src/ui/trends.ts";

const sample = (timestamp: number, value: number) => ({ timestamp, sample: value });

describe("data of charts", () => {
  it("stands in ascending order, lines side by side, with gaps where one has no sample", () => {
    const data = levelsOf([
      { samples: [sample(10_000, 2), sample(5000, 1)] },
      { samples: [sample(10_000, 7)] },
      undefined,
    ]);
    expect(data).toEqual([
      [5, 10],
      [1, 2],
      [null, 7],
      [null, null],
    ]);
  });

  it("gives rates between samples of a counter, and none where it fell", () => {
    expect(ratesOf([{ samples: [sample(0, 0), sample(5000, 50), sample(10_000, 10)] }])).toEqual([
      [5, 10],
      [10, null],
    ]);
  });

  it("moves on with live figures and forgets what is older than the range", () => {
    const data = appended(
      [
        [1, 2, 3],
        [1, 2, 3],
      ],
      10,
      [4],
      8,
    );
    expect(data).toEqual([
      [3, 10],
      [3, 4],
    ]);
    expect(appended(data, 10, [9], 8)).toBe(data);
    expect(appended([], 1, [5], 60)).toEqual([[1], [5]]);
  });

  it("remembers the last values of the things seen last", () => {
    const trends = new Trends(2, 2);
    for (const [key, value] of [
      ["a", 1],
      ["b", 1],
      ["a", 2],
      ["a", 3],
      ["c", 1],
    ] as const) {
      trends.add(key, value);
    }
    expect([trends.of("a"), trends.of("b"), trends.of("c")]).toEqual([[2, 3], [], [1]]);
  });

  it("draws a sparkline between zero and its highest value", () => {
    expect(pointsOf([0, 10])).toBe("0.0,17.0 72.0,1.0");
    expect(pointsOf([0, 0])).toBe("0.0,17.0 72.0,17.0");
  });
});
