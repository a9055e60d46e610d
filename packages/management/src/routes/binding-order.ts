import type { JsonObject } from "../model/json.ts";

const ORDER = ["source", "destination", "routing_key", "properties_key"] as const;

/** As RabbitMQ lists the bindings of a vhost. */
export function inOrder(bindings: readonly JsonObject[]): readonly JsonObject[] {
  return bindings.toSorted((left, right) => {
    for (const key of ORDER) {
      const [ours = "", theirs = ""] = [left[key], right[key]].map(String);
      if (ours !== theirs) return ours < theirs ? -1 : 1;
    }
    return 0;
  });
}
