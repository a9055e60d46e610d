import type { RaftLimits } from "../limits.ts";
import type { LogFile } from "./log-file.ts";

/** Newest hot files, with the one being written, that are left alone: much of what is alive in them dies by itself soon. */
const YOUNG_FILES = 3;
/** Cold files below this share of a hot file are small, and merged when there are this many. */
const SMALL_SHARE = 0.125;
const SMALL_FILES_MAX = 8;

/** Files in which nothing counts any more. */
export function deadFiles(files: readonly LogFile[]): LogFile[] {
  return files.filter((file) => isSettled(file) && file.references === 0 && file.pins === 0);
}

/**
 * Files to be rewritten together: those with the smallest live share first, as many as give one new file of ordinary size.
 * `isUrgent`: space is short, so that young files are taken, too.
 */
export function filesToRewrite(
  files: readonly LogFile[],
  limits: RaftLimits,
  isUrgent: boolean,
): LogFile[] {
  const settled = files.filter((file) => isSettled(file) && file.references > 0);
  const hot = files.filter((file) => file.kind === "hot");
  const young = new Set(isUrgent ? [] : hot.slice(-YOUNG_FILES));
  const sparse = settled.filter(
    (file) =>
      !young.has(file) && !isSmall(file, limits) && liveShare(file) < limits.rewriteLiveRatio,
  );
  const chosen = new Set(sparse);
  for (const file of smallFiles(settled, limits)) chosen.add(file);
  return takeBytes([...chosen].sort(byLiveShare), limits.hotFileBytes);
}

function smallFiles(files: readonly LogFile[], limits: RaftLimits): LogFile[] {
  const small = files.filter((file) => isSmall(file, limits));
  return small.length >= SMALL_FILES_MAX ? small : [];
}

/** Rewriting it alone would gain next to nothing. */
function isSmall(file: LogFile, limits: RaftLimits): boolean {
  return file.kind === "cold" && file.size < limits.hotFileBytes * SMALL_SHARE;
}

function takeBytes(files: readonly LogFile[], maxBytes: number): LogFile[] {
  const taken: LogFile[] = [];
  let bytes = 0;
  for (const file of files) {
    bytes += file.liveBytes;
    if (taken.length > 0 && bytes > maxBytes) break;
    taken.push(file);
  }
  return taken;
}

/** Nothing is added to it, and its index is written. */
function isSettled(file: LogFile): boolean {
  return file.isSealed && file.isIndexed;
}

function liveShare(file: LogFile): number {
  // A hot file takes its whole size on the disk, however little was written to it.
  const bytes = file.kind === "hot" ? file.size : file.contentBytes;
  return file.liveBytes / Math.max(1, bytes);
}

function byLiveShare(a: LogFile, b: LogFile): number {
  return liveShare(a) - liveShare(b);
}
