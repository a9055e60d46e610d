import { describe, expect, test } from "vitest";
import { History } from "../../src/statistics/history.ts";

const RETENTIONS = [
  { intervalMs: 5000, count: 13 },
  { intervalMs: 60_000, count: 61 },
];

function row(...figures: number[]): Float64Array {
  return Float64Array.from(figures);
}

describe("History", () => {
  test("tells how fast figures grow from the last two looks", () => {
    const history = new History(RETENTIONS, row(0, 10), 100_000);
    history.look(row(50, 5), 105_000, false);
    expect(history.rates()).toEqual([10, -1]);
    history.look(row(50, 5), 110_000, false);
    expect(history.rates()).toEqual([0, 0]);
  });

  test("needs no memory before something changes", () => {
    const history = new History(RETENTIONS, row(3), 100_000);
    history.look(row(3), 105_000, false);
    expect(history.byteLength).toBe(0);
    expect(history.samples({ endMs: 105_000, ageMs: 10_000, stepMs: 5000 })).toEqual([
      [3],
      [3],
      [3],
    ]);
    history.look(row(4), 110_000, false);
    expect(history.byteLength).toBe((13 + 61) * 8);
  });

  test("gives its memory back when nothing has changed for as long as it remembers", () => {
    const history = new History(RETENTIONS, row(0), 0);
    history.look(row(1), 5000, false);
    for (let time = 10_000; time <= 3_600_000; time += 5000) history.look(row(1), time, false);
    expect(history.byteLength).toBeGreaterThan(0);
    for (let time = 3_605_000; time <= 3_610_000; time += 5000) history.look(row(1), time, false);
    expect(history.byteLength).toBe(0);
    expect(history.samples({ endMs: 3_610_000, ageMs: 5000, stepMs: 5000 })).toEqual([[1], [1]]);
  });

  test("answers from the finest samples that go back far enough", () => {
    const history = new History(RETENTIONS, row(0), 0);
    for (let time = 5000; time <= 600_000; time += 5000)
      history.look(row(time / 5000), time, false);
    const minute = history.samples({ endMs: 600_000, ageMs: 60_000, stepMs: 5000 });
    expect(minute.map(([value]) => value)).toEqual([
      120, 119, 118, 117, 116, 115, 114, 113, 112, 111, 110, 109, 108,
    ]);
    const more = history.samples({ endMs: 600_000, ageMs: 300_000, stepMs: 60_000 });
    expect(more.map(([value]) => value)).toEqual([120, 108, 96, 84, 72, 60]);
  });

  test("remembers a minute where there is no memory for more", () => {
    const history = new History(RETENTIONS, row(0), 0);
    history.look(row(1), 5000, true);
    expect(history.byteLength).toBe(13 * 8);
  });
});
