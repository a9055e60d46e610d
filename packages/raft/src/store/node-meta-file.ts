import { DecodeError } from "../codec/decode-error.ts";
import {
  decodeNodeMeta,
  encodeNodeMeta,
  type NodeMeta,
  STORE_FORMAT_VERSION,
} from "../codec/record-node-meta.ts";
import type { NodeId } from "../core/ids.ts";
import { type Disk, type DiskDone, DiskError, type DiskFile } from "../env/disk.ts";
import { readUpTo } from "./read-fully.ts";
import { call, runTask, type Task } from "./task.ts";

/** Two copies, so that damage to one does not make the whole directory unusable. */
const NODE_META_PATHS = ["node.meta", "node.meta.copy"] as const;

/** The data directory cannot be used, and the message says why. */
export class StoreOpenError extends Error {
  override readonly name = "StoreOpenError";
}

/** What is in the two copies of node.meta. */
export interface NodeMetaCopy {
  readonly path: string;
  readonly content: NodeMeta | "missing" | "damaged";
}

/** Both copies of node.meta, as they are. */
export function* readNodeMeta(disk: Disk): Task<NodeMetaCopy[]> {
  const copies: NodeMetaCopy[] = [];
  for (const path of NODE_META_PATHS) copies.push({ path, content: yield* readCopy(disk, path) });
  return copies;
}

/** To whom a data directory belongs. */
export interface DirectoryOwner {
  readonly nodeId: NodeId;
  readonly clusterId: string;
}

/**
 * Whose data directory this is; undefined: nobody's yet, or not readable, which opening it will tell. For a node that
 * has no other record of who it is.
 */
export function readOwner(disk: Disk, done: (owner: DirectoryOwner | undefined) => void): void {
  runTask(readNodeMeta(disk), (_error, copies) => {
    for (const { content } of copies ?? []) {
      if (typeof content === "object") {
        done({ nodeId: content.nodeId, clusterId: content.clusterId });
        return;
      }
    }
    done(undefined);
  });
}

/**
 * Notes that something is stored in the data directory, which is open: from now on it is not opened any more without its log. Whoever
 * creates groups calls it when the first one is durable; with all groups gone nobody could tell that there were any. Repeatable.
 */
export function noteInUse(disk: Disk, done: DiskDone): void {
  runTask(writeInUse(disk), (error) => {
    if (error === undefined || error instanceof DiskError) done(error);
    else throw error;
  });
}

/** One life of a data directory. */
export interface Incarnation {
  readonly incarnation: number;
  /** A life before this one stored something. */
  readonly isInUse: boolean;
}

/**
 * Checks that the data directory is this node's, and starts a new life of it: the incarnation returned is durable.
 * @throws StoreOpenError, DiskError
 */
export function* startIncarnation(
  disk: Disk,
  owner: DirectoryOwner,
  hasLog: boolean,
): Task<Incarnation> {
  const copies = (yield* readNodeMeta(disk)).map(({ content }) => content);
  const readable = copies.filter((copy) => typeof copy === "object");
  for (const copy of readable) checkOwner(copy, owner);
  if (readable.length === 0 && (hasLog || copies.includes("damaged"))) {
    throw new StoreOpenError(
      "node.meta and its copy cannot be read, but there is a log: this may be the directory of another node",
    );
  }
  const incarnation = Math.max(0, ...readable.map((copy) => copy.incarnation)) + 1;
  const isInUse = readable.some((copy) => copy.isInUse);
  yield* writeCopies(disk, {
    ...owner,
    incarnation,
    isInUse,
    formatVersion: STORE_FORMAT_VERSION,
  });
  return { incarnation, isInUse };
}

function* writeInUse(disk: Disk): Task<void> {
  const copies = (yield* readNodeMeta(disk)).map(({ content }) => content);
  const unmarked = copies.find((copy) => typeof copy === "object" && !copy.isInUse);
  if (typeof unmarked === "object") yield* writeCopies(disk, { ...unmarked, isInUse: true });
}

function* writeCopies(disk: Disk, meta: NodeMeta): Task<void> {
  const bytes = encodeNodeMeta(meta);
  for (const path of NODE_META_PATHS) yield* writeCopy(disk, path, bytes);
}

function checkOwner(meta: NodeMeta, owner: DirectoryOwner): void {
  if (meta.formatVersion !== STORE_FORMAT_VERSION) {
    throw new StoreOpenError(
      `the data has format ${meta.formatVersion}, this version reads format ${STORE_FORMAT_VERSION}`,
    );
  }
  if (meta.clusterId !== owner.clusterId) {
    throw new StoreOpenError(
      `the data belongs to cluster "${meta.clusterId}", not "${owner.clusterId}"`,
    );
  }
  if (meta.nodeId !== owner.nodeId) {
    throw new StoreOpenError(`the data belongs to node ${meta.nodeId}, not ${owner.nodeId}`);
  }
}

function* readCopy(disk: Disk, path: string): Task<NodeMeta | "missing" | "damaged"> {
  try {
    const file = yield* call<DiskFile>((done) => disk.open(path, "read", done));
    try {
      const size = yield* call<number>((done) => file.size(done));
      return decodeNodeMeta(yield* readUpTo(file, 0, size));
    } finally {
      file.close(() => undefined);
    }
  } catch (error) {
    if (error instanceof DiskError && error.code === "not-found") return "missing";
    if (error instanceof DecodeError || error instanceof DiskError) return "damaged";
    throw error;
  }
}

function* writeCopy(disk: Disk, path: string, bytes: Buffer): Task<void> {
  const temporary = `${path}.tmp`;
  yield* call((done) => disk.remove(temporary, () => done(undefined)));
  const file = yield* call<DiskFile>((done) => disk.open(temporary, "create", done));
  try {
    yield* call((done) => file.write(bytes, 0, done));
    yield* call((done) => file.sync(done));
  } finally {
    file.close(() => undefined);
  }
  yield* call((done) => disk.rename(temporary, path, done));
  yield* call((done) => disk.syncDirectory("", done));
}
