import { getHeapSpaceStatistics } from "node:v8";
import type { MetricTable } from "@leveret/management";
import { seriesOf } from "@leveret/management";
import { PRODUCT } from "../../product.ts";
import { GC_KINDS } from "../process-figures.ts";
import { counter, gauge, labelledValues, singleValues } from "./metric-spec.ts";
import type { MetricsContext } from "./metrics-context.ts";

const MILLI = 1e-3;
const MICRO = 1e-6;

/** Whose metrics these are: every panel of RabbitMQ's dashboards joins with the second one. */
export function identityTables({ node }: MetricsContext, endpoint: string): MetricTable[] {
  const { config, broker } = node;
  const version = config.product.version ?? PRODUCT.version;
  const build = seriesOf([
    ["rabbitmq_version", version],
    ["prometheus_plugin_version", version],
    ["prometheus_client_version", PRODUCT.productVersion],
    ["erlang_version", process.versions.node],
    ["product_name", config.product.name ?? PRODUCT.name],
    ["product_version", PRODUCT.productVersion],
  ]);
  const identity = seriesOf([
    ["rabbitmq_node", config.node.name],
    ["rabbitmq_cluster", broker.clusterName],
    ["rabbitmq_cluster_permanent_id", node.figures.clusterId ?? config.node.name],
    ["rabbitmq_endpoint", endpoint],
  ]);
  return [
    labelledValues(
      "",
      {
        name: "rabbitmq_build_info",
        type: "untyped",
        help: "Versions; erlang_version is that of Node.js",
      },
      [[build, 1]],
    ),
    labelledValues(
      "",
      { name: "rabbitmq_identity_info", type: "untyped", help: "Node and cluster" },
      [[identity, 1]],
    ),
  ];
}

export function alarmTable(prefix: string, { node }: MetricsContext): MetricTable {
  const own = node.broker.alarms.active.filter((alarm) => alarm.node === node.config.node.name);
  const isSet = (source: "memory" | "disk"): number =>
    own.some((a) => a.source === source) ? 1 : 0;
  return singleValues(prefix, [
    [gauge("alarms_memory_used_watermark", "1: the memory alarm is set"), isSet("memory")],
    [gauge("alarms_free_disk_space_watermark", "1: the disk alarm is set"), isSet("disk")],
  ]);
}

/** RabbitMQ: connection_churn_metrics. */
export function churnTable(prefix: string, { node }: MetricsContext): MetricTable {
  const { churn } = node.broker.traffic;
  return singleValues(prefix, [
    [counter("connections_opened_total", "Connections opened"), churn.connectionsOpened],
    [counter("connections_closed_total", "Connections closed"), churn.connectionsClosed],
    [counter("channels_opened_total", "Channels opened"), churn.channelsOpened],
    [counter("channels_closed_total", "Channels closed"), churn.channelsClosed],
    [counter("queues_declared_total", "Declarations of queues"), churn.queuesDeclared],
    [counter("queues_created_total", "Queues made"), churn.queuesCreated],
    [counter("queues_deleted_total", "Queues deleted"), churn.queuesDeleted],
  ]);
}

/** RabbitMQ: node_coarse_metrics. */
export function coarseTable(prefix: string, { node }: MetricsContext): MetricTable {
  return singleValues(prefix, [
    [gauge("process_open_fds", "Open file descriptors"), node.figures.process.openFiles],
    [gauge("process_open_tcp_sockets", "Sockets of clients"), node.broker.connectionCount],
    [gauge("process_resident_memory_bytes", "Memory of the process"), node.memory.used],
    [gauge("disk_space_available_bytes", "Free space for the data"), node.disk?.free],
  ]);
}

/** RabbitMQ: node_metrics. */
export function limitsTable(prefix: string, { node }: MetricsContext): MetricTable {
  return singleValues(prefix, [
    [gauge("process_max_fds", "File descriptors that may be open"), node.figures.process.maxFiles],
    [gauge("process_max_tcp_sockets", "Sockets that may be open"), node.figures.process.maxFiles],
    [gauge("resident_memory_limit_bytes", "Memory above which publishers wait"), node.memory.limit],
    [
      gauge("disk_space_available_limit_bytes", "Free space below which publishers wait"),
      node.disk?.limit,
    ],
    [gauge("erlang_uptime_seconds", "Time since the process started"), process.uptime()],
  ]);
}

