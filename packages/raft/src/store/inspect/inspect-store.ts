import { nodeStamp, STORE_FORMAT_VERSION } from "../../codec/record-node-meta.ts";
import type { Clock, Timers } from "../../env/clock.ts";
import type { Disk } from "../../env/disk.ts";
import { IndexCache } from "../index-cache.ts";
import { rebuildIndexes } from "../index-rebuild.ts";
import { LOG_DIRECTORY } from "../log-file.ts";
import type { LogFiles } from "../log-files.ts";
import { LogReader } from "../log-reader.ts";
import {
  type NodeMetaCopy,
  readNodeMeta,
  StoreOpenError,
  startIncarnation,
} from "../node-meta-file.ts";
import type { LogListing, RecoveredLog } from "../recovery.ts";
import { Slicer } from "../slicer.ts";
import { SNAPSHOT_DIRECTORY } from "../snapshot-files.ts";
import { listLog, listSnapshots, recover, settle } from "../store-opening.ts";
import { call, runTask, type Task } from "../task.ts";
import { checkSnapshotStates } from "./check-snapshots.ts";
import { findStamp } from "./find-stamp.ts";
import { summaryOf } from "./group-summary.ts";
import { checkFiles, type FoundFiles, findFiles, hotFileSize } from "./inspect-files.ts";
import type { InspectedLog } from "./inspected-log.ts";
import { OverlayDisk } from "./overlay-disk.ts";
import type { StoreOwner } from "./store-inspection.ts";
import { StoreInspector } from "./store-inspector.ts";

/** Places of entries kept in memory while looking. */
const INDEX_CACHE_BYTES = 64 * 1024 * 1024;

export interface InspectOptions {
  /** Only opened for reading and listed. */
  readonly disk: Disk;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Reads everything, so that damage shows that a start would not meet. */
  readonly isThorough: boolean;
  /** The file that is going to be read, and how many there are. */
  onProgress?(path: string, position: number, count: number): void;
}

/**
 * Reads a data directory back as a start would, by the same code, over a disk that keeps to itself what the start would
 * write. Nothing is changed and no lock is taken, so that it may be done beside a running node: what it finds then may be in
 * motion. `error` is a StoreOpenError if there is nothing to read or it has another format, else a DiskError or DecodeError.
 */
export function inspectStore(
  options: InspectOptions,
  done: (error: Error | undefined, inspector: StoreInspector | undefined) => void,
): void {
  runTask(inspect(options), (error, inspector) => {
    if (error === undefined) done(undefined, inspector);
    else done(error instanceof Error ? error : new Error(String(error)), undefined);
  });
}

function* inspect(options: InspectOptions): Task<StoreInspector> {
  const disk = new OverlayDisk(options.disk, options.timers);
  const names = yield* call<readonly string[]>((done) => disk.list("", done));
  const nodeMeta = yield* readNodeMeta(disk);
  const isOurs =
    names.includes(LOG_DIRECTORY) || nodeMeta.some(({ content }) => content !== "missing");
  if (!isOurs)
    throw new StoreOpenError("there is no data of Leveret here: neither node.meta nor a log");
  const owner = ownerIn(nodeMeta);
  for (const path of [LOG_DIRECTORY, SNAPSHOT_DIRECTORY]) {
    yield* call((done) => disk.makeDirectory(path, done));
  }
  const found = yield* findFiles(disk, names);
  const listing = yield* listLog(disk);
  const snapshots = (yield* listSnapshots(disk)).map(({ path }) => path);
  const refusal = yield* refusalOf(disk, owner, listing);
  const stamp =
    owner === undefined
      ? ((yield* findStamp(disk, listing)) ?? 0)
      : nodeStamp(owner.clusterId, owner.nodeId);
  const log = yield* readLog({ ...options, disk }, { stamp, listing, found });
  const tail = takeTail(log);
  const orphans = settle({ ...log.recovered, snapshots });
  noteEmptyLog(log.recovered.log, { names, owner, listing });
  const files = yield* checkFiles(log, { found, orphans, listing, options });
  if (options.isThorough) yield* checkSnapshotStates(log);
  const { notes } = log.recovered.log.replay;
  return new StoreInspector(log, {
    nodeMeta,
    owner,
    refusal,
    files,
    groups: [...log.recovered.table.all()].map(summaryOf).sort((a, b) => a.groupId - b.groupId),
    damage: notes.list,
    untoldDamages: notes.untold,
    unprovenBatch: tail,
    isThorough: options.isThorough,
  });
}

