import { ControlError } from "@leveret/control";
import type { Caller } from "../caller.ts";
import { failed, UsageError } from "../cli-error.ts";
import { EXIT } from "../exit-code.ts";
import { jsonTerm, type Term, termText } from "../formatters/erlang-term.ts";
import { type ClusterStatus, clusterStatusJson, clusterStatusText } from "./cluster-status-text.ts";
import { type Command, NOTHING, type Output } from "./command.ts";
import { isUnit } from "./memory-unit.ts";
import { type NodeStatus, statusText } from "./status-text.ts";

const BOTH = ["rabbitmqctl", "rabbitmq-diagnostics"] as const;

const DEPRECATED_HEALTH_CHECK = [
  "This command is DEPRECATED and will be removed in a future version.",
  "It performs intrusive, opinionated health checks and requires a fully booted node.",
  "Use one of the options covered in https://www.rabbitmq.com/monitoring.html#health-checks instead.",
].join("\n");

export const NODE_COMMANDS: readonly Command[] = [
  {
    name: "status",
    group: "Monitoring, observability and health checks",
    tools: BOTH,
    usage: "[--unit <unit>]",
    hasTimeout: true,
    summary: "Shows what a node is doing, and what it uses",
    count: [0, 0],
    options: ["unit"],
    needs: "running",
    banner: ({ node }) => `Status of node ${node} ...`,
    run: async ({ options: { unit } }, caller) => status(caller, unit),
    check: ({ options: { unit = "gb" } }) => {
      if (isUnit(unit)) return;
      throw new UsageError(
        EXIT.usage,
        `"unit '${unit}' is not supported. Please use one of: bytes, mb, gb"`,
      );
    },
  },
  {
    name: "ping",
    group: "Monitoring, observability and health checks",
    tools: BOTH,
    usage: "",
    hasTimeout: true,
    summary: "Checks that a node's process answers and has the same cookie",
    count: [0, 0],
    needs: "any",
    isBannerFirst: true,
    banner: ({ node, timeoutMs = 60_000 }) =>
      `Will ping ${node}. This only checks if the OS process is running and registered with epmd. Timeout: ${timeoutMs} ms.`,
    run: async () => ({ kind: "text", text: "Ping succeeded" }),
    explain: (code, _message, { node, timeoutMs = 60_000 }) =>
      code === "not_connected"
        ? failed(
            EXIT.unavailable,
            `Failed to connect and authenticate to ${node} in ${timeoutMs} ms`,
          )
        : undefined,
  },
  {
    name: "environment",
    group: "Configuration and Environment",
    tools: BOTH,
    usage: "",
    summary: "Shows the node's configuration, without secrets",
    count: [0, 0],
    needs: "running",
    banner: ({ node }) => `Application environment of node ${node} ...`,
    run: async (_input, caller) => environment(caller),
  },
  {
    name: "cluster_status",
    group: "Cluster",
    tools: BOTH,
    usage: "",
    hasTimeout: true,
    summary: "Shows the members of the cluster, and who of them runs",
    count: [0, 0],
    needs: "any",
    banner: ({ node }) => `Cluster status of node ${node} ...`,
    run: async (_input, caller) => {
      const answer = (await caller.call("cluster_status", {})) as ClusterStatus; // As its handler sends it.
      return { kind: "text", text: clusterStatusText(answer), value: clusterStatusJson(answer) };
    },
  },
  {
    name: "node_health_check",
    group: "Deprecated",
    tools: BOTH,
    usage: "",
    hasTimeout: true,
    summary: "DEPRECATED. Checks that the app runs and no alarm is set",
    count: [0, 0],
    needs: "running",
    banner: ({ node, timeoutMs = 70_000 }) =>
      `${DEPRECATED_HEALTH_CHECK}\nTimeout: ${timeoutMs / 1000} seconds ...\nChecking health of node ${node} ...`,
    run: async (_input, caller) => {
      const { alarms } = (await caller.call("cluster_status", {})) as ClusterStatus; // As its handler sends it.
      if (alarms.length === 0) return { kind: "text", text: "Health check passed" };
      const terms = alarms.map(({ node, resource }) => `{resource_limit,${resource},${node}}`);
      const text = `resource alarm(s) in effect:[${terms.join(",")}]`;
      throw failed(EXIT.software, `Error: health check failed. Message: ${text}`);
    },
  },
  {
    name: "await_startup",
    group: "Nodes",
    tools: ["rabbitmqctl"],
    usage: "",
    hasTimeout: true,
    summary: "Waits until the node serves clients",
    count: [0, 0],
    needs: "any",
    run: async ({ timeoutMs = 300_000 }, caller) => {
      await caller.call("await_startup", { timeoutMs }, { timeoutMs: timeoutMs + GRACE_MS });
      return NOTHING;
    },
    explain: (code) =>
      code === "timeout" || code === "app_not_running"
        ? failed(EXIT.unavailable, "rabbit_is_not_running")
        : undefined,
  },
  {
    name: "start_app",
    group: "Nodes",
    tools: ["rabbitmqctl"],
    usage: "",
    summary: "Starts the broker in a node whose app was stopped",
    count: [0, 0],
    needs: "any",
    isBannerFirst: true,
    banner: ({ node }) => `Starting node ${node} ...`,
    run: (_input, caller) => longCall(caller, "start_app"),
  },
  {
    name: "stop_app",
    group: "Nodes",
    tools: ["rabbitmqctl"],
    usage: "",
    summary: "Stops the broker; the node's process lives on and answers this tool",
    count: [0, 0],
    needs: "any",
    isBannerFirst: true,
    banner: ({ node }) => `Stopping rabbit application on node ${node} ...`,
    run: (_input, caller) => longCall(caller, "stop_app"),
  },
  stop("stop", "[--idempotent] [<pidfile>]", "Stops the node's process"),
  stop("shutdown", "[--wait]", "Stops the node's process, as stop"),
  {
    name: "reset",
    group: "Nodes",
    tools: ["rabbitmqctl"],
    usage: "",
    summary: "Leaves the cluster and forgets all data",
    count: [0, 0],
    needs: "stopped",
    banner: ({ node }) => `Resetting node ${node} ...`,
    run: (_input, caller) => longCall(caller, "reset"),
    explain: (code, message) =>
      code === "unreachable"
        ? failed(
            EXIT.unavailable,
            `{:no_running_cluster_nodes, 'You cannot leave a cluster if no online nodes are present.'}\n${message}`,
          )
        : undefined,
  },
];

