import { ChannelError, type FieldTable, textOf } from "@leveret/amqp";
import { binaryText, termText } from "../metadata/erlang-term.ts";

/** How a headers binding combines its arguments (RabbitMQ: rabbit_exchange_type_headers). */
export type XMatch = "all" | "any" | "all-with-x" | "any-with-x";

const X_MATCHES: ReadonlySet<string> = new Set<XMatch>(["all", "any", "all-with-x", "any-with-x"]);

function isXMatch(text: string | undefined): text is XMatch {
  return text !== undefined && X_MATCHES.has(text);
}

/** The binding's `x-match`; `all` when absent or, in a binding that was never validated, wrong. */
export function xMatchOf(args: FieldTable): XMatch {
  const value = args.get("x-match");
  const text = value?.type === "longstr" ? textOf(value) : undefined;
  return isXMatch(text) ? text : "all";
}

/** Throws ChannelError PRECONDITION_FAILED when `x-match` is not one of the four words as a longstr. */
export function validateXMatch(args: FieldTable): void {
  const value = args.get("x-match");
  if (value === undefined) return;
  if (value.type !== "longstr") {
    throw new ChannelError(
      "PRECONDITION_FAILED",
      `Invalid x-match field type ${value.type} (value ${termText(value)}); expected longstr`,
    );
  }
  if (isXMatch(textOf(value))) return;
  throw new ChannelError(
    "PRECONDITION_FAILED",
    `Invalid x-match field value ${binaryText(value.value)}; ` +
      "expected all, any, all-with-x, or any-with-x",
  );
}
