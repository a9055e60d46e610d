import { UsageError } from "../cli-error.ts";
import { EXIT } from "../exit-code.ts";
import { arg, type Command, type Input } from "./command.ts";
import { type Explanation, explanationText } from "./explanation-text.ts";

export const EXPLAIN_COMMANDS: readonly Command[] = [
  {
    name: "explain",
    group: "Messages",
    tools: ["rabbitmqctl", "rabbitmq-diagnostics"],
    usage:
      "publish <exchange> <routing_key> [--vhost <vhost>] [--header <name>=<value>]... [--user <user>] [--expiration <ms>]",
    summary: "Says where a message would go, and why; publishes nothing",
    details: [
      ["<exchange>", "amq.default or '' is the default exchange"],
      ["--header", "a header of the message; a value that is JSON counts as that, else as text"],
      ["--user", "whether this user may publish it"],
      ["--expiration", "its expiration property, milliseconds"],
    ],
    count: [3, 3],
    options: ["header", "user", "expiration"],
    needs: "running",
    check: (input) => {
      if (arg(input, 0) !== "publish") {
        throw new UsageError(EXIT.usage, `there is nothing to explain about '${arg(input, 0)}'`);
      }
      headersOf(input);
    },
    run: async (input, caller) => {
      const { user, expiration } = input.options;
      const answer = await caller.call("explain_publish", {
        vhost: input.vhost,
        exchange: arg(input, 1),
        routingKey: arg(input, 2),
        headers: headersOf(input),
        ...(user === undefined ? {} : { user }),
        ...(expiration === undefined ? {} : { expirationMs: expiration }),
      });
      const explanation = answer as Explanation; // As its handler sends it.
      return { kind: "text", text: explanationText(explanation), value: explanation };
    },
  },
];

/** @throws UsageError */
function headersOf({ options: { header = [] } }: Input): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    header.map((text) => {
      const at = text.indexOf("=");
      if (at < 1) throw new UsageError(EXIT.usage, `--header ${text}: must be <name>=<value>`);
      return [text.slice(0, at), headerValue(text.slice(at + 1))];
    }),
  );
}

function headerValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
