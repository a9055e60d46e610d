import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { MetricTable } from "../src/model/metrics.ts";
import { metricsText } from "../src/prometheus/metrics-text.ts";

describe("the pauses of metricsText", () => {
  /** What the clock says, ms; it stands still but for work that the test takes for long. */
  let nowMs = 0;

  beforeEach(() => {
    nowMs = 0;
    vi.spyOn(performance, "now").mockImplementation(() => nowMs);
  });

  afterEach(() => {
    vi.restoreAllMocks();
  });

  test("lets other work in after each table whose sums took long", async () => {
    const seen = await othersSeen(10, () => {
      nowMs += 5;
    });
    expect(seen).toBe(10);
  });

  test("goes on without a pause while it has worked for a moment only", async () => {
    expect(await othersSeen(10, () => undefined)).toBe(0);
  });

  /** How often other work ran while so many tables were written. */
  async function othersSeen(count: number, work: () => void): Promise<number> {
    let turns = 0;
    let isOver = false;
    const other = (): void => {
      if (isOver) return;
      turns++;
      setImmediate(other);
    };
    setImmediate(other);
    await write(
      (function* tables() {
        for (let made = 0; made < count; made++) {
          work();
          yield { metrics: [], series: [], columns: [] };
        }
      })(),
    );
    isOver = true;
    return turns;
  }
});

async function write(tables: Iterable<MetricTable>): Promise<void> {
  async function* later(): AsyncGenerator<MetricTable> {
    yield* tables;
  }
  for await (const piece of metricsText(later())) expect(piece).not.toBe("");
}
