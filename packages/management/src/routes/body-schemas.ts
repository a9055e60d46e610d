import * as v from "valibot";
import type { JsonValue } from "../model/json.ts";

/** Values of request bodies as lenient as RabbitMQ is with them. */

export const TEXT: v.StringSchema<string> = v.string("must be a string");

/** A boolean, or its name as text. */
export const FLAG: v.GenericSchema<unknown, boolean> = v.pipe(
  v.union([v.boolean(), v.picklist(["true", "false"])], "must be true or false"),
  v.transform((value) => value === true || value === "true"),
);

/** An integer, or its digits as text. */
export const INTEGER: v.GenericSchema<unknown, number> = v.pipe(
  v.union(
    [
      v.number(),
      v.pipe(
        v.string(),
        v.regex(/^-?\d{1,15}$/),
        v.transform((text) => Number(text)),
      ),
    ],
    "must be an integer",
  ),
  v.safeInteger("must be an integer"),
);

/** A list of texts, or one text with commas between them; what is empty is left out. */
export const TAGS: v.GenericSchema<unknown, readonly string[]> = v.pipe(
  v.union([v.array(v.string()), v.string()], "must be a list of strings"),
  v.transform((value) => {
    const tags = typeof value === "string" ? value.split(",") : value;
    return Array.from(new Set(tags.map((tag) => tag.trim()).filter((tag) => tag !== "")));
  }),
);

/** Anything but nothing. JSON.parse has made it. */
export const JSON_VALUE: v.GenericSchema<unknown, JsonValue> = v.custom<JsonValue>(
  (value) => value !== undefined,
  "must have a value",
);

/** An object, as a Map: keys such as `__proto__` are like any other. */
export const DICTIONARY: v.GenericSchema<unknown, ReadonlyMap<string, JsonValue>> = v.pipe(
  v.custom<Readonly<Record<string, JsonValue>>>(isObject, "must be an object"),
  v.transform((value) => new Map(Object.entries(value))),
);

/** Nothing is looked at. */
export const ANY_BODY: v.GenericSchema<unknown, object> = v.object({});

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
