import type { Caller } from "../caller.ts";
import { CliError, failed, UsageError } from "../cli-error.ts";
import { EXIT } from "../exit-code.ts";
import { arg, type Command, type Input, NOTHING, type Output } from "./command.ts";

const FOREVER = { timeoutMs: Number.POSITIVE_INFINITY };

/** RabbitMQ's default for waiting, milliseconds. */
const AWAIT_DEFAULT_MS = 300_000;
const GRACE_MS = 5000;

export const CLUSTER_COMMANDS: readonly Command[] = [
  {
    name: "join_cluster",
    group: "Cluster",
    tools: ["rabbitmqctl"],
    usage: "[--disc|--ram] <existing_cluster_member>",
    summary: "Makes the node a member of the cluster that another node is in",
    details: [
      ["<existing_cluster_member>", "its name: rabbit@host, or rabbit@host:port"],
      ["--ram, --disc", "accepted; every member keeps everything on its disk"],
    ],
    count: [1, 1],
    options: ["disc", "ram"],
    needs: "stopped",
    check: ({ options }) => {
      if (options.disc === true && options.ram === true) {
        throw new UsageError(EXIT.data, "Bad argument: The node type must be either disc or ram.");
      }
    },
    banner: (input) => `Clustering node ${input.node} with ${arg(input, 0)}`,
    run: async (input, caller) => {
      const nodeType = input.options.ram === true ? "ram" : "disc";
      const params = { target: arg(input, 0), nodeType };
      const result = await caller.call("join_cluster", params, FOREVER);
      if (result !== "already_member") return NOTHING;
      return { kind: "text", text: "The node is already a member of this cluster" };
    },
    explain: (code, message, { node }) =>
      code === "itself"
        ? failed(EXIT.software, `Error: cannot cluster node with itself: ${node}`)
        : explainPeer(code, message),
  },
  {
    name: "forget_cluster_node",
    group: "Cluster",
    tools: ["rabbitmqctl"],
    usage: "[--offline] <existing_cluster_member_node>",
    summary: "Removes a member that will not come back",
    details: [["--offline", "on a stopped node, when no other member can be reached"]],
    count: [1, 1],
    needs: "any",
    isBannerFirst: true,
    banner: (input) => `Removing node ${arg(input, 0)} from the cluster`,
    run: async (input, caller) => {
      const params = { name: arg(input, 0), offline: input.options.offline === true };
      return warnings(await caller.call("forget_cluster_node", params, FOREVER));
    },
    explain: explainForget,
  },
  {
    name: "force_boot",
    group: "Cluster",
    tools: ["rabbitmqctl"],
    usage: "",
    summary: "The next start waits for no other member",
    count: [0, 0],
    needs: "stopped",
    run: async (_input, caller) => warnings(await caller.call("force_boot", {}, FOREVER)),
  },
  {
    name: "force_reset",
    group: "Cluster",
    tools: ["rabbitmqctl"],
    usage: "",
    summary: "Forgets all data without telling the other members",
    count: [0, 0],
    needs: "stopped",
    banner: ({ node }) => `Forcefully resetting node ${node} ...`,
    run: async (_input, caller) => {
      await caller.call("force_reset", {}, FOREVER);
      return NOTHING;
    },
  },
  {
    name: "await_online_nodes",
    group: "Cluster",
    tools: ["rabbitmqctl"],
    usage: "<count>",
    hasTimeout: true,
    summary: "Waits until so many members run",
    count: [1, 1],
    needs: "any",
    check: (input) => {
      if (/^[1-9]\d*$/.test(arg(input, 0))) return;
      throw new UsageError(EXIT.data, "Bad argument: Node count must be a positive integer");
    },
    banner: (input) => {
      const seconds = (input.timeoutMs ?? AWAIT_DEFAULT_MS) / 1000;
      return `Will wait for at least ${arg(input, 0)} nodes to join the cluster of ${input.node}. Timeout: ${seconds} seconds.`;
    },
    run: async (input, caller) => {
      const timeoutMs = input.timeoutMs ?? AWAIT_DEFAULT_MS;
      const params = { count: Number(arg(input, 0)), timeoutMs };
      await caller.call("await_online_nodes", params, { timeoutMs: timeoutMs + GRACE_MS });
      return NOTHING;
    },
    explain: (code, _message, { node }) =>
      code === "timeout"
        ? failed(
            EXIT.software,
            `Error: timed out while waiting. Not enough nodes joined ${node}'s cluster.`,
          )
        : undefined,
  },
  {
    name: "change_cluster_node_type",
    group: "Cluster",
    tools: ["rabbitmqctl"],
    usage: "<disc | ram>",
    summary: "Accepted; every member keeps everything on its disk",
    count: [1, 1],
    needs: "stopped",
    check: (input) => {
      if (["disc", "disk", "ram"].includes(arg(input, 0))) return;
      throw new UsageError(EXIT.data, "Bad argument: The node type must be either disc or ram.");
    },
    banner: (input) => `Turning ${input.node} into a ${arg(input, 0)} node`,
    run: async (input): Promise<Output> =>
      arg(input, 0) === "ram"
        ? { kind: "text", text: "Leveret has no ram nodes: the node stays a disc node" }
        : { kind: "text", text: "Node type is already disc" },
  },
  {
    name: "update_cluster_nodes",
    group: "Cluster",
    tools: ["rabbitmqctl"],
    usage: "<seed_node>",
    summary: "Learns from a member who the members are and where",
    count: [1, 1],
    needs: "stopped",
    banner: (input) => `Will seed ${input.node} from ${arg(input, 0)} on next start`,
    run: async (input, caller) => {
      await caller.call("update_cluster_nodes", { seed: arg(input, 0) }, FOREVER);
      return NOTHING;
    },
    explain: explainPeer,
  },
  {
    name: "rename_cluster_node",
    group: "Cluster",
    tools: ["rabbitmqctl"],
    usage: "<oldnode1> <newnode1> [oldnode2] [newnode2] ...",
    summary:
      "Not needed: members are told apart by numbers, and say their new names when they start",
    count: [2, Number.POSITIVE_INFINITY],
    needs: "none",
    run: async (_input: Input, _caller: Caller) => {
      const text =
        "DEPRECATED. Members are told apart by numbers that never change: stop the node, start it with its new name " +
        "(--node-name) on the same data directory, and it announces the name to the others";
      throw failed(EXIT.unavailable, text);
    },
  },
];

/** A change of the membership by force says what may be lost. */
function warnings(answer: unknown): Output {
  const { warnings: texts } = answer as { readonly warnings: readonly string[] }; // As its handlers send it.
  return texts.length === 0 ? NOTHING : { kind: "text", text: texts.join("\n") };
}

function explainPeer(code: string, message: string): CliError | undefined {
  if (code !== "unreachable" && code !== "inconsistent_cluster") return undefined;
  return new CliError(EXIT.unavailable, `Error:\n${message}`);
}

function explainForget(code: string, message: string, input: Input): CliError | undefined {
  const name = arg(input, 0);
  switch (code) {
    case "not_a_cluster_node":
      return failed(
        EXIT.unavailable,
        "{:not_a_cluster_node, 'The node selected is not in the cluster.'}",
      );
    // A node that is asked runs.
    case "itself":
    case "node_running":
      return failed(
        EXIT.unavailable,
        `RabbitMQ on node ${name} must be stopped with 'rabbitmqctl -n ${name} stop_app' before it can be removed`,
      );
    default:
      return explainPeer(code, message);
  }
}
