/** As in a TYPE line. Whatever is a counter never falls while the node runs. */
export type MetricType = "counter" | "gauge" | "histogram" | "untyped";

export interface Metric {
  /** Whole: `rabbitmq_queue_messages_ready`. */
  readonly name: string;
  readonly type: MetricType;
  readonly help: string;
}

/** Metrics that the same objects have. */
export interface MetricTable {
  readonly metrics: readonly Metric[];
  /**
   * One for each object: what follows the name in its lines, as `seriesOf` makes it: `{vhost="/",queue="q"}`, or nothing. Of histograms
   * with the suffix in front: `_bucket{le="100"}`.
   */
  readonly series: readonly string[];
  /** For each metric a column with one value for each object; NaN: that object does not have it. */
  readonly columns: readonly ArrayLike<number>[];
}

/**
 * "aggregated": sums over objects; "per-object": each object by itself; "detailed": each object, of chosen families; "memory-breakdown": what
 * the memory is used for.
 */
export type MetricsEndpoint = "aggregated" | "per-object" | "detailed" | "memory-breakdown";

export interface MetricsRequest {
  readonly endpoint: MetricsEndpoint;
  /** Of "detailed": RabbitMQ's names of families. */
  readonly families: readonly string[];
  /** Objects of these vhosts only; undefined: of all. */
  readonly vhosts: readonly string[] | undefined;
}

/** Metrics of this node, for Prometheus. */
export interface Metrics {
  /** Works in slices, and lets other work in between. No name comes in two tables. @throws RefusedError "not_running" */
  tables(request: MetricsRequest): AsyncIterable<MetricTable>;
}
