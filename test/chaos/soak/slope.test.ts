import { expect, test } from "vitest";
import { quantile, slopeOf } from "./slope.ts";

test("the slope of points on a line is that of the line", () => {
  const points = [0, 1, 2, 5].map((x) => ({ x, y: 3 * x + 7 }));
  expect(slopeOf(points)).toBeCloseTo(3);
});

test("points that go up and down around a level have no slope", () => {
  const points = Array.from({ length: 100 }, (_, x) => ({ x, y: 50 + (x % 2) }));
  expect(Math.abs(slopeOf(points))).toBeLessThan(0.01);
});

test("one point has no slope, and none has no quantile", () => {
  expect(slopeOf([{ x: 1, y: 5 }])).toBe(0);
  expect(quantile([], 0.5)).toBe(0);
  expect(quantile([3, 1, 2], 0.5)).toBe(2);
});
