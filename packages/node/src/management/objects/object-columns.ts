import type { JsonObject } from "@leveret/management";

type Value = JsonObject[string];

/** How each key of an object is filled; undefined: the object does not have it. */
export type ObjectColumns<T> = Readonly<Record<string, (item: T) => Value>>;

/** The object of an item; `keys`: with these only, those that it has. */
export function objectOf<T>(
  columns: ObjectColumns<T>,
  item: T,
  keys: readonly string[] = Object.keys(columns),
): JsonObject {
  const object: Record<string, Value> = {};
  for (const key of keys) {
    if (!Object.hasOwn(columns, key)) continue;
    const value = columns[key]?.(item);
    if (value !== undefined) object[key] = value;
  }
  return object;
}

/** What stands at a path in the object of an item, without making all of it. */
export function columnValue<T>(columns: ObjectColumns<T>, item: T, path: readonly string[]): Value {
  const [first = "", ...rest] = path;
  const column = Object.hasOwn(columns, first) ? columns[first] : undefined;
  let value = column?.(item);
  for (const key of rest) value = member(value, key);
  return value;
}

function member(value: Value, key: string): Value {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  if (!isObject || !Object.hasOwn(value, key)) return undefined;
  return (value as JsonObject)[key];
}
