import { type Disk, DiskError, type DiskFile } from "../../env/disk.ts";
import { LOG_DIRECTORY, type LogFile } from "../log-file.ts";
import type { LogListing } from "../recovery.ts";
import { parseSnapshotName, SNAPSHOT_DIRECTORY } from "../snapshot-files.ts";
import { call, type Task } from "../task.ts";
import { type CheckedFile, checkFile } from "./check-file.ts";
import { noteLosses } from "./find-losses.ts";
import type { InspectedLog } from "./inspected-log.ts";
import type { InspectedFile, InspectedFileKind } from "./store-inspection.ts";

/** Names in the data directory itself that belong to the store. */
const OWN_NAMES = /^(lock(\..*)?|node\.meta(\.copy)?(\.tmp)?)$/;

/** Sizes of all files by their paths. */
export type FoundFiles = ReadonlyMap<string, number>;

/** All files of a data directory, with their sizes. @throws DiskError */
export function* findFiles(disk: Disk, names: readonly string[]): Task<FoundFiles> {
  const found = new Map<string, number>();
  const folders = [LOG_DIRECTORY, SNAPSHOT_DIRECTORY];
  const paths = names.filter((name) => !OWN_NAMES.test(name) && !folders.includes(name));
  for (const folder of folders) {
    const inside = yield* call<readonly string[]>((done) => disk.list(folder, done));
    paths.push(...inside.map((name) => `${folder}/${name}`));
  }
  for (const path of paths.sort()) {
    const size = yield* sizeOf(disk, path);
    if (size !== undefined) found.set(path, size);
  }
  return found;
}

/** Hot files are all made of one size; one that is smaller was cut short. */
export function hotFileSize(found: FoundFiles): number {
  let largest = 0;
  for (const [path, size] of found) if (path.endsWith(".hot")) largest = Math.max(largest, size);
  return largest;
}

/** Undefined: it went away meanwhile. */
function* sizeOf(disk: Disk, path: string): Task<number | undefined> {
  try {
    const file = yield* call<DiskFile>((done) => disk.open(path, "read", done));
    const size = yield* call<number>((done) => file.size(done));
    file.close(() => undefined);
    return size;
  } catch (error) {
    if (error instanceof DiskError && error.code === "not-found") return undefined;
    throw error;
  }
}

interface CheckOptions {
  readonly found: FoundFiles;
  /** Snapshots that belong to no group. */
  readonly orphans: readonly string[];
  readonly listing: LogListing;
  readonly options: {
    readonly isThorough: boolean;
    onProgress?(path: string, position: number, count: number): void;
  };
}

/** Describes all files; if thorough, reads those that recovery did not read, and notes what is damaged. @throws DiskError */
export function* checkFiles(log: InspectedLog, check: CheckOptions): Task<InspectedFile[]> {
  const { found, orphans, options } = check;
  const { files, log: recovered } = log.recovered;
  const all = files.all();
  const checked = new Map<LogFile, CheckedFile>();
  for (const [position, file] of all.entries()) {
    noteShort(log, file, hotFileSize(found));
    if (!options.isThorough || isScanned(log, file)) continue;
    options.onProgress?.(file.path, position + 1, all.length);
    checked.set(file, yield* checkOne(log, file, check.listing));
  }
  const listed = all.map((file) => describe(log, file, checked.get(file)));
  const leftovers = new Set([...recovered.remains, ...recovered.emptied, ...orphans]);
  const spares = new Set(recovered.spares.map(({ path }) => path));
  const known = new Set(all.flatMap(({ path, indexPath }) => [path, indexPath]));
  for (const [path, size] of found) {
    if (known.has(path)) continue;
    const kind = spares.has(path) ? "spare" : kindOf(path, leftovers);
    listed.push(other(path, kind, size));
  }
  return listed;
}

/** Recovery read all of it. */
function isScanned(log: InspectedLog, file: LogFile): boolean {
  return !file.isIndexed || log.recovered.log.scanned.some((scanned) => scanned.file === file);
}

/** The end of the newest file tells nothing about what came behind it. */
function noteShort(log: InspectedLog, file: LogFile, fullSize: number): void {
  const { notes } = log.recovered.log.replay;
  if (file.kind !== "hot" || file.isIndexed || file.size >= fullSize) return;
  const { path, size: offset } = file;
  notes.begin({ kind: "short", path, offset, size: fullSize - offset });
}

function* checkOne(log: InspectedLog, file: LogFile, listing: LogListing): Task<CheckedFile> {
  const { notes } = log.recovered.log.replay;
  const checked = yield* checkFile(file, listing.indexed.has(file.seq), log);
  if (checked.index === "damaged") {
    notes.begin({ kind: "index", path: file.indexPath, offset: 0, size: 0 });
  }
  if (checked.damage.length > 0) yield* noteLosses(log, file, checked.damage);
  return checked;
}

function describe(
  log: InspectedLog,
  file: LogFile,
  checked: CheckedFile | undefined,
): InspectedFile {
  const { path, kind, size, end, liveBytes } = file;
  const isRead = checked !== undefined || isScanned(log, file);
  const index = checked?.index ?? (isRead ? "none" : "unread");
  const batches = checked?.batches ?? countBatches(log, file);
  return { path, kind, size, end, batches, liveBytes, index, isRead };
}

/** By their numbers; those of cold files are not known before they are read. */
function countBatches(log: InspectedLog, file: LogFile): number | undefined {
  if (file.kind === "cold") return undefined;
  const unproven = log.recovered.log.tail?.file === file ? 1 : 0;
  return Math.max(0, file.lastBatchSeq - file.firstBatchSeq + 1) + unproven;
}

function kindOf(path: string, leftovers: ReadonlySet<string>): InspectedFileKind {
  const isOurFolder =
    path.startsWith(`${LOG_DIRECTORY}/`) || path.startsWith(`${SNAPSHOT_DIRECTORY}/`);
  if (leftovers.has(path) || (isOurFolder && path.endsWith(".tmp"))) return "leftover";
  const name = path.slice(SNAPSHOT_DIRECTORY.length + 1);
  const isSnapshot = path.startsWith(`${SNAPSHOT_DIRECTORY}/`);
  return isSnapshot && parseSnapshotName(name) !== undefined ? "snapshot" : "foreign";
}

function other(path: string, kind: InspectedFileKind, size: number): InspectedFile {
  return { path, kind, size, end: 0, batches: 0, liveBytes: 0, index: "none", isRead: true };
}
