import * as v from "valibot";
import { badRequest } from "../http-error.ts";
import type { JsonObject } from "../model/json.ts";

/**
 * Arguments or headers of AMQP. The empty list is how some encoders write an empty object. Null has no meaning in them (RabbitMQ refuses
 * it, too).
 */
export const ARGUMENTS: v.GenericSchema<unknown, JsonObject> = v.pipe(
  v.custom<JsonObject | readonly []>(isObject, "must be an object"),
  v.transform((value) => (isList(value) ? {} : value)),
  v.check((value) => !hasNull(value), "null_not_allowed"),
);

/** The properties of a message. */
export const PROPERTIES: v.GenericSchema<unknown, JsonObject> = v.pipe(
  v.custom<JsonObject | readonly []>(isObject, "must be an object"),
  v.transform((value) => (isList(value) ? {} : value)),
);

type Kind = "text" | "number";

const KINDS: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ["app_id", "text"],
  ["user_id", "text"],
  ["type", "text"],
  ["timestamp", "number"],
  ["message_id", "text"],
  ["expiration", "text"],
  ["reply_to", "text"],
  ["correlation_id", "text"],
  ["priority", "number"],
  ["delivery_mode", "number"],
  ["content_encoding", "text"],
  ["content_type", "text"],
  ["cluster_id", "text"],
]);

/** Ends the request unless the properties have the types that AMQP gives them; keys that mean nothing are ignored. @throws HttpError in RabbitMQ's words */
export function checkProperties(properties: JsonObject): void {
  for (const [key, value] of Object.entries(properties)) {
    const kind = KINDS.get(key);
    if (kind === "text" && typeof value !== "string") throw badRequest(["not_string", key]);
    if (kind === "number" && !Number.isSafeInteger(value)) throw badRequest(["not_int", key]);
  }
  const { headers } = properties;
  if (headers === undefined) return;
  if (!isObject(headers)) throw badRequest("headers must be an object");
  if (hasNull(headers)) throw badRequest("null_not_allowed");
}

function isObject(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return !Array.isArray(value) || value.length === 0;
}

function isList(value: JsonObject | readonly []): value is readonly [] {
  return Array.isArray(value);
}

function hasNull(value: unknown): boolean {
  if (value === null) return true;
  return typeof value === "object" && Object.values(value).some(hasNull);
}