/** @throws StoreOpenError if it is of another format, of which nothing else can be read */
function ownerIn(copies: readonly NodeMetaCopy[]): StoreOwner | undefined {
  let owner: StoreOwner | undefined;
  for (const { content } of copies) {
    if (typeof content !== "object") continue;
    if (content.formatVersion !== STORE_FORMAT_VERSION) {
      throw new StoreOpenError(
        `the data has format ${content.formatVersion}, this version reads format ${STORE_FORMAT_VERSION}`,
      );
    }
    if (owner === undefined || content.incarnation > owner.incarnation) owner = content;
  }
  return owner;
}

/** What the next start would say, whoever it is. */
function* refusalOf(
  disk: Disk,
  owner: StoreOwner | undefined,
  listing: LogListing,
): Task<string | undefined> {
  const hasLog = listing.hot.length + listing.cold.length > 0;
  try {
    yield* startIncarnation(disk, owner ?? { nodeId: 0, clusterId: "" }, hasLog);
    return undefined;
  } catch (error) {
    if (error instanceof StoreOpenError) return error.message;
    throw error;
  }
}

function* readLog(
  options: InspectOptions & { readonly disk: Disk },
  log: { readonly stamp: number; readonly listing: LogListing; readonly found: FoundFiles },
): Task<InspectedLog> {
  const { disk, clock, timers } = options;
  const { stamp, listing, found } = log;
  const slicer = new Slicer(clock, timers);
  const createReader = (files: LogFiles): LogReader =>
    new LogReader({
      files,
      indexes: new IndexCache({
        disk,
        stamp,
        maxBytes: INDEX_CACHE_BYTES,
        rebuild: (file) => rebuildIndexes(file, { files, slicer, stamp }),
      }),
      // Who reads notes what could not be read.
      onDamage: () => undefined,
    });
  const hotFileBytes = hotFileSize(found);
  const recovered = yield* recover({ disk, stamp, hotFileBytes, createReader }, listing);
  return { disk, stamp, slicer, recovered };
}

/** Applies the last batch where it is; a start would first write it again. Returns where it is. */
function takeTail(
  log: InspectedLog,
): { readonly path: string; readonly offset: number; readonly size: number } | undefined {
  const { files, log: recovered } = log.recovered;
  const { tail } = recovered;
  if (tail === undefined) return undefined;
  // It is no part of the log if nothing in it is proven; what is in the tail is there nevertheless.
  if (files.get(tail.file.seq) === undefined) files.add(tail.file);
  recovered.replay.batch(tail, tail.recordsSize, log.stamp);
  return { path: tail.file.path, offset: tail.position, size: tail.bytes.length };
}

/** A node writes to its log in its first life: one that was started before and has nothing has lost everything. */
function noteEmptyLog(
  log: RecoveredLog,
  found: {
    readonly names: readonly string[];
    readonly owner: StoreOwner | undefined;
    readonly listing: LogListing;
  },
): void {
  if (log.end.batchSeq > 0 || log.tail !== undefined) return;
  const isGone = !found.names.includes(LOG_DIRECTORY);
  const isOld = (found.owner?.incarnation ?? 0) > 1;
  if (!isGone && !isOld) return;
  const kind = isGone ? "file" : "unknown";
  log.replay.notes.begin({ kind, path: LOG_DIRECTORY, offset: 0, size: 0 });
}
