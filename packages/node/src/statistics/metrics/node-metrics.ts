import type { Metrics, MetricsRequest, MetricTable } from "@leveret/management";
import type { BrokerNode } from "../../broker/broker-node.ts";
import { authSourceTable, authTable } from "./auth-tables.ts";
import {
  CHANNEL_EXCHANGE,
  CHANNEL_METRICS,
  CHANNEL_QUEUE,
  CONNECTION_COARSE,
  CONNECTION_PACKETS,
} from "./client-families.ts";
import { globalTables } from "./global-tables.ts";
import { memoryTable } from "./memory-table.ts";
import type { MetricsContext } from "./metrics-context.ts";
import {
  alarmTable,
  churnTable,
  coarseTable,
  diskTable,
  identityTables,
  limitsTable,
  runtimeTables,
  totalsTable,
} from "./node-tables.ts";
import { type Family, familyOf } from "./object-family.ts";
import {
  EXCHANGE_METRICS,
  QUEUE_COARSE,
  QUEUE_CONSUMER_COUNT,
  QUEUE_DELIVERY,
  QUEUE_EXCHANGE,
  QUEUE_METRICS,
  QUEUE_PUBLISHES,
} from "./queue-families.ts";
import { latencyTable, RAFT_METRICS, storeTables } from "./store-tables.ts";

/** Of objects, as sums or one by one. */
const OBJECT_FAMILIES: readonly Family[] = [
  familyOf(QUEUE_COARSE),
  familyOf(QUEUE_METRICS),
  familyOf(QUEUE_PUBLISHES),
  familyOf(CHANNEL_METRICS),
  familyOf(CHANNEL_EXCHANGE),
  familyOf(CHANNEL_QUEUE),
  familyOf(CONNECTION_COARSE),
  familyOf(CONNECTION_PACKETS),
  familyOf(RAFT_METRICS),
];

/** Only where they are asked for by name: what they have, the others have in another cut (RabbitMQ). */
const DETAILED_FAMILIES: readonly Family[] = [
  familyOf(QUEUE_CONSUMER_COUNT),
  familyOf(QUEUE_DELIVERY),
  familyOf(QUEUE_EXCHANGE),
  familyOf(EXCHANGE_METRICS),
];

type TableMaker = (prefix: string, context: MetricsContext) => MetricTable;

/** Of the node, by RabbitMQ's names. */
const NODE_FAMILIES: ReadonlyMap<string, TableMaker> = new Map<string, TableMaker>([
  ["connection_churn_metrics", churnTable],
  ["node_coarse_metrics", coarseTable],
  ["node_metrics", limitsTable],
  ["node_persister_metrics", diskTable],
  ["node_memory", memoryTable],
  ["auth_attempt_metrics", authTable],
  ["auth_attempt_detailed_metrics", authSourceTable],
]);

const PREFIX = "rabbitmq_";
const DETAILED_PREFIX = "rabbitmq_detailed_";

/** The metrics of one node. */
export class NodeMetrics implements Metrics {
  readonly #node: () => BrokerNode;

  /** `node` is asked for each scrape. @throws RefusedError "not_running" */
  constructor(node: () => BrokerNode) {
    this.#node = node;
  }

  async *tables(request: MetricsRequest): AsyncIterable<MetricTable> {
    const context = { node: this.#node() };
    yield* identityTables(context, request.endpoint);
    if (request.endpoint === "detailed") yield* detailed(context, request);
    else if (request.endpoint === "memory-breakdown") yield memoryTable(PREFIX, context);
    else yield* whole(context, request);
  }
}

/** Everything. */
async function* whole(
  context: MetricsContext,
  { endpoint, vhosts }: MetricsRequest,
): AsyncIterable<MetricTable> {
  yield alarmTable(PREFIX, context);
  yield churnTable(PREFIX, context);
  yield coarseTable(PREFIX, context);
  yield limitsTable(PREFIX, context);
  yield diskTable(PREFIX, context);
  yield totalsTable(PREFIX, context);
  yield authTable(PREFIX, context);
  if (endpoint === "per-object") yield authSourceTable(PREFIX, context);
  yield* globalTables(PREFIX, context);
  for (const family of OBJECT_FAMILIES) {
    if (endpoint === "aggregated") yield await family.sum(context, PREFIX);
    else yield await family.table(context, { prefix: PREFIX, vhosts: setOf(vhosts) });
  }
  yield await latencyTable(PREFIX, context, endpoint === "per-object");
  yield* storeTables(context);
  yield* runtimeTables(context);
}

/** What is asked for, each metric once. */
async function* detailed(
  context: MetricsContext,
  { families: names, vhosts }: MetricsRequest,
): AsyncIterable<MetricTable> {
  const options = { prefix: DETAILED_PREFIX, vhosts: setOf(vhosts) };
  const seen = new Set<string>();
  for (const name of new Set(names)) {
    const ofNode = NODE_FAMILIES.get(name);
    if (ofNode !== undefined) yield ofNode(DETAILED_PREFIX, context);
    const family = [...OBJECT_FAMILIES, ...DETAILED_FAMILIES].find((each) => each.name === name);
    if (family === undefined) continue;
    yield withoutSeen(await family.table(context, options), seen);
  }
}

/** Two families share a metric: a name may come once only. */
function withoutSeen({ metrics, series, columns }: MetricTable, seen: Set<string>): MetricTable {
  const fresh = metrics.map(({ name }) => !seen.has(name));
  for (const { name } of metrics) seen.add(name);
  return {
    metrics: metrics.filter((_metric, at) => fresh[at]),
    series,
    columns: columns.filter((_column, at) => fresh[at]),
  };
}

function setOf(vhosts: readonly string[] | undefined): ReadonlySet<string> | undefined {
  return vhosts === undefined ? undefined : new Set(vhosts);
}
