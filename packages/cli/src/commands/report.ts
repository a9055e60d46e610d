import type { Caller } from "../caller.ts";
import { ROW_FORMATTERS } from "../formatters/format-rows.ts";
import { ACCESS_COMMANDS } from "./access.ts";
import type { Command, Input, StreamItem } from "./command.ts";
import { HOST_COMMANDS } from "./host.ts";
import { LISTING_COMMANDS } from "./listings.ts";
import { NODE_COMMANDS } from "./node.ts";
import { PARAMETER_COMMANDS } from "./parameters.ts";
import { POLICY_COMMANDS } from "./policies.ts";
import { vhostNames } from "./policy-checks.ts";

/** A command whose output is a part of the report. */
interface Section {
  readonly name: string;
  /** Columns, where the command has some. */
  readonly columns?: "all";
}

const SOURCES: ReadonlyMap<string, Command> = new Map(
  [
    ...NODE_COMMANDS,
    ...LISTING_COMMANDS,
    ...HOST_COMMANDS,
    ...ACCESS_COMMANDS,
    ...POLICY_COMMANDS,
    ...PARAMETER_COMMANDS,
  ].map((command) => [command.name, command]),
);

/** In RabbitMQ's order. */
const OF_NODE: readonly Section[] = [
  { name: "status" },
  { name: "cluster_status" },
  { name: "environment" },
  { name: "list_connections", columns: "all" },
  { name: "list_channels", columns: "all" },
  { name: "command_line_arguments" },
  { name: "os_env" },
];
const OF_VHOST: readonly Section[] = [
  { name: "list_queues", columns: "all" },
  { name: "list_exchanges", columns: "all" },
  { name: "list_bindings", columns: "all" },
  { name: "list_permissions" },
  { name: "list_policies" },
  { name: "list_global_parameters" },
  { name: "list_parameters" },
];

export const REPORT_COMMANDS: readonly Command[] = [
  {
    name: "report",
    group: "Monitoring, observability and health checks",
    tools: ["rabbitmqctl", "rabbitmq-diagnostics"],
    usage: "",
    hasTimeout: true,
    summary: "Status, configuration and listings of all vhosts in one text, for bug reports",
    count: [0, 0],
    needs: "running",
    banner: ({ node }) => `Reporting server status of node ${node} ...\n`,
    run: async (input, caller) => ({ kind: "stream", items: reportItems(input, caller) }),
  },
];

async function* reportItems(input: Input, caller: Caller): AsyncIterable<StreamItem> {
  for (const section of OF_NODE) yield* sectionItems(section, input, caller);
  for (const vhost of await vhostNames(caller)) {
    for (const section of OF_VHOST) yield* sectionItems(section, { ...input, vhost }, caller);
  }
}

async function* sectionItems(
  { name, columns }: Section,
  input: Input,
  caller: Caller,
): AsyncIterable<StreamItem> {
  const command = SOURCES.get(name);
  if (command === undefined) return;
  const args = columns === undefined ? [] : columnsNamed(command);
  const own = { ...input, args, options: {} };
  yield { text: command.banner?.(own) ?? "", value: { section: name, vhost: input.vhost } };
  const output = await command.run(own, caller);
  if (output.kind === "text") yield { text: output.text, value: output.value ?? output.text };
  if (output.kind === "rows") {
    const format = ROW_FORMATTERS.table;
    for await (const piece of format({ ...output, hasHeader: output.isBare !== true })) {
      const text = piece.trimEnd();
      yield { text, value: text };
    }
  }
  yield { text: "", value: "" };
}

/** As the command's help names them. */
function columnsNamed({ details = [] }: Command): readonly string[] {
  const [, text = ""] = details.find(([what]) => what === "<column>") ?? [];
  return text.replace("must be one of ", "").split(", ");
}
