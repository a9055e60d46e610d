import type { Caller } from "../caller.ts";
import type { Row } from "../cell.ts";
import { type Command, NOTHING } from "./command.ts";
import { rowsFrom } from "./listing.ts";

/** RabbitMQ 4's names of the buckets in which nodes count sizes of messages. */
const SIZES = [
  "below 100B",
  "between 100B and 1KB",
  "between 1KB and 10KB",
  "between 10KB and 100KB",
  "between 100KB and 1MB",
  "between 1MB and 10MB",
  "between 10MB and 50MB",
  "between 50MB and 100MB",
  "above 100MB",
];

/** What nodes have counted. */
export const STATISTICS_COMMANDS: readonly Command[] = [
  {
    name: "message_size_stats",
    group: "Monitoring, observability and health checks",
    tools: ["rabbitmq-diagnostics"],
    usage: "",
    summary: "Shows how large messages were that were published to nodes since their start",
    count: [0, 0],
    needs: "running",
    banner: ({ node }) =>
      `Gathering message size statistics across the cluster using node ${node} ...`,
    run: async (_input, caller) => ({
      kind: "rows",
      formatter: "pretty_table",
      columns: ["Message Size", "Count", "Percentage"],
      rows: sizeRows(caller),
    }),
  },
  {
    name: "reset_stats_db",
    group: "Operations",
    tools: ["rabbitmqctl", "rabbitmq-diagnostics"],
    usage: "[--all]",
    summary: "Forgets the samples of the management API; counts of metrics stay",
    details: [["--all", "on all nodes that run"]],
    count: [0, 0],
    options: ["all"],
    needs: "running",
    banner: ({ node, options }) =>
      options.all === true
        ? "Resetting statistics database in all nodes"
        : `Resetting statistics database on node ${node}`,
    run: async ({ options }, caller) => {
      await caller.call("reset_statistics", { all: options.all === true });
      return NOTHING;
    },
  },
];

async function* sizeRows(caller: Caller): AsyncIterable<Row> {
  const totals = SIZES.map(() => 0);
  for await (const counts of rowsFrom(caller, "message_sizes", {})) {
    counts.forEach((count, at) => {
      totals[at] = (totals[at] ?? 0) + Number(count);
    });
  }
  const all = totals.reduce((sum, count) => sum + count, 0);
  for (const [at, size] of SIZES.entries()) {
    const count = totals[at] ?? 0;
    yield [size, count, (all === 0 ? 0 : (count / all) * 100).toFixed(2)];
  }
}
