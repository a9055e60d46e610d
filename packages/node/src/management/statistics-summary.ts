import type { JsonObject, SampleWindows, StatisticsScope } from "@leveret/management";
import type { BrokerNode } from "../broker/broker-node.ts";
import { CHURN_FIGURES, NODE_FIGURES, VHOST_FIGURES } from "../statistics/figures.ts";
import { addReadings, detailed, lengthStats, messageStats } from "../statistics/figures-json.ts";
import type { Reading } from "../statistics/history.ts";

/** What a node says of its own clients, and of the queues that it leads. */
export interface NodeSummary {
  /** NODE_FIGURES if of all vhosts, else VHOST_FIGURES. */
  readonly reading: Reading;
  readonly connections: number;
  readonly channels: number;
  readonly consumers: number;
}

const NOTHING: Reading = { values: [], rates: [], samples: {} };

/** Of this node. */
export function ownSummary(
  { broker, figures }: BrokerNode,
  { vhosts, windows }: StatisticsScope,
): NodeSummary {
  return {
    reading:
      vhosts === undefined
        ? figures.statistics.node(windows)
        : sumOfVhosts(figures.statistics.vhosts(windows), vhosts),
    ...clientCounts(broker, vhosts === undefined ? undefined : new Set(vhosts)),
  };
}

function sumOfVhosts(readings: ReadonlyMap<string, Reading>, vhosts: readonly string[]): Reading {
  return addReadings(vhosts.flatMap((name) => readings.get(name) ?? [])) ?? NOTHING;
}

/** Clients that have opened one of these vhosts. */
function clientCounts(
  { connections }: BrokerNode["broker"],
  vhosts: ReadonlySet<string> | undefined,
): Omit<NodeSummary, "reading"> {
  const counts = { connections: 0, channels: 0, consumers: 0 };
  for (const { isRunning, vhost, channels } of connections) {
    if (!isRunning || vhost === undefined) continue;
    if (vhosts !== undefined && !vhosts.has(vhost.name)) continue;
    counts.connections++;
    counts.channels += channels.size;
    for (const { consumers } of channels.values()) counts.consumers += consumers.size;
  }
  return counts;
}

/** What GET /overview shows of the sum of these. `declared`: what all nodes know. */
export function overviewOf(
  summaries: readonly NodeSummary[],
  declared: { readonly exchanges: number; readonly queues: number },
  { vhosts, windows }: StatisticsScope,
): JsonObject {
  const names = vhosts === undefined ? NODE_FIGURES : VHOST_FIGURES;
  const reading = addReadings(summaries.map((summary) => summary.reading)) ?? NOTHING;
  const shown = { names, reading, windows };
  return {
    message_stats: messageStats(shown, MESSAGE_NAMES),
    ...(vhosts === undefined && { churn_rates: detailed(shown, CHURN_FIGURES, "msg_rates") }),
    queue_totals: lengthStats(shown),
    object_totals: {
      channels: total(summaries, "channels"),
      connections: total(summaries, "connections"),
      consumers: total(summaries, "consumers"),
      exchanges: declared.exchanges,
      queues: declared.queues,
    },
  };
}

function total(
  summaries: readonly NodeSummary[],
  key: "connections" | "channels" | "consumers",
): number {
  return summaries.reduce((sum, summary) => sum + summary[key], 0);
}

/** In the order in which they are shown. */
const MESSAGE_NAMES: readonly string[] = [
  "ack",
  "confirm",
  "deliver",
  "deliver_no_ack",
  "drop_unroutable",
  "get",
  "get_empty",
  "get_no_ack",
  "publish",
  "redeliver",
  "return_unroutable",
];

/** What GET /vhosts adds to a vhost. */
export function vhostFigures(reading: Reading, windows: SampleWindows): JsonObject {
  const shown = { names: VHOST_FIGURES, reading, windows };
  return {
    ...lengthStats(shown),
    ...detailed(shown, ["recv_oct", "send_oct"], "data_rates"),
    message_stats: messageStats(shown, MESSAGE_NAMES),
  };
}
