import { failed } from "../cli-error.ts";
import { EXIT } from "../exit-code.ts";
import type { Output } from "./command.ts";
import { each } from "./listing.ts";

/** JSON that the user wrote. @throws CliError in RabbitMQ's words */
export function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw failed(EXIT.unavailable, "JSON decoding error. Reason: badarg");
  }
}

/** An object that the user wrote. @throws CliError */
export function readObject(text: string, what: string): Readonly<Record<string, unknown>> {
  const value = readJson(text);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>; // An object, as checked.
  }
  throw failed(EXIT.unavailable, `Validation failed\n\n${what} should be a JSON object\n`);
}

export function readLimits(text: string): Readonly<Record<string, unknown>> {
  return readObject(text, "limits");
}

/** Owner and limits, as the node sends them. */
type LimitEntries = readonly (readonly [owner: string, limits: Readonly<Record<string, number>>])[];

/** One owner: the limits alone as JSON. All owners: a table of those that have any. */
export function limitsOutput(answer: unknown, owner: string, isGlobal: boolean): Output {
  const entries = answer as LimitEntries; // What the node's handler of this listing sends.
  const set = entries.filter(([, limits]) => Object.keys(limits).length > 0);
  if (set.length === 0) return { kind: "text", text: "", value: [] };
  if (!isGlobal) {
    const [, limits] = set[0] ?? ["", {}];
    return { kind: "text", text: JSON.stringify(limits), value: limits };
  }
  return {
    kind: "rows",
    columns: [owner, "limits"],
    rows: each(set.map(([name, limits]) => [name, JSON.stringify(limits)])),
  };
}
