import type { Caller } from "../caller.ts";
import { failed } from "../cli-error.ts";
import { EXIT } from "../exit-code.ts";
import type { Command, Input, StreamItem } from "./command.ts";
import { untilTimeout } from "./until-timeout.ts";

/** As the node sends it. */
interface EventRow {
  /** null: so many were left out. */
  readonly event: string | null;
}

export const EVENT_COMMANDS: readonly Command[] = [
  {
    name: "consume_event_stream",
    group: "Monitoring, observability and health checks",
    tools: ["rabbitmq-diagnostics"],
    usage: "[--duration|-d <seconds>] [--pattern <pattern>]",
    summary: "Shows what happens at the node as it happens, as lines of JSON",
    details: [
      ["<seconds>", "until it ends; without it, it goes on"],
      ["<pattern>", "regular expression on names of events: ^queue\\."],
    ],
    count: [0, 0],
    options: ["duration", "pattern"],
    needs: "running",
    run: async (input, caller) => ({
      kind: "stream",
      items: eventItems(input, patternOf(input), caller),
    }),
  },
];

/** Matched by the tool: a pattern that takes long is no matter of the node. */
async function* eventItems(
  { options }: Input,
  pattern: RegExp,
  caller: Caller,
): AsyncIterable<StreamItem> {
  for await (const row of untilTimeout(caller, "event_stream", {}, options.duration)) {
    const { event } = row as EventRow;
    if (event === null || pattern.test(event)) yield { text: JSON.stringify(row), value: row };
  }
}

/** @throws CliError */
function patternOf({ options }: Input): RegExp {
  try {
    return new RegExp(options.pattern ?? "");
  } catch (error) {
    throw failed(EXIT.data, error instanceof Error ? error.message : String(error));
  }
}
