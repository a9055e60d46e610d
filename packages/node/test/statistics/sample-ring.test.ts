import { describe, expect, test } from "vitest";
import { SampleRing } from "../../src/statistics/sample-ring.ts";

const RETENTION = { intervalMs: 5000, count: 4 };

function row(...figures: number[]): Float64Array {
  return Float64Array.from(figures);
}

function ring(initial = row(0), nowMs = 100_000): SampleRing {
  return new SampleRing(RETENTION, initial, nowMs);
}

describe("SampleRing", () => {
  test("has the first figures at all earlier times", () => {
    const samples = ring(row(7, 8));
    expect(Array.from(samples.at(0))).toEqual([7, 8]);
    expect(Array.from(samples.at(100_000))).toEqual([7, 8]);
  });

  test("gives the sample of each interval, at any time within it", () => {
    const samples = ring();
    samples.push(row(1), 105_000);
    samples.push(row(2), 110_000);
    expect(
      [100_000, 104_999, 105_000, 109_999, 110_000].map((time) => samples.at(time)[0]),
    ).toEqual([0, 0, 1, 1, 2]);
  });

  test("takes the first figures of an interval, not later ones", () => {
    const samples = ring();
    samples.push(row(1), 105_001);
    samples.push(row(2), 109_000);
    expect(samples.at(105_000)[0]).toBe(1);
  });

  test("fills what was missed with what was known before", () => {
    const samples = ring();
    samples.push(row(1), 105_000);
    samples.push(row(9), 120_000);
    expect([105_000, 110_000, 115_000, 120_000].map((time) => samples.at(time)[0])).toEqual([
      1, 1, 1, 9,
    ]);
  });

  test("survives a gap longer than itself", () => {
    const samples = ring();
    samples.push(row(1), 105_000);
    samples.push(row(9), 1_000_000);
    expect(samples.at(995_000)[0]).toBe(1);
    expect(samples.at(1_000_000)[0]).toBe(9);
  });

  test("forgets the oldest, and answers with the oldest it has", () => {
    const samples = ring();
    for (let step = 1; step <= 6; step++) samples.push(row(step), 100_000 + step * 5000);
    expect(samples.at(0)[0]).toBe(3);
    expect(samples.at(130_000)[0]).toBe(6);
    expect(samples.at(10_000_000)[0]).toBe(6);
  });
});
