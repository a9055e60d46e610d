import type { JsonObject, SampleWindows } from "@leveret/management";
import type { BrokerNode } from "../broker/broker-node.ts";
import { CHURN_FIGURES, NODE_FIGURES } from "../statistics/figures.ts";
import { detailed } from "../statistics/figures-json.ts";
import { NODE_GAUGES } from "../statistics/node-figures.ts";

/** RabbitMQ's default for Erlang processes: there is no such limit here, and tools show what is used as a part of it. */
const PROCESSES_MAX = 1_048_576;

/** Figures of this node in GET /nodes, with their details. */
export function nodeFigures({ figures }: BrokerNode, windows: SampleWindows): JsonObject {
  const { statistics, process: ofProcess, disk } = figures;
  const gauges = { names: NODE_GAUGES, reading: statistics.gauges(windows), windows };
  const churn = { names: NODE_FIGURES, reading: statistics.node(windows), windows };
  const maxFiles = ofProcess.maxFiles ?? 0;
  return {
    fd_total: maxFiles,
    sockets_total: maxFiles,
    proc_total: PROCESSES_MAX,
    // How late the event loop comes to its work, in ms: what waits for a processor elsewhere waits for it here.
    run_queue: Math.round(ofProcess.delay.mean * 1000),
    io_read_avg_time: average(disk?.readSeconds, disk?.reads),
    io_write_avg_time: average(disk?.writeSeconds, disk?.writes),
    io_sync_avg_time: average(disk?.syncSeconds, disk?.syncs),
    ...detailed(gauges, NODE_GAUGES, "node_stats"),
    ...detailed(churn, CHURN_FIGURES, "node_stats"),
  };
}

/** Milliseconds. */
function average(seconds = 0, count = 0): number {
  return count === 0 ? 0 : (seconds * 1000) / count;
}
