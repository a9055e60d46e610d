import { entryChecksum } from "../../../../raft/src/codec/entry-record.ts";
import { type ConfState, EMPTY_CONF } from "../../../../raft/src/core/conf-state.ts";
import { type Entry, EntryType } from "../../../../raft/src/core/entry.ts";
import { replicaIdOf } from "../../../../raft/src/core/ids.ts";
import { Random } from "../../../../raft/src/core/random.ts";

// Everything that is written follows from where it is written, so that whoever reads it knows what has to be there.

export const NODE_ID = 1;
export const CLUSTER_ID = "kill-9";
export const EPOCH = 1;

/** The members of each group: this node and one that does not exist. */
export const CONF: ConfState = { ...EMPTY_CONF, voters: [replicaIdOf(1, 1), replicaIdOf(2, 1)] };

const SMALL_MAX = 200;
const MEDIUM_MAX = 3000;
const LARGE_MAX = 40_000;
const SNAPSHOT_MAX = 30_000;

/** The entry of a group at an index, of a term. */
export function entryAt(groupId: number, index: number, term: number): Entry {
  const random = new Random(seedOf(groupId, index, term));
  const dice = random.below(100);
  const sizeMax = dice < 60 ? SMALL_MAX : dice < 98 ? MEDIUM_MAX : LARGE_MAX;
  const data = fill(random, random.below(sizeMax));
  const type = EntryType.Command;
  return { index, term, type, data, crc: entryChecksum(groupId, index, term, type, data) };
}

/** The state in the snapshot of a group at an index. */
export function snapshotStateAt(groupId: number, index: number): Uint8Array {
  const random = new Random(seedOf(groupId, index, 0));
  const sizeMax = random.below(4) === 0 ? SNAPSHOT_MAX : SMALL_MAX;
  return fill(random, random.below(sizeMax));
}

function seedOf(groupId: number, index: number, term: number): number {
  return (Math.imul(groupId, 0x01000193) ^ Math.imul(index, 0x85eb_ca6b) ^ term) >>> 0;
}

function fill(random: Random, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  // The start tells whose bytes they are; the rest need not be costly to make.
  let value = random.nextU32();
  for (let at = 0; at < size; at++) {
    bytes[at] = value;
    value = (value >>> 8) | ((value ^ at) << 24);
  }
  return bytes;
}
