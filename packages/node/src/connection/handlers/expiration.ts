import { printBinary } from "@leveret/amqp";
import { preconditionFailed } from "../../errors.ts";

/** Ten years: RabbitMQ's highest time to live. */
const EXPIRATION_MAX_MS = 315_360_000_000;

/**
 * Parses the expiration property: milliseconds as decimal text, with a sign allowed, as Erlang's
 * string:to_integer reads it.
 * @throws ChannelError 406 with RabbitMQ's text
 */
export function parseExpiration(text: string): number {
  const match = /^[+-]?\d+/.exec(text);
  if (match === null) throw invalid(text, "no_integer");
  const rest = text.slice(match[0].length);
  if (rest !== "") {
    throw invalid(text, `{leftover_string,${quoted(rest)}}`);
  }
  const value = Number(match[0]);
  if (value < 0) throw invalid(text, `{value_negative,${BigInt(match[0])}}`);
  if (value > EXPIRATION_MAX_MS) throw invalid(text, `{value_too_large,${BigInt(match[0])}}`);
  return value;
}

function invalid(text: string, reason: string): Error {
  return preconditionFailed(`invalid expiration '${text}': ${reason}`);
}

/** An Erlang string: printable text in double quotes. */
function quoted(text: string): string {
  const bytes = Buffer.from(text);
  return printBinary(bytes, 0, bytes.length).slice(2, -2);
}
