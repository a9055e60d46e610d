import { describe, expect, test } from "vitest";
import type { MetricTable } from "../src/model/metrics.ts";
import { metricsText } from "../src/prometheus/metrics-text.ts";
import { seriesOf } from "../src/prometheus/series.ts";

async function textOf(...tables: MetricTable[]): Promise<string> {
  async function* all(): AsyncIterable<MetricTable> {
    yield* tables;
  }
  let text = "";
  for await (const piece of metricsText(all())) text += piece;
  return text;
}

describe("metricsText", () => {
  test("writes the metrics of a table one after the other, and leaves out what an object does not have", async () => {
    const text = await textOf({
      metrics: [
        { name: "a_total", type: "counter", help: "As" },
        { name: "b", type: "gauge", help: "Bs" },
      ],
      series: [seriesOf([["queue", "x"]]), ""],
      columns: [
        [1, 2.5],
        [Number.NaN, Number.POSITIVE_INFINITY],
      ],
    });
    expect(text).toBe(
      '# TYPE a_total counter\n# HELP a_total As\na_total{queue="x"} 1\na_total 2.5\n' +
        "# TYPE b gauge\n# HELP b Bs\nb +Inf\n",
    );
  });

  test("keeps labels together whatever is in them", () => {
    expect(seriesOf([["q", 'a"b\\c\nd']])).toBe('{q="a\\"b\\\\c\\nd"}');
    expect(seriesOf([])).toBe("");
  });

  test("gives large answers in pieces", async () => {
    const series = Array.from({ length: 5000 }, (_, at) => seriesOf([["queue", `queue ${at}`]]));
    const table: MetricTable = {
      metrics: [{ name: "m", type: "gauge", help: "M" }],
      series,
      columns: [series.map((_, at) => at)],
    };
    async function* one(): AsyncIterable<MetricTable> {
      yield table;
    }
    const pieces: string[] = [];
    for await (const piece of metricsText(one())) pieces.push(piece);
    expect(pieces.length).toBeGreaterThan(1);
    expect(pieces.join("").match(/^m\{/gm)).toHaveLength(5000);
  });
});
