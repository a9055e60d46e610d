import type { Field } from "./codec/fields.ts";
import { headFields, snapshotRecords } from "./codec/snapshot-codec.ts";
import type { ReplicatedSnapshot } from "./metadata-snapshot.ts";

const FNV_OFFSET = 0x811c_9dc5;
const FNV_PRIME = 0x0100_0193;

/**
 * A 32-bit digest of the state: the sum of hashes of all records, so that their order does not count. Records never change; the hash
 * of each is computed once.
 */
export class MetadataDigest {
  readonly #hashes = new WeakMap<object, number>();

  of(snapshot: ReplicatedSnapshot): number {
    let sum = hashOf(FNV_OFFSET, headFields(snapshot));
    for (const { kind, object, fields } of snapshotRecords(snapshot)) {
      let hash = this.#hashes.get(object);
      if (hash === undefined) {
        hash = hashOf(FNV_OFFSET ^ kind, fields());
        this.#hashes.set(object, hash);
      }
      // Policies and operator policies, say, may share a record's contents: the kind is in its hash.
      sum = (sum + hash) >>> 0;
    }
    return sum;
  }
}

/** Written by hand, as it must be the same whatever library encodes the state for the disk. */
function hashOf(seed: number, field: Field): number {
  if (typeof field === "string") return hashText(hashByte(seed, 1), field);
  if (field instanceof Uint8Array) return field.reduce(hashByte, hashByte(seed, 2));
  if (isList(field)) return field.reduce(hashOf, hashByte(seed, 3));
  return hashText(hashByte(seed, 4), String(field));
}

/** Array.isArray does not narrow a readonly array. */
function isList(field: Field): field is readonly Field[] {
  return Array.isArray(field);
}

function hashText(seed: number, text: string): number {
  let hash = seed;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    hash = hashByte(hashByte(hash, unit & 0xff), unit >>> 8);
  }
  return hashByte(hash, 0xff);
}

function hashByte(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, FNV_PRIME) >>> 0;
}
