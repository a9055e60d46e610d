import type { Caller } from "../caller.ts";
import { failed } from "../cli-error.ts";
import { EXIT } from "../exit-code.ts";
import { arg, type Command, type Input, NOTHING, type StreamItem } from "./command.ts";
import { untilTimeout } from "./until-timeout.ts";

const DIAGNOSTICS = ["rabbitmq-diagnostics"] as const;
const LEVELS = ["debug", "info", "warning", "error", "critical", "none"];
/** RabbitMQ: log_tail. */
const LINES_DEFAULT = 50;

export const LOG_COMMANDS: readonly Command[] = [
  {
    name: "log_location",
    group: "Configuration and Environment",
    tools: DIAGNOSTICS,
    usage: "[--all|-a]",
    summary: "Shows where the node writes its log",
    details: [["--all", "accepted: all places are shown"]],
    count: [0, 0],
    options: ["all"],
    needs: "running",
    banner: ({ node }) => `Log file location(s) on node ${node} ...`,
    run: async (_input, caller) => {
      const { log_files: files } = (await caller.call("status", {})) as {
        readonly log_files: readonly string[]; // As its handler sends it.
      };
      return { kind: "text", text: files.join("\n"), value: files };
    },
  },
  {
    name: "log_tail",
    group: "Monitoring, observability and health checks",
    tools: DIAGNOSTICS,
    usage: "[--number|-N <number>]",
    summary: "Shows the last lines of the node's log, wherever it is written",
    details: [["<number>", "lines, 50 by default; the node keeps 1000"]],
    count: [0, 0],
    options: ["number"],
    needs: "running",
    banner: ({ node, options }) =>
      `Last ${options.number ?? LINES_DEFAULT} log lines on node ${node} ...`,
    run: async ({ options }, caller) => {
      const count = Math.min(options.number ?? LINES_DEFAULT, 1000);
      const lines: string[] = [];
      for await (const line of caller.stream("log_tail", { count })) lines.push(String(line));
      return { kind: "text", text: lines.join("\n"), value: lines };
    },
  },
  {
    name: "log_tail_stream",
    group: "Monitoring, observability and health checks",
    tools: DIAGNOSTICS,
    usage: "[--duration|-d <seconds>]",
    summary: "Shows the lines of the node's log as they are written",
    details: [["<seconds>", "until it ends; without it, it goes on"]],
    count: [0, 0],
    options: ["duration"],
    needs: "running",
    banner: ({ node, options: { duration } }) => {
      const how = duration === undefined ? "" : ` for ${duration} seconds`;
      return `Streaming logs from node ${node}${how} ...`;
    },
    run: async (input, caller) => ({ kind: "stream", items: lineItems(input, caller) }),
  },
  {
    name: "set_log_level",
    group: "Configuration and Environment",
    tools: ["rabbitmqctl"],
    usage: "<log_level>",
    summary: "Sets the level of the node's log until its process ends",
    details: [["<log_level>", LEVELS.join(", ")]],
    count: [1, 1],
    needs: "running",
    check: (input) => {
      if (LEVELS.includes(arg(input, 0))) return;
      const text = `level ${arg(input, 0)} is not supported. Try one of ${LEVELS.join(", ")}`;
      throw failed(EXIT.unavailable, text);
    },
    banner: (input) => `Setting log level to "${arg(input, 0)}" ...`,
    run: async (input, caller) => {
      await caller.call("set_log_level", { level: arg(input, 0) });
      return NOTHING;
    },
  },
  {
    name: "rotate_logs",
    group: "Nodes",
    tools: ["rabbitmqctl"],
    usage: "",
    summary: "Does nothing",
    count: [0, 0],
    needs: "none",
    run: async () => {
      throw failed(EXIT.unavailable, "This command does not rotate logs anymore [deprecated]");
    },
  },
];

async function* lineItems({ options }: Input, caller: Caller): AsyncIterable<StreamItem> {
  for await (const line of untilTimeout(caller, "log_tail_stream", {}, options.duration)) {
    yield { text: String(line), value: line };
  }
}