/** What the node may take longer than it was told, before the link is taken for dead. */
const GRACE_MS = 5000;

/** Changes of a node's state take as long as they take. */
async function longCall(caller: Caller, method: string): Promise<Output> {
  await caller.call(method, {}, { timeoutMs: Number.POSITIVE_INFINITY });
  return NOTHING;
}

function stop(name: string, usage: string, summary: string): Command {
  return {
    name,
    group: "Nodes",
    tools: ["rabbitmqctl"],
    usage,
    hasTimeout: name === "shutdown",
    summary,
    count: [0, 1],
    options: ["idempotent", "wait"],
    needs: "any",
    banner: ({ node }) =>
      name === "stop"
        ? `Stopping and halting node ${node} ...`
        : `Shutting down RabbitMQ node ${node} ...`,
    run: (_input, caller) => stopAndWait(caller),
  };
}

/** The process ends while it is asked to tell when: that is the answer. */
async function stopAndWait(caller: Caller): Promise<Output> {
  try {
    await longCall(caller, "stop");
    await longCall(caller, "await_exit");
  } catch (error) {
    if (!(error instanceof ControlError) || error.code !== "disconnected") throw error;
  }
  return NOTHING;
}

async function status(caller: Caller, unit = "gb"): Promise<Output & { kind: "text" }> {
  const answer = (await caller.call("status", {})) as NodeStatus; // As its handler sends it.
  return { kind: "text", text: statusText(answer, unit), value: answer };
}

async function environment(caller: Caller): Promise<Output & { kind: "text" }> {
  const value = await caller.call("environment", {});
  const term: Term = jsonTerm({ leveret: value });
  return { kind: "text", text: termText(term), value };
}
