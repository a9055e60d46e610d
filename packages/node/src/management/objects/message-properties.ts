import { type BasicProperties, fieldTableFromJson, fieldTableToJson } from "@leveret/amqp";
import { type JsonObject, RefusedError } from "@leveret/management";

import { refusedBecause } from "./refused-because.ts";

type Name = Exclude<keyof BasicProperties, "headers">;
/** How a property is told in JSON. */
type Kind = "text" | "octet" | "time";

/** RabbitMQ's names, in its order. */
const PROPERTIES: readonly (readonly [key: string, name: Name, kind: Kind])[] = [
  ["app_id", "appId", "text"],
  ["user_id", "userId", "text"],
  ["type", "type", "text"],
  ["timestamp", "timestamp", "time"],
  ["message_id", "messageId", "text"],
  ["expiration", "expiration", "text"],
  ["reply_to", "replyTo", "text"],
  ["correlation_id", "correlationId", "text"],
  ["priority", "priority", "octet"],
  ["delivery_mode", "deliveryMode", "octet"],
  ["content_encoding", "contentEncoding", "text"],
  ["content_type", "contentType", "text"],
  ["cluster_id", "clusterId", "text"],
];

const KNOWN: ReadonlyMap<string, readonly [Name, Kind]> = new Map(
  PROPERTIES.map(([key, name, kind]) => [key, [name, kind]]),
);
const SHORTSTR_SIZE_MAX = 255;
const OCTET_MAX = 255;

/** What a client of the API says of a message, whose types are checked; keys that mean nothing are ignored. @throws RefusedError "bad_request" */
export function propertiesFromJson(json: JsonObject): BasicProperties {
  const found: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(json)) {
    if (value === undefined || value === null) continue;
    if (key === "headers") found["headers"] = headersOf(value);
    const [name, kind] = KNOWN.get(key) ?? [];
    if (name !== undefined && kind !== undefined) found[name] = read(key, kind, value);
  }
  return found;
}

function headersOf(value: unknown): BasicProperties["headers"] {
  try {
    return fieldTableFromJson(value);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw refusedBecause(error, "bad_request", `headers: ${error.message}`);
  }
}

function read(key: string, kind: Kind, value: unknown): string | number {
  if (kind === "text") {
    const text = String(value);
    if (Buffer.byteLength(text) <= SHORTSTR_SIZE_MAX) return text;
    throw new RefusedError("bad_request", `${key} is longer than ${SHORTSTR_SIZE_MAX} bytes`);
  }
  const number = Number(value);
  const max = kind === "octet" ? OCTET_MAX : Number.MAX_SAFE_INTEGER;
  if (Number.isInteger(number) && number >= 0 && number <= max) return number;
  throw new RefusedError("bad_request", `${key} must be a whole number from 0 to ${max}`);
}

/** The properties of a message in RabbitMQ's names. */
export function propertiesToJson(properties: BasicProperties): JsonObject {
  const found: Record<string, JsonObject[string]> = {};
  for (const [key, name, kind] of PROPERTIES) {
    const value = properties[name];
    if (value !== undefined) found[key] = kind === "text" ? String(value) : Number(value);
  }
  if (properties.headers !== undefined) {
    found["headers"] = fieldTableToJson(properties.headers) as JsonObject;
  }
  return found;
}
