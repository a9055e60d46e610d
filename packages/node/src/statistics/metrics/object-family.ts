import type { MetricTable } from "@leveret/management";
import { SamplingPace } from "../sampling-pace.ts";
import { type MetricSpec, withPrefix } from "./metric-spec.ts";
import type { MetricsContext } from "./metrics-context.ts";

/** Metrics that each object of a kind has: RabbitMQ's family of that name. */
export interface ObjectFamily<T> {
  readonly name: string;
  readonly metrics: readonly MetricSpec[];
  objects(context: MetricsContext): Iterable<T>;
  /** undefined: it belongs to none. */
  vhostOf(object: T): string | undefined;
  /** Its labels, as `seriesOf` of packages/management writes them. */
  seriesOf(object: T, context: MetricsContext): string;
  read(object: T, into: Float64Array, context: MetricsContext): void;
  /** What objects that are gone have left of counters: sums over all objects never fall. */
  readEnded?(context: MetricsContext, into: Float64Array): void;
}

/** How a family is shown. */
interface FamilyOptions {
  readonly prefix: string;
  readonly vhosts: ReadonlySet<string> | undefined;
}

/** A family of whatever objects. */
export interface Family {
  readonly name: string;
  /** A line for each object. */
  table(context: MetricsContext, options: FamilyOptions): Promise<MetricTable>;
  /** One line: the sum over all objects, and over those that are gone. */
  sum(context: MetricsContext, prefix: string): Promise<MetricTable>;
}

export function familyOf<T>(family: ObjectFamily<T>): Family {
  return {
    name: family.name,
    table: (context, options) => tableOf(family, context, options),
    sum: (context, prefix) => sumOf(family, context, prefix),
  };
}

async function tableOf<T>(
  family: ObjectFamily<T>,
  context: MetricsContext,
  { prefix, vhosts }: FamilyOptions,
): Promise<MetricTable> {
  const pace = new SamplingPace();
  const values = new Float64Array(family.metrics.length);
  const series: string[] = [];
  const columns: number[][] = family.metrics.map(() => []);
  for (const object of family.objects(context)) {
    if (pace.isDue()) await pace.pause();
    const vhost = family.vhostOf(object);
    if (vhosts !== undefined && vhost !== undefined && !vhosts.has(vhost)) continue;
    family.read(object, values, context);
    series.push(family.seriesOf(object, context));
    for (const [at, column] of columns.entries()) column.push(values[at] ?? Number.NaN);
  }
  return { metrics: withPrefix(prefix, family.metrics), series, columns };
}

async function sumOf<T>(
  family: ObjectFamily<T>,
  context: MetricsContext,
  prefix: string,
): Promise<MetricTable> {
  const pace = new SamplingPace();
  const values = new Float64Array(family.metrics.length);
  const sums = new Float64Array(family.metrics.length);
  // Counters in one go, a tenth of a microsecond for each object: one that ends in between would count twice, and later once.
  const hasCounters = family.readEnded !== undefined;
  for (const object of family.objects(context)) {
    if (!hasCounters && pace.isDue()) await pace.pause();
    family.read(object, values, context);
    addTo(sums, values);
  }
  values.fill(0);
  family.readEnded?.(context, values);
  addTo(sums, values);
  return {
    metrics: withPrefix(prefix, family.metrics),
    series: [""],
    columns: Array.from(sums, (sum) => [sum]),
  };
}

function addTo(sums: Float64Array, values: Float64Array): void {
  for (let at = 0; at < sums.length; at++) (sums[at] as number) += values[at] as number;
}
