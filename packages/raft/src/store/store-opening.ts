import type { NodeId } from "../core/ids.ts";
import { type Disk, DiskError, type DiskLock } from "../env/disk.ts";
import type { DamagePlace } from "./damage-notes.ts";
import { checkExtents } from "./extent-check.ts";
import type { GroupLog } from "./group-log.ts";
import { GroupTable } from "./group-table.ts";
import { LOG_DIRECTORY, LogFile, parseFileName } from "./log-file.ts";
import { LogFiles } from "./log-files.ts";
import type { LogReader } from "./log-reader.ts";
import { StoreOpenError, startIncarnation } from "./node-meta-file.ts";
import { type LogListing, type RecoveredLog, Recovery } from "./recovery.ts";
import type { Replay } from "./replay.ts";
import { parseSnapshotName, SNAPSHOT_DIRECTORY, snapshotPath } from "./snapshot-files.ts";
import { stillLost } from "./still-lost.ts";
import { call, type Task } from "./task.ts";

/** Recovery starts over when it finds files missing, or there that should be gone; a pass can find more of the other kind. */
const PASSES_MAX = 4;

export interface OpeningDependencies {
  readonly disk: Disk;
  readonly nodeId: NodeId;
  readonly clusterId: string;
  readonly stamp: number;
  readonly hotFileBytes: number;
  /** Makes what finds entries of a log of these files. */
  createReader(files: LogFiles): LogReader;
}

export interface OpenedDirectory {
  readonly lock: DiskLock;
  readonly incarnation: number;
  readonly files: LogFiles;
  readonly table: GroupTable;
  readonly reader: LogReader;
  readonly log: RecoveredLog;
  /** Paths of snapshot files. */
  readonly snapshots: readonly string[];
}

/** Takes the data directory and brings back what is in it. @throws StoreOpenError, DiskError, DecodeError */
export function* openDirectory(deps: OpeningDependencies): Task<OpenedDirectory> {
  const { disk } = deps;
  const lock = yield* takeLock(disk);
  try {
    for (const path of [LOG_DIRECTORY, SNAPSHOT_DIRECTORY]) {
      yield* call((done) => disk.makeDirectory(path, done));
    }
    const listing = yield* listLog(disk);
    const snapshots = yield* listSnapshots(disk);
    // A name may be there that a life before this one did not get to make durable: from now on things rest on it.
    for (const path of ["", LOG_DIRECTORY, SNAPSHOT_DIRECTORY]) {
      yield* call((done) => disk.syncDirectory(path, done));
    }
    const hasLog = listing.hot.length + listing.cold.length > 0;
    const { incarnation, isInUse } = yield* startIncarnation(disk, deps, hasLog);
    const recovered = yield* recover(deps, listing);
    if (isInUse) refuseEmptyLog(recovered.log);
    for (const { seq } of snapshots) recovered.files.skipThrough(seq);
    const paths = snapshots.map(({ path }) => path);
    return { ...recovered, lock, incarnation, snapshots: paths };
  } catch (error) {
    yield* call((done) => lock.release(() => done(undefined)));
    throw error;
  }
}

/** @throws StoreOpenError if nothing is left of a log */
function refuseEmptyLog(log: RecoveredLog): void {
  if (log.end.batchSeq > 0 || log.tail !== undefined) return;
  closeSpares(log);
  throw new StoreOpenError("its log is gone: by node.meta something was stored here");
}

function* takeLock(disk: Disk): Task<DiskLock> {
  try {
    return yield* call<DiskLock>((done) => disk.lock("lock", done));
  } catch (error) {
    if (!(error instanceof DiskError) || error.code !== "locked") throw error;
    throw new StoreOpenError("another process uses the data directory", { cause: error });
  }
}

/** Also removes files that were being written when the node stopped. */
export function* listLog(disk: Disk): Task<LogListing> {
  const hot: number[] = [];
  const cold: number[] = [];
  const indexed = new Set<number>();
  for (const name of yield* sweep(disk, LOG_DIRECTORY)) {
    const file = parseFileName(name);
    if (file?.extension === "hot") hot.push(file.seq);
    else if (file?.extension === "cold") cold.push(file.seq);
    else if (file?.extension === "idx") indexed.add(file.seq);
  }
  return { hot: hot.sort(ascending), cold: cold.sort(ascending), indexed };
}

function* sweep(disk: Disk, folder: string): Task<string[]> {
  const names = yield* call<readonly string[]>((done) => disk.list(folder, done));
  const kept: string[] = [];
  for (const name of names) {
    if (name.endsWith(".tmp")) yield* call((done) => disk.remove(`${folder}/${name}`, done));
    else kept.push(name);
  }
  return kept;
}

