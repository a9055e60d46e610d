import { createHash } from "node:crypto";
import type { MetadataView } from "../metadata/metadata-machine.ts";

/** RabbitMQ's name of the global parameter that remembers which definitions were imported last. */
export const IMPORTED_HASH = "imported_definition_hash_value";

/** Of documents in the order of their import. `vhost`: the same document means something else for another one. */
export function definitionsHash(documents: readonly string[], vhost?: string): string {
  const hash = createHash("sha256");
  for (const json of documents) hash.update(json, "utf8");
  if (vhost !== undefined) hash.update(`\u0000${vhost}`, "utf8");
  return hash.digest("base64");
}

/** Of the last import that was to be remembered; undefined: there was none. */
export function importedHash(metadata: MetadataView): unknown {
  return metadata.parameters.findGlobal(IMPORTED_HASH)?.value;
}
