import * as v from "valibot";
import type { JsonValue } from "../metadata/json-value.ts";
import { type Cell, type Columns, rowOf } from "./cells.ts";

/** Of every listing: the columns wanted, in their order. */
export const COLUMNS: { readonly columns: v.GenericSchema<unknown, string[]> } = {
  columns: v.array(v.string()),
};
export const VHOST: { readonly vhost: v.GenericSchema<unknown, string> } = { vhost: v.string() };
/** What comes over the control connection is a value of JSON. */
export const JSON_VALUE: v.GenericSchema<unknown, JsonValue> = v.custom<JsonValue>(
  (value) => value !== undefined,
  "must have a value",
);
/** Limits or a policy's definition, as the user wrote them. */
export const DICTIONARY: v.GenericSchema<unknown, ReadonlyMap<string, JsonValue>> = v.pipe(
  v.custom<Readonly<Record<string, JsonValue>>>(
    (value) => typeof value === "object" && value !== null && !Array.isArray(value),
    "must be an object",
  ),
  v.transform((entries) => new Map(Object.entries(entries))),
);

/** One row for each item. */
export async function* listed<T>(
  columns: Columns<T>,
  asked: readonly string[],
  items: Iterable<T>,
): AsyncIterable<readonly Cell[]> {
  for (const item of items) yield await rowOf(columns, asked, item);
}

/** Those limits that are set. */
export function limitEntries(
  limits: readonly (readonly [string, number | undefined])[],
): Readonly<Record<string, number>> {
  const set = limits.filter((limit): limit is readonly [string, number] => limit[1] !== undefined);
  return Object.fromEntries(set);
}
