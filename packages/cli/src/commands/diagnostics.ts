import { connect } from "node:net";
import type { Caller } from "../caller.ts";
import { CliError, failed, UsageError } from "../cli-error.ts";
import { EXIT } from "../exit-code.ts";
import { alarmText, type ClusterStatus, type ListenerInfo } from "./cluster-status-text.ts";
import { arg, type Command, type Output } from "./command.ts";
import { isUnit, percent, sizeText } from "./memory-unit.ts";
import { listenerText, memoryParts, type NodeStatus } from "./status-text.ts";

const TOOLS = ["rabbitmq-diagnostics"] as const;
const GROUP = "Monitoring, observability and health checks";
/** Of one listener. */
const CONNECT_TIMEOUT_MS = 30_000;

/** The node's answer to `node_state`. */
interface NodeState {
  readonly state: "stopped" | "starting" | "waiting" | "running";
}

export const DIAGNOSTICS_COMMANDS: readonly Command[] = [
  {
    name: "is_running",
    group: GROUP,
    tools: TOOLS,
    usage: "",
    summary: "Says whether the node serves clients",
    count: [0, 0],
    needs: "any",
    banner: ({ node }) => `Asking node ${node} for its status ...`,
    run: async ({ node }, caller) => {
      const isRunning = (await stateOf(caller)) === "running";
      return { kind: "text", text: isRunning ? running(node) : notRunning(node), value: isRunning };
    },
  },
  {
    name: "is_booting",
    group: GROUP,
    tools: TOOLS,
    usage: "",
    summary: "Says whether the node is starting, or waits for other members to start",
    count: [0, 0],
    needs: "any",
    banner: ({ node }) => `Asking node ${node} for its boot status ...`,
    run: async ({ node }, caller): Promise<Output> => {
      const state = await stateOf(caller);
      const isBooting = state === "starting" || state === "waiting";
      const text = isBooting
        ? `RabbitMQ on node ${node} is booting`
        : `RabbitMQ on node ${node} is fully booted (check with is_running), stopped or has not started booting yet`;
      return { kind: "text", text, value: isBooting };
    },
  },
  {
    name: "check_running",
    group: GROUP,
    tools: TOOLS,
    usage: "",
    summary: "Fails unless the node serves clients",
    count: [0, 0],
    needs: "any",
    banner: ({ node }) => `Checking if RabbitMQ is running on node ${node} ...`,
    run: async ({ node }, caller) => {
      if ((await stateOf(caller)) === "running") return { kind: "text", text: running(node) };
      throw failed(EXIT.unavailable, notRunning(node));
    },
  },
  {
    name: "server_version",
    group: GROUP,
    tools: TOOLS,
    usage: "",
    summary: "Says which release of RabbitMQ the node stands in for",
    count: [0, 0],
    needs: "any",
    banner: ({ node }) => `Asking node ${node} for its RabbitMQ version...`,
    run: async (_input, caller) => ({
      kind: "text",
      text: String(await caller.call("server_version", {})),
    }),
  },
  {
    name: "memory_breakdown",
    group: GROUP,
    tools: TOOLS,
    usage: "[--unit <unit>]",
    summary: "Shows what the node's memory is used for",
    details: [["<unit>", "gb (default), mb, bytes"]],
    count: [0, 0],
    options: ["unit"],
    needs: "running",
    check: ({ options: { unit = "gb" } }) => {
      if (isUnit(unit)) return;
      throw new UsageError(
        EXIT.usage,
        `"unit '${unit}' is not supported. Please use one of: bytes, mb, gb"`,
      );
    },
    banner: ({ node }) => `Reporting memory breakdown on node ${node}...`,
    run: async ({ options: { unit = "gb" } }, caller) => {
      const status = (await caller.call("status", {})) as NodeStatus; // As its handler sends it.
      return { kind: "text", text: breakdownText(status, unit), value: status.memory };
    },
  },
  alarms("alarms", false),
  alarms("check_alarms", true),
  {
    name: "check_local_alarms",
    group: GROUP,
    tools: TOOLS,
    usage: "",
    summary: "Fails if the node itself has an alarm",
    count: [0, 0],
    needs: "running",
    banner: ({ node }) => `Asking node ${node} to report any local resource alarms ...`,
    run: async ({ node }, caller) => {
      const name = (await caller.call("node_state", {})) as { readonly node: string }; // As its handler sends it.
      const found = (await clusterStatus(caller)).alarms.filter(
        (alarm) => alarm.node === name.node,
      );
      if (found.length > 0) throw failed(EXIT.unavailable, found.map(alarmText).join("\n"));
      return { kind: "text", text: `Node ${node} reported no local alarms` };
    },
  },
  {
    name: "listeners",
    group: GROUP,
    tools: TOOLS,
    usage: "",
    summary: "Lists the ports on which the node listens",
    count: [0, 0],
    needs: "running",
    banner: ({ node }) => `Asking node ${node} to report its protocol listeners ...`,
    run: async (_input, caller) => {
      const found = await ownListeners(caller);
      return { kind: "text", text: found.map(listenerText).join("\n"), value: found };
    },
  },
  {
    name: "check_port_connectivity",
    group: GROUP,
    tools: TOOLS,
    usage: "",
    summary: "Connects to every port on which the node listens",
    count: [0, 0],
    needs: "running",
    banner: ({ node }) => `Testing TCP connections to all active listeners on node ${node} ...`,
    run: async ({ node }, caller) => {
      const found = await ownListeners(caller);
      const host = node.split("@")[1] ?? "localhost";
      const results = await Promise.all(found.map(({ port }) => canConnect(host, port)));
      const failures = found.filter((_listener, at) => results[at] === false);
      if (failures.length === 0) {
        return {
          kind: "text",
          text: `Successfully connected to ports ${ports(found)} on node ${node}.`,
        };
      }
      const text = `Connection to ports of the following listeners on node ${node} failed:`;
      throw new CliError(
        EXIT.unavailable,
        `Error:\n${text}\n${failures.map(listenerText).join("\n")}`,
      );
    },
  },
  {
    name: "check_port_listener",
    group: GROUP,
    tools: TOOLS,
    usage: "<port>",
    summary: "Fails unless the node listens on a port",
    count: [1, 1],
    needs: "running",
    banner: (input) =>
      `Asking node ${input.node} if there's an active listener on port ${arg(input, 0)} ...`,
    run: async (input, caller) => {
      const found = await ownListeners(caller);
      const port = arg(input, 0);
      if (found.some((listener) => String(listener.port) === port)) {
        return {
          kind: "text",
          text: `A listener for port ${port} is running on node ${input.node}.`,
        };
      }
      const text = `No listener for port ${port} is active on node ${input.node}. `;
      const others = `Found listeners that use the following ports: ${ports(found)}`;
      throw new CliError(EXIT.unavailable, text + others);
    },
  },
  {
    name: "check_protocol_listener",
    group: GROUP,
    tools: TOOLS,
    usage: "<protocol>",
    summary: "Fails unless the node listens for a protocol",
    count: [1, 1],
    needs: "running",
    banner: (input) =>
      `Asking node ${input.node} if there's an active listener for protocol ${arg(input, 0)} ...`,
    run: async (input, caller) => {
      const found = await ownListeners(caller);
      const protocol = arg(input, 0).toLowerCase();
      if (found.some((listener) => listener.protocol === (PROTOCOLS.get(protocol) ?? protocol))) {
        const text = `A listener for protocol ${protocol} is running on node ${input.node}.`;
        return { kind: "text", text };
      }
      const text = `No listener for protocol ${protocol} is active on node ${input.node}. `;
      const names = [...new Set(found.map((listener) => listener.protocol))].join(", ");
      throw failed(
        EXIT.unavailable,
        `${text}Found listeners for the following protocols: ${names}`,
      );
    },
  },
  {
    name: "check_virtual_hosts",
    group: GROUP,
    tools: TOOLS,
    usage: "",
    summary: "Fails unless all vhosts can be used",
    count: [0, 0],
    needs: "running",
    banner: ({ node }) => `Checking if all vhosts are running on node ${node} ...`,
    run: async ({ node }) => ({
      kind: "text",
      text: `Node ${node} reported all vhosts as running`,
    }),
  },
];

