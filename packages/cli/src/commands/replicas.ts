import type { Row } from "../cell.ts";
import { CliError, UsageError } from "../cli-error.ts";
import { EXIT } from "../exit-code.ts";
import { arg, type Command, type Input, NOTHING, type Output, type Tool } from "./command.ts";
import { each, rowsFrom } from "./listing.ts";

const QUEUES: readonly Tool[] = ["rabbitmq-queues"];
const CHECKS: readonly Tool[] = ["rabbitmq-queues", "rabbitmq-diagnostics"];
const STATUS_COLUMNS = [
  ...["Node Name", "Raft State", "Log Index", "Commit Index", "Snapshot Index", "Term"],
  "Machine Version",
];
const BALANCE_COLUMNS = [
  "Node name",
  "Number of quorum queues",
  "Number of replicated classic queues",
];
const CHANGE_COLUMNS = ["vhost", "name", "size", "result"];

/** Which queues: regular expressions, everything by default. */
function selectionOf({ options }: Input): Readonly<Record<string, string>> {
  return {
    vhostPattern: options["vhost-pattern"] ?? ".*",
    queuePattern: options["queue-pattern"] ?? ".*",
  };
}

function memberParams(input: Input): Readonly<Record<string, string>> {
  return { vhost: input.vhost, name: arg(input, 0), node: arg(input, 1) };
}

export const REPLICA_COMMANDS: readonly Command[] = [
  {
    name: "quorum_status",
    group: "Monitoring, observability and health checks",
    tools: CHECKS,
    usage: "[--vhost <vhost>] <queue>",
    summary: "Shows the state of each replica of a queue",
    count: [1, 1],
    needs: "running",
    banner: (input) => `Status of quorum queue ${arg(input, 0)} on node ${input.node} ...`,
    run: async (input, caller) => ({
      kind: "rows",
      columns: STATUS_COLUMNS,
      rows: rowsFrom(caller, "quorum_status", { vhost: input.vhost, name: arg(input, 0) }),
      formatter: "pretty_table",
    }),
    explain: (code) =>
      code === "not_supported"
        ? new CliError(EXIT.unavailable, "Error:\nCannot get quorum status of a classic queue")
        : undefined,
  },
  {
    name: "rebalance",
    group: "Cluster",
    tools: QUEUES,
    usage: "< all | classic | quorum > [--vhost-pattern <pattern>] [--queue-pattern <pattern>]",
    summary: "Spreads the leaders of queues evenly over the nodes that run",
    count: [1, 1],
    options: ["vhost-pattern", "queue-pattern"],
    needs: "running",
    banner: (input) => (isKind(arg(input, 0)) ? rebalanceBanner(arg(input, 0)) : undefined),
    run: async (input, caller): Promise<Output> => {
      const kind = arg(input, 0);
      if (!isKind(kind)) {
        const text = `type ${kind} is not supported. Try one of all, classic, quorum.`;
        throw new CliError(EXIT.unavailable, `Error:\n${text}`);
      }
      const rows = rowsFrom(caller, "rebalance", { kind, ...selectionOf(input) });
      return { kind: "rows", columns: BALANCE_COLUMNS, rows, formatter: "pretty_table" };
    },
  },
  {
    name: "grow",
    group: "Cluster",
    tools: QUEUES,
    usage: "<node> <all | even> [--vhost-pattern <pattern>] [--queue-pattern <pattern>]",
    summary: "Adds a replica on a node to quorum queues",
    count: [2, 2],
    options: ["vhost-pattern", "queue-pattern", "errors-only", "membership"],
    needs: "running",
    check: (input) => {
      const strategy = arg(input, 1);
      if (strategy === "all" || strategy === "even") return;
      throw new UsageError(EXIT.usage, `"strategy '${strategy}' is not recognised."`);
    },
    banner: (input) => `Growing ${arg(input, 1)} quorum queues on ${arg(input, 0)}...`,
    run: async (input, caller) => {
      const [node, strategy] = input.args;
      const rows = rowsFrom(caller, "grow", { node, strategy, ...selectionOf(input) });
      return changes(rows, input.options["errors-only"] === true);
    },
  },
  {
    name: "shrink",
    group: "Cluster",
    tools: QUEUES,
    usage: "<node> [--errors-only]",
    summary: "Removes the replicas on a node of quorum queues",
    count: [1, 1],
    options: ["errors-only"],
    needs: "running",
    banner: (input) => `Shrinking quorum queues on ${arg(input, 0)}...`,
    run: async (input, caller) => {
      const rows = rowsFrom(caller, "shrink", { node: arg(input, 0) });
      return changes(rows, input.options["errors-only"] === true);
    },
  },
  {
    name: "add_member",
    group: "Replication",
    tools: QUEUES,
    usage: "[--vhost <vhost>] <queue> <node>",
    hasTimeout: true,
    summary: "Adds a replica of a quorum queue on a node",
    count: [2, 2],
    options: ["membership"],
    needs: "running",
    banner: (input) => `Adding a replica for queue ${arg(input, 0)} on node ${arg(input, 1)}...`,
    run: async (input, caller) => {
      await caller.call("add_member", memberParams(input));
      return NOTHING;
    },
    explain: (code) => explainMember(code, "Cannot add members to a classic queue"),
  },
  {
    name: "delete_member",
    group: "Replication",
    tools: QUEUES,
    usage: "[--vhost <vhost>] <queue> <node>",
    summary: "Removes the replica of a quorum queue on a node",
    count: [2, 2],
    needs: "running",
    banner: (input) => `Removing a replica of queue ${arg(input, 0)} on node ${arg(input, 1)}...`,
    run: async (input, caller) => {
      await caller.call("delete_member", memberParams(input));
      return NOTHING;
    },
    explain: (code) => explainMember(code, "Cannot delete members from a classic queue"),
  },
  {
    name: "transfer_leadership",
    group: "Replication",
    tools: QUEUES,
    usage: "[--vhost <vhost>] <queue> <node>",
    summary: "Makes the replica on a node the leader of a queue",
    count: [2, 2],
    needs: "running",
    banner: (input) =>
      `Transferring leadership of queue ${arg(input, 0)} to node ${arg(input, 1)}...`,
    run: async (input, caller) => {
      await caller.call("transfer_leadership", memberParams(input));
      return NOTHING;
    },
  },
  critical({
    name: "check_if_node_is_quorum_critical",
    summary: "Fails if queues would have no majority without this node",
    what: "quorum of any quorum queues",
    fine: "There are no quorum queues that would lose their quorum",
    found: "There are quorum queues that would lose their quorum if the target node is shut down",
  }),
  critical({
    name: "check_if_node_is_mirror_sync_critical",
    summary: "Fails if mirrored queues would have no synchronised replica without this node",
    what: "data safety of any classic mirrored queues",
    fine: "There are no classic mirrored queues without online synchronised mirrors",
    found:
      "There are classic mirrored queues that would have no online synchronised mirror if the target node is shut down",
  }),
];

