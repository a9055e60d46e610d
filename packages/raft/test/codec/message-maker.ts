import { entryChecksum } from "../../src/codec/entry-record.ts";
import type { ConfState } from "../../src/core/conf-state.ts";
import { type Entry, EntryType } from "../../src/core/entry.ts";
import { replicaIdOf } from "../../src/core/ids.ts";
import { MessageType, type RaftMessage } from "../../src/core/message.ts";
import type { Random } from "../../src/core/random.ts";

const U48 = 0x1_0000_0000_0000;
const TYPES = Object.values(MessageType);
const ENTRY_TYPES = Object.values(EntryType);

/** An entry with a right checksum. */
export function entryOf(groupId: number, index: number, term: number, data: Uint8Array): Entry {
  const type = EntryType.Command;
  return { index, term, type, data, crc: entryChecksum(groupId, index, term, type, data) };
}

/** A message of any type with any fields that fit. */
export function randomMessage(random: Random): RaftMessage {
  const type = TYPES[random.below(TYPES.length)] ?? MessageType.Heartbeat;
  const groupId = u48(random);
  const index = u48(random, U48 - 100);
  const term = u48(random);
  return {
    type,
    groupId,
    epoch: random.below(0x10000),
    from: replicaIdOf(1 + random.below(0xffff), 1 + random.below(0xffff)),
    to: replicaIdOf(1 + random.below(0xffff), 1 + random.below(0xffff)),
    term,
    index,
    logTerm: u48(random),
    commit: u48(random),
    hint: u48(random),
    context: random.below(2) === 0 ? random.below(100) : Number.MAX_SAFE_INTEGER - random.below(9),
    reject: random.below(2) === 1,
    entries:
      type === MessageType.AppendEntries ? randomEntries(random, { groupId, index, term }) : [],
    snapshot:
      type === MessageType.InstallSnapshot
        ? { index: u48(random), term: u48(random), conf: randomConf(random) }
        : undefined,
  };
}

/** Small, large and edge values alike. */
export function u48(random: Random, limit = U48): number {
  switch (random.below(4)) {
    case 0:
      return random.below(10);
    case 1:
      return 0x1_0000_0000 - 2 + random.below(4);
    case 2:
      return limit - 1 - random.below(3);
    default:
      return Math.floor(random.next() * limit);
  }
}

function randomEntries(
  random: Random,
  at: { readonly groupId: number; readonly index: number; readonly term: number },
): Entry[] {
  const entries: Entry[] = [];
  const count = random.below(6);
  for (let position = 1; position <= count; position++) {
    const index = at.index + position;
    const type = ENTRY_TYPES[random.below(ENTRY_TYPES.length)] ?? EntryType.Command;
    const data = randomBytes(random, random.below(random.below(5) === 0 ? 9000 : 60));
    const crc = entryChecksum(at.groupId, index, at.term, type, data);
    entries.push({ index, term: at.term, type, data, crc });
  }
  return entries;
}

/** Sorted lists without duplicates. */
export function randomConf(random: Random): ConfState {
  const list = (): number[] => {
    const replicas = new Set<number>();
    for (let count = random.below(6); count > 0; count--)
      replicas.add(1 + random.below(0xfffffff0));
    return [...replicas].sort((a, b) => a - b);
  };
  return {
    voters: list(),
    votersOutgoing: list(),
    learners: list(),
    learnersNext: list(),
    autoLeave: random.below(2) === 1,
  };
}

export function randomBytes(random: Random, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let index = 0; index < size; index++) bytes[index] = random.below(256);
  return bytes;
}