/** One line for each use, the largest first, as RabbitMQ shows them. */
function breakdownText(status: Pick<NodeStatus, "memory">, unit: string): string {
  const { rss } = status.memory.total;
  return memoryParts(status)
    .map(([name, size]) => `${name}: ${sizeText(size, unit)} (${percent(size, rss)}%)`)
    .concat("")
    .join("\n");
}

/** Other names of protocols (RabbitMQ: listeners.ex). */
const PROTOCOLS: ReadonlyMap<string, string> = new Map([
  ["amqp091", "amqp"],
  ["amqp0-9-1", "amqp"],
  ["amqps", "amqp/ssl"],
  ["amqp0-9-1s", "amqp/ssl"],
  ["management", "http"],
  ["prometheus", "http/prometheus"],
]);

function alarms(name: "alarms" | "check_alarms", isCheck: boolean): Command {
  return {
    name,
    group: GROUP,
    tools: TOOLS,
    usage: "",
    summary: isCheck ? "Fails if any member has an alarm" : "Lists the alarms of all members",
    count: [0, 0],
    needs: "running",
    banner: ({ node }) =>
      `Asking node ${node} to report any ${isCheck ? "local" : "known"} resource alarms ...`,
    run: async ({ node }, caller): Promise<Output> => {
      const found = (await clusterStatus(caller)).alarms;
      const text = found.map(alarmText).join("\n");
      if (isCheck && found.length > 0) throw new CliError(EXIT.unavailable, text);
      const none = `Node ${node} reported no alarms, local or clusterwide`;
      return { kind: "text", text: found.length === 0 ? none : text };
    },
  };
}

async function stateOf(caller: Caller): Promise<NodeState["state"]> {
  const { state } = (await caller.call("node_state", {})) as NodeState; // As its handler sends it.
  return state;
}

async function clusterStatus(caller: Caller): Promise<ClusterStatus> {
  return (await caller.call("cluster_status", {})) as ClusterStatus; // As its handler sends it.
}

async function ownListeners(caller: Caller): Promise<readonly ListenerInfo[]> {
  const { listeners } = (await caller.call("status", {})) as {
    readonly listeners: readonly ListenerInfo[]; // As its handler sends it.
  };
  return listeners;
}

function ports(listeners: readonly ListenerInfo[]): string {
  return listeners.map(({ port }) => port).join(", ");
}

function running(node: string): string {
  return `RabbitMQ on node ${node} is fully booted and running`;
}

function notRunning(node: string): string {
  return `RabbitMQ on node ${node} is not running or has not fully booted yet (check with is_booting)`;
}

function canConnect(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: CONNECT_TIMEOUT_MS });
    const end = (isOpen: boolean): void => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
    socket.once("timeout", () => end(false));
  });
}