function isKind(kind: string): boolean {
  return ["all", "classic", "quorum", "stream"].includes(kind);
}

function rebalanceBanner(kind: string): string {
  return kind === "all"
    ? "Re-balancing leaders of all queues..."
    : `Re-balancing leaders of ${kind} queues...`;
}

/** Rows of what was changed; RabbitMQ prints an empty line if there was nothing. */
async function changes(rows: AsyncIterable<Row>, onlyErrors: boolean): Promise<Output> {
  const shown: Row[] = [];
  for await (const row of rows) if (!onlyErrors || row[3] !== "ok") shown.push(row);
  if (shown.length === 0) return { kind: "text", text: "", value: [] };
  return { kind: "rows", columns: CHANGE_COLUMNS, rows: each(shown) };
}

function explainMember(code: string, classicText: string): CliError | undefined {
  const text = code === "not_supported" ? classicText : MEMBER_REFUSALS.get(code);
  return text === undefined ? undefined : new CliError(EXIT.unavailable, `Error:\n${text}`);
}

const MEMBER_REFUSALS: ReadonlyMap<string, string> = new Map([
  ["last_member", "last_node"],
  ["unreachable", "node_not_running"],
  ["not_a_cluster_node", "node_not_running"],
]);

/** What the node answers: "single": the question makes no sense; otherwise names of queues. */
type CriticalAnswer = "single" | readonly string[];

function critical(texts: {
  readonly name: string;
  readonly summary: string;
  readonly what: string;
  readonly fine: string;
  readonly found: string;
}): Command {
  return {
    name: texts.name,
    group: "Monitoring, observability and health checks",
    tools: CHECKS,
    usage: "",
    hasTimeout: true,
    summary: texts.summary,
    count: [0, 0],
    needs: "running",
    banner: ({ node }) => `Checking if node ${node} is critical for ${texts.what} ...`,
    run: async (input, caller): Promise<Output> => {
      const answer = (await caller.call(texts.name, {})) as CriticalAnswer; // As its handler sends it.
      if (answer === "single") {
        const rest = "seems to be the only one in a single node cluster, the check does not apply";
        const value = { message: `Target node ${rest}`, result: "ok" };
        return { kind: "text", text: `Node ${input.node} ${rest}`, value };
      }
      if (answer.length === 0) return { kind: "text", text: texts.fine };
      throw new CliError(EXIT.unavailable, `Error:\n${texts.found}:\n${answer.join("\n")}`);
    },
  };
}
