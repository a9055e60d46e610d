import { erlangTableHash } from "./erlang-hash.ts";
import type { BindingRecord } from "./records.ts";

const HASH_SIZE = 4;

/**
 * The name of a binding among those between the same source and destination, as in URLs of the HTTP API: "~" for an empty key without
 * arguments, the escaped key, or `key~hash`. The same as RabbitMQ's: tools keep such names.
 */
export function bindingPropertiesKey(binding: BindingRecord): string {
  const { routingKey } = binding;
  if (binding.arguments.size === 0) return routingKey === "" ? "~" : escapeKey(routingKey);
  const hash = Buffer.alloc(HASH_SIZE);
  hash.writeUInt32BE(erlangTableHash(binding.arguments));
  return `${escapeKey(routingKey)}~${hash.toString("base64url")}`;
}

/** Form encoding; "~" is escaped too, because it separates the hash. */
function escapeKey(routingKey: string): string {
  return encodeURIComponent(Buffer.from(routingKey).toString()) // A lone surrogate would throw.
    .replace(/[!'()*~]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%20", "+");
}
