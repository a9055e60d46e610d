import { type FieldTable, type FieldValue, longstr } from "@leveret/amqp";
import { flatTermText } from "../../metadata/erlang-term.ts";
import type { JsonValue } from "../../metadata/json-value.ts";

/** Headers of an event, in order. */
export type EventFields = Record<string, FieldValue>;

export function text(value: string): FieldValue {
  return longstr(value);
}

export function flag(value: boolean): FieldValue {
  return { type: "bool", value };
}

export function number(value: number): FieldValue {
  return { type: "long", value };
}

/** Arguments, as RabbitMQ's events have them: a list of Erlang's terms, `{<<"x-max-length">>,long,5}`. */
export function terms(table: FieldTable): FieldValue {
  const value = [...table].map(([key, item]) => {
    // Of the list with one entry, the entry.
    const list = flatTermText({ type: "table", value: new Map([[key, item]]) });
    return longstr(list.slice(1, -1));
  });
  return { type: "array", value };
}

/** Values of parameters and policies. */
export function json(value: JsonValue): FieldValue {
  if (typeof value === "boolean") return flag(value);
  if (typeof value === "number") {
    return Number.isSafeInteger(value) ? number(value) : { type: "double", value };
  }
  if (typeof value === "string") return text(value);
  if (value === null) return text("");
  if (isList(value)) return { type: "array", value: value.map((item) => json(item)) };
  return jsonTable(Object.entries(value));
}

/** An object by its entries. */
export function jsonTable(entries: Iterable<readonly [string, JsonValue]>): FieldValue {
  const fields = [...entries].map(([key, item]): [string, FieldValue] => [key, json(item)]);
  return { type: "table", value: new Map(fields) };
}

function isList(value: readonly JsonValue[] | object): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** `{127,0,0,1}`: how Erlang prints an address. */
export function address(value: string): FieldValue {
  if (/^\d+\.\d+\.\d+\.\d+$/.test(value)) return text(`{${value.replaceAll(".", ",")}}`);
  return text(value);
}
