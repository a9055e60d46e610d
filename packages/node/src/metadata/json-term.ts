import { binaryText, floatText } from "./erlang-term.ts";
import type { JsonValue } from "./json-value.ts";

/** A JSON value as RabbitMQ's texts show it: strings as `<<"text">>`, objects as `#{<<"key">> => 1}`. */
export function jsonTerm(value: JsonValue): string {
  if (typeof value === "string") return binaryText(Buffer.from(value));
  if (typeof value === "number") return Number.isInteger(value) ? String(value) : floatText(value);
  if (value === null || typeof value === "boolean") return String(value);
  if (isList(value)) return `[${value.map(jsonTerm).join(",")}]`;
  const entries = Object.entries(value);
  return `#{${entries.map(([key, item]) => `${jsonTerm(key)} => ${jsonTerm(item)}`).join(",")}}`;
}

/** A list of pairs: `[{<<"key">>,1}]`. */
export function pairsTerm(pairs: readonly (readonly [string, JsonValue])[]): string {
  return `[${pairs.map(([key, value]) => `{${jsonTerm(key)},${jsonTerm(value)}}`).join(",")}]`;
}

/** Array.isArray does not narrow a readonly array away. */
function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}