/** Reads the log back. @throws DiskError; DecodeError if it was written by a newer version */
export function* recover(
  deps: Omit<OpeningDependencies, "nodeId" | "clusterId">,
  listing: LogListing,
): Task<Pick<OpenedDirectory, "files" | "table" | "reader" | "log">> {
  const lostFiles: number[] = [];
  const undeadFiles: number[] = [];
  for (let pass = 1; ; pass++) {
    const files = new LogFiles(deps.disk);
    const reader = deps.createReader(files);
    const table = new GroupTable(files, reader);
    const recovery = new Recovery({ ...deps, files, table, lostFiles, undeadFiles });
    const log = yield* recovery.run(listing);
    const isSettled = log.missing.length === 0 && log.undead.length === 0;
    if (isSettled || pass === PASSES_MAX) {
      for (const seq of listing.indexed) files.skipThrough(seq);
      return { files, table, reader, log };
    }
    lostFiles.push(...log.missing);
    undeadFiles.push(...log.undead);
    closeSpares(log);
  }
}

/** Removes what is not needed any more; a failure leaves it to the next start. */
export function* removeFiles(disk: Disk, paths: readonly string[]): Task<void> {
  for (const path of paths) yield* call((done) => disk.remove(path, () => done(undefined)));
}

/** The next pass opens them again. */
function closeSpares(log: RecoveredLog): void {
  for (const spare of log.spares) spare.handle?.close(() => undefined);
}

export function* listSnapshots(
  disk: Disk,
): Task<{ readonly seq: number; readonly path: string }[]> {
  const found: { seq: number; path: string }[] = [];
  for (const name of yield* sweep(disk, SNAPSHOT_DIRECTORY)) {
    const seq = parseSnapshotName(name);
    if (seq !== undefined) found.push({ seq, path: `${SNAPSHOT_DIRECTORY}/${name}` });
  }
  return found;
}

/**
 * All of the log is applied, the last batch included: compares what groups think they have with what is there. Returns
 * snapshots that belong to none.
 */
export function settle(
  opened: Pick<OpenedDirectory, "files" | "log" | "snapshots" | "table">,
): string[] {
  checkExtents(opened.log, opened.files);
  opened.log.replay.finish();
  const orphans = checkSnapshots(opened);
  opened.log.replay.notes.confirm((loss) => stillLost(opened.table.get(loss.groupId), loss));
  return orphans;
}

/** Marks groups whose snapshot is gone; returns snapshots that belong to none. */
function checkSnapshots(opened: Parameters<typeof settle>[0]): string[] {
  const unclaimed = new Set(opened.snapshots);
  for (const group of opened.table.all()) {
    if (!isSnapshotMissing(group, unclaimed, opened.files)) continue;
    group.isSnapshotDamaged = true;
    opened.log.replay.harmed.add(group);
    noteSnapshot(opened.log.replay, group);
  }
  return [...unclaimed];
}

function noteSnapshot({ notes }: Replay, group: GroupLog): void {
  notes.begin({ kind: "file", path: snapshotFileOf(group) ?? "", offset: 0, size: 0 });
  const { groupId, snapshot } = group;
  notes.lose({ groupId, what: "snapshot", first: 1, last: snapshot.index });
}

/** Where the state of a group's snapshot is. */
export function snapshotDamageOf(group: GroupLog): DamagePlace {
  const { snapshotPlace: place } = group;
  const { offset, size } = place.kind === "record" ? place : { offset: 0, size: 0 };
  return { kind: "snapshot", path: snapshotFileOf(group) ?? "", offset, size };
}

/** Path of the file that has the state of a group's snapshot; undefined if there is none. */
export function snapshotFileOf(group: GroupLog): string | undefined {
  const { snapshotPlace: place, groupId, snapshot } = group;
  if (place.kind === "none") return undefined;
  if (place.kind === "file") return snapshotPath(groupId, snapshot, place.fileSeq);
  return new LogFile(place.fileSeq, "hot", 0).path;
}

function isSnapshotMissing(group: GroupLog, unclaimed: Set<string>, files: LogFiles): boolean {
  const place = group.snapshotPlace;
  switch (place.kind) {
    case "none":
      return false;
    case "record":
      return files.get(place.fileSeq) === undefined;
    case "file":
      return !unclaimed.delete(snapshotPath(group.groupId, group.snapshot, place.fileSeq));
    default:
      place satisfies never;
      return false;
  }
}

function ascending(a: number, b: number): number {
  return a - b;
}