/** RabbitMQ: node_persister_metrics. */
export function diskTable(prefix: string, { node }: MetricsContext): MetricTable {
  const { disk } = node.figures;
  return singleValues(prefix, [
    [counter("io_read_ops_total", "Reads from files of the data directory"), disk?.reads],
    [counter("io_read_bytes_total", "Octets read from them"), disk?.readBytes],
    [counter("io_read_time_seconds_total", "Time of these reads"), disk?.readSeconds],
    [counter("io_write_ops_total", "Writes to files of the data directory"), disk?.writes],
    [counter("io_write_bytes_total", "Octets written to them"), disk?.writeBytes],
    [counter("io_write_time_seconds_total", "Time of these writes"), disk?.writeSeconds],
    [
      counter("io_sync_ops_total", "Syncs, and writes that are durable when they return"),
      disk?.syncs,
    ],
    [counter("io_sync_time_seconds_total", "Time of these"), disk?.syncSeconds],
  ]);
}

export function totalsTable(prefix: string, { node }: MetricsContext): MetricTable {
  const { broker } = node;
  let consumers = 0;
  for (const { channels } of broker.connections) {
    for (const channel of channels.values()) consumers += channel.consumers.size;
  }
  let queues = 0;
  for (const vhost of broker.vhosts.values()) {
    for (const queue of vhost.queues.values()) if (queue.isServing) queues++;
  }
  return singleValues(prefix, [
    [gauge("connections", "Connections that are open"), broker.openConnectionCount],
    [gauge("channels", "Channels that are open"), broker.channelCount],
    [gauge("consumers", "Consumers of channels of this node"), consumers],
    [gauge("queues", "Queues that this node leads"), queues],
  ]);
}

/** How the JavaScript engine and its event loop fare. */
export function runtimeTables({ node }: MetricsContext): MetricTable[] {
  const { process: figures } = node.figures;
  const { active, idle } = figures.loop;
  const { mean, p50, p99, max } = figures.delay;
  const { user, system } = process.cpuUsage();
  const memory = process.memoryUsage();
  return [
    singleValues("leveret_", [
      [counter("event_loop_active_seconds_total", "Time the event loop worked"), active * MILLI],
      [
        counter("event_loop_idle_seconds_total", "Time the event loop waited for work"),
        idle * MILLI,
      ],
      [counter("process_cpu_seconds_total", "CPU time of all threads"), (user + system) * MICRO],
      [gauge("heap_used_bytes", "Objects on V8's heap"), memory.heapUsed],
      [gauge("heap_total_bytes", "V8's heap"), memory.heapTotal],
      [
        gauge("external_bytes", "Memory of buffers and other objects outside the heap"),
        memory.external,
      ],
      [
        gauge("event_loop_delay_mean_seconds", "Mean lateness of the event loop, last minute"),
        mean,
      ],
    ]),
    labelledValues(
      "leveret_",
      gauge("event_loop_delay_seconds", "Lateness of the event loop in the last minute"),
      [
        [seriesOf([["quantile", "0.5"]]), p50],
        [seriesOf([["quantile", "0.99"]]), p99],
        [seriesOf([["quantile", "1"]]), max],
      ],
    ),
    labelledValues(
      "leveret_",
      counter("gc_runs_total", "Collections of V8, by kind"),
      GC_KINDS.map((kind) => [seriesOf([["kind", kind]]), figures.gc[kind].count]),
    ),
    labelledValues(
      "leveret_",
      counter("gc_seconds_total", "Time of V8's collections, by kind"),
      GC_KINDS.map((kind) => [seriesOf([["kind", kind]]), figures.gc[kind].seconds]),
    ),
    labelledValues(
      "leveret_",
      gauge("heap_space_used_bytes", "V8's heap by space"),
      getHeapSpaceStatistics().map(({ space_name: name, space_used_size: used }) => [
        seriesOf([["space", name]]),
        used,
      ]),
    ),
  ];
}
