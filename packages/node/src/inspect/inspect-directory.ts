import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { DiskError, type StoreInspector } from "@leveret/raft";
import { lockState } from "../runtime/lock-state.ts";
import { RealDisk } from "../runtime/real-disk.ts";
import { type DirectoryReport, type GroupDetail, isWhole } from "./directory-report.ts";
import { readContents, readMeanings } from "./group-contents.ts";
import type { InspectOptions } from "./inspect-options.ts";
import { readNames } from "./metadata-names.ts";
import { openInspector, readGroupHeaders } from "./store-reading.ts";

/** A running broker changes files while they are read: so often is looked again before damage is believed. */
const ATTEMPTS = 3;
/** Entries of a group in detail. */
export const DEFAULT_LIMIT = 20;

/** The data directory cannot be read at all; the message is a sentence for people. */
export class InspectError extends Error {
  override readonly name = "InspectError";
  /** What was asked for is not there, though the directory can be read. */
  readonly isUsage: boolean;

  constructor(message: string, options: ErrorOptions & { readonly isUsage?: boolean } = {}) {
    super(message, options);
    this.isUsage = options.isUsage === true;
  }
}

type OnProgress = (path: string, position: number, count: number) => void;

/** Reads a data directory and what is in it, without changing anything. @throws InspectError */
export async function inspectDirectory(
  options: InspectOptions,
  onProgress: OnProgress,
): Promise<DirectoryReport> {
  await checkDirectory(options.directory);
  for (let attempt = 1; ; attempt++) {
    const lock = await lockState(join(options.directory, "lock"));
    const isMoving = lock.kind === "held" && attempt < ATTEMPTS;
    try {
      const report = await read(options, onProgress);
      const found = { ...report, directory: options.directory, lock };
      if (!isMoving || isWhole(found)) return found;
    } catch (error) {
      if (error instanceof InspectError) throw error;
      if (!isMoving) throw unreadable(options.directory, error);
    }
  }
}

async function checkDirectory(directory: string): Promise<void> {
  try {
    await readdir(directory);
  } catch (error) {
    throw new InspectError(`${directory} cannot be read: ${reasonOf(error)}`, { cause: error });
  }
}

async function read(
  options: InspectOptions,
  onProgress: OnProgress,
): Promise<Pick<DirectoryReport, "detail" | "names" | "store">> {
  const disk = new RealDisk(options.directory);
  const inspector = await openInspector(disk, { isThorough: !options.isQuick, onProgress });
  try {
    const names = await readNames(inspector);
    const detail = await readDetail(inspector, options);
    return { store: inspector.result, names, detail };
  } finally {
    inspector.close();
  }
}

async function readDetail(
  inspector: StoreInspector,
  options: InspectOptions,
): Promise<GroupDetail | undefined> {
  const { groupId, limit = DEFAULT_LIMIT } = options;
  if (groupId === undefined) return undefined;
  const group = inspector.result.groups.find((other) => other.groupId === groupId);
  if (group === undefined) {
    throw new InspectError(
      `no group ${groupId} in ${options.directory}; without --group all are listed`,
      {
        isUsage: true,
      },
    );
  }
  // Entries before the log's own may still be needed by the snapshot.
  const first = Math.max(1, group.lastIndex - limit + 1);
  const range = { first, last: group.lastIndex };
  const entries = await readGroupHeaders(inspector, groupId, range);
  const meanings = await readMeanings(inspector, groupId, entries);
  return { group, entries, meanings, contents: await readContents(inspector, group) };
}

function unreadable(directory: string, error: unknown): InspectError {
  const place = error instanceof DiskError ? `${error.operation} ${error.path}: ` : "";
  return new InspectError(`${directory} cannot be read: ${place}${reasonOf(error)}`, {
    cause: error,
  });
}

/** The system's own words, if it has said something; those of Node are long and name the path again. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return reasonOf(error.cause);
  // System errors have one.
  const { code } = error as NodeJS.ErrnoException;
  return REASONS.get(code ?? "") ?? error.message;
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ["ENOENT", "it is not there"],
  ["ENOTDIR", "it is not a directory"],
  ["EACCES", "permission denied: use the user that runs the broker"],
]);
