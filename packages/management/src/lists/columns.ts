import { badRequest } from "../http-error.ts";
import { COLUMNS_MAX } from "../limits.ts";
import type { JsonObject } from "../model/json.ts";

/** A way into an object: `message_stats.publish_details.rate` in three steps. */
export type ColumnPath = readonly string[];

/** `columns=a,b.c`. undefined: all. */
export function columnsOf(query: URLSearchParams): readonly ColumnPath[] | undefined {
  const text = query.get("columns");
  if (text === null || text === "") return undefined;
  return pathsOf(text);
}

/** A list of columns, as in `columns=` and `sort=`. @throws HttpError */
export function pathsOf(text: string): readonly ColumnPath[] {
  const columns = text.split(",");
  if (columns.length > COLUMNS_MAX) throw badRequest(`more than ${COLUMNS_MAX} columns`);
  return columns.map((column) => column.split("."));
}

/** The object with these columns only, those that it has, in its own order. */
export function pick(object: JsonObject, columns: readonly ColumnPath[]): JsonObject {
  const wanted = new Map<string, ColumnPath[]>();
  for (const [first, ...rest] of columns) {
    if (first === undefined) continue;
    const deeper = wanted.get(first) ?? [];
    wanted.set(first, deeper);
    deeper.push(rest);
  }
  const entries = Object.entries(object).flatMap(([key, value]): [string, JsonObject[string]][] => {
    const deeper = wanted.get(key);
    if (deeper === undefined) return [];
    if (deeper.some((path) => path.length === 0)) return [[key, value]];
    return isObject(value) ? [[key, pick(value, deeper)]] : [];
  });
  return Object.fromEntries(entries);
}

/** The value at a path; undefined: it is not there. */
export function valueAt(object: JsonObject, path: ColumnPath): JsonObject[string] {
  let value: JsonObject[string] = object;
  for (const key of path) {
    if (!isObject(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return value;
}

function isObject(value: JsonObject[string]): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
