import type { Metric, MetricTable, MetricType } from "@leveret/management";

/** A metric without the prefix of its endpoint. */
export interface MetricSpec {
  readonly name: string;
  readonly type: MetricType;
  readonly help: string;
}

export function counter(name: string, help: string): MetricSpec {
  return { name, type: "counter", help };
}

export function gauge(name: string, help: string): MetricSpec {
  return { name, type: "gauge", help };
}

export function withPrefix(prefix: string, specs: readonly MetricSpec[]): Metric[] {
  return specs.map(({ name, type, help }) => ({ name: prefix + name, type, help }));
}

/** Metrics of the node as a whole, one value each. undefined: not known here, so there is no line. */
export function singleValues(
  prefix: string,
  values: readonly (readonly [spec: MetricSpec, value: number | undefined])[],
): MetricTable {
  const known = values.filter(([, value]) => value !== undefined);
  return {
    metrics: withPrefix(
      prefix,
      known.map(([spec]) => spec),
    ),
    series: [""],
    columns: known.map(([, value]) => [value ?? Number.NaN]),
  };
}

/** One metric with a value for each set of labels. */
export function labelledValues(
  prefix: string,
  spec: MetricSpec,
  values: readonly (readonly [series: string, value: number])[],
): MetricTable {
  return {
    metrics: withPrefix(prefix, [spec]),
    series: values.map(([series]) => series),
    columns: [values.map(([, value]) => value)],
  };
}
