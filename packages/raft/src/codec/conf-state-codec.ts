import type { ConfState } from "../core/conf-state.ts";
import type { ReplicaId } from "../core/ids.ts";
import type { SnapshotMeta } from "../core/message.ts";
import { DecodeError } from "./decode-error.ts";
import { readU8, readU16, readU32, readU48, writeU16, writeU32, writeU48 } from "./u48.ts";

/*
 * ConfState:    flags u8 (bit 0: auto leave) | four lists: voters, outgoing voters, learners, next learners
 * List:         count u16 | replica u32 ..., ascending
 * SnapshotMeta: index u48 | term u48 | ConfState
 * All little endian.
 */

/** Members in one list; far above any sensible group. Bounds what a decoder allocates. */
export const CONF_LIST_MAX = 1024;

const AUTO_LEAVE = 1;
const LIST_HEADER_SIZE = 2;
const REPLICA_SIZE = 4;
const POSITION_SIZE = 12;

/** Bytes that {@link writeConfState} takes. */
export function confStateSize(conf: ConfState): number {
  const members =
    conf.voters.length +
    conf.votersOutgoing.length +
    conf.learners.length +
    conf.learnersNext.length;
  return 1 + 4 * LIST_HEADER_SIZE + members * REPLICA_SIZE;
}

/** Writes `conf` at `offset`; returns where it ends. @throws RangeError when a list is too long */
export function writeConfState(target: Uint8Array, offset: number, conf: ConfState): number {
  target[offset] = conf.autoLeave ? AUTO_LEAVE : 0;
  let end = writeReplicas(target, offset + 1, conf.voters);
  end = writeReplicas(target, end, conf.votersOutgoing);
  end = writeReplicas(target, end, conf.learners);
  return writeReplicas(target, end, conf.learnersNext);
}

/** Reads a ConfState that has to fill `bytes[offset, end)` exactly. @throws DecodeError */
export function readConfState(bytes: Uint8Array, offset: number, end: number): ConfState {
  need(bytes, offset, end, 1);
  const flags = readU8(bytes, offset);
  if (flags > AUTO_LEAVE) throw new DecodeError(`unknown flags ${flags} of a configuration`);
  const lists: ReplicaId[][] = [];
  let at = offset + 1;
  for (let list = 0; list < 4; list++) {
    const replicas = readReplicas(bytes, at, end);
    lists.push(replicas);
    at += LIST_HEADER_SIZE + replicas.length * REPLICA_SIZE;
  }
  if (at !== end) throw new DecodeError(`${end - at} bytes after a configuration`);
  const [voters = [], votersOutgoing = [], learners = [], learnersNext = []] = lists;
  return { voters, votersOutgoing, learners, learnersNext, autoLeave: flags === AUTO_LEAVE };
}

/** Bytes that {@link writeSnapshotMeta} takes. */
export function snapshotMetaSize(meta: SnapshotMeta): number {
  return POSITION_SIZE + confStateSize(meta.conf);
}

/** Writes `meta` at `offset`; returns where it ends. */
export function writeSnapshotMeta(target: Uint8Array, offset: number, meta: SnapshotMeta): number {
  writeU48(target, offset, meta.index);
  writeU48(target, offset + 6, meta.term);
  return writeConfState(target, offset + POSITION_SIZE, meta.conf);
}

/** Reads a SnapshotMeta that has to fill `bytes[offset, end)` exactly. @throws DecodeError */
export function readSnapshotMeta(bytes: Uint8Array, offset: number, end: number): SnapshotMeta {
  need(bytes, offset, end, POSITION_SIZE);
  return {
    index: readU48(bytes, offset),
    term: readU48(bytes, offset + 6),
    conf: readConfState(bytes, offset + POSITION_SIZE, end),
  };
}

function writeReplicas(target: Uint8Array, offset: number, replicas: readonly ReplicaId[]): number {
  if (replicas.length > CONF_LIST_MAX) {
    throw new RangeError(`${replicas.length} members in one list`);
  }
  writeU16(target, offset, replicas.length);
  let at = offset + LIST_HEADER_SIZE;
  for (const replica of replicas) {
    writeU32(target, at, replica);
    at += REPLICA_SIZE;
  }
  return at;
}

function readReplicas(bytes: Uint8Array, offset: number, end: number): ReplicaId[] {
  need(bytes, offset, end, LIST_HEADER_SIZE);
  const count = readU16(bytes, offset);
  if (count > CONF_LIST_MAX) throw new DecodeError(`${count} members in one list`);
  need(bytes, offset, end, LIST_HEADER_SIZE + count * REPLICA_SIZE);
  const replicas: ReplicaId[] = [];
  let last = 0;
  for (let index = 0; index < count; index++) {
    const replica = readU32(bytes, offset + LIST_HEADER_SIZE + index * REPLICA_SIZE);
    if (replica <= last) throw new DecodeError("members of a configuration are not ascending");
    replicas.push(replica);
    last = replica;
  }
  return replicas;
}

function need(bytes: Uint8Array, offset: number, end: number, size: number): void {
  if (offset + size > end || end > bytes.length) {
    throw new DecodeError("a configuration is cut short");
  }
}
