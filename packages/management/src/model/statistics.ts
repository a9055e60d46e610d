import type { JsonObject } from "./json.ts";

/** Which samples of the past are wanted: one each `stepMs`, from `endMs` back to `endMs - ageMs`. */
export interface SampleRange {
  readonly endMs: number;
  readonly ageMs: number;
  readonly stepMs: number;
}

/** Kinds of figures whose past is asked for apart from the others, named as in queries: `msg_rates_age` and so on. */
export type WindowName = "lengths" | "msg_rates" | "data_rates" | "node_stats";
export type SampleWindows = Readonly<Partial<Record<WindowName, SampleRange>>>;

/** Of which vhosts sums are made. */
export interface StatisticsScope {
  /** undefined: of all; then churn is among the sums. */
  readonly vhosts: readonly string[] | undefined;
  readonly windows: SampleWindows;
}

/** What has changed since the last one, or all of it. */
export interface LiveFigures {
  /** By path: `message_stats.publish`. Counts and gauges as they are, and `...rate` per second. */
  readonly figures: ReadonlyMap<string, number>;
  /** ms since the epoch. */
  readonly timeMs: number;
}

/**
 * Figures of the whole cluster, in RabbitMQ's shapes. Counts are exact and of now; rates are those of the last 5 s. Samples are taken each 5 s
 * and kept for a day. A node that does not answer is left out.
 */
export interface Statistics {
  /** message_stats, queue_totals, object_totals, and churn_rates if all vhosts are asked for. */
  overview(scope: StatisticsScope): Promise<JsonObject>;
  /** messages..., message_stats, recv_oct, send_oct of each vhost. */
  vhosts(scope: StatisticsScope): Promise<ReadonlyMap<string, JsonObject>>;
  /** What the memory of a node is used for; undefined: there is no such node, or it does not run. */
  nodeMemory(node: string): Promise<JsonObject | undefined>;
  /** Forgets the past: samples and rates; counts go on. Of one node, or of all. false: there is no such node, or it does not run. */
  reset(node: string | undefined): Promise<boolean>;
  /**
   * Figures of now each second, for as long as somebody listens: rates are those of the last second. All listeners share one look at the
   * cluster. A listener that is slow misses some.
   */
  live(scope: Pick<StatisticsScope, "vhosts">, signal: AbortSignal): AsyncIterable<LiveFigures>;
}
