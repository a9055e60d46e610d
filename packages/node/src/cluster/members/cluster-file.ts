import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { StorageError } from "../../storage/storage-error.ts";
import { removeDurably, writeFileAtomically } from "./atomic-file.ts";
import {
  type ClusterRecord,
  ClusterRecordError,
  decodeClusterRecord,
  encodeClusterRecord,
} from "./cluster-record.ts";

const CLUSTER_FILE = "cluster.json";
/** Content: the cluster.json that is to be there after a reset, or nothing. While it is there, the reset is not complete. */
const RESET_FILE = "reset.json";
const FORCE_BOOT_FILE = "force_boot";
/** What a node stores, but the reserve of space, which is no data. Logs, cookie and pid file are not the storage's. */
const DATA = [
  CLUSTER_FILE,
  `${CLUSTER_FILE}.tmp`,
  FORCE_BOOT_FILE,
  "node.meta",
  "node.meta.tmp",
  "node.meta.copy",
  "node.meta.copy.tmp",
  "log",
  "snap",
];
/** Of a data directory that somebody has stored something in. */
const MARKS = [CLUSTER_FILE, "node.meta", "node.meta.copy"];

/** @throws StorageError if it cannot be read: it is never replaced by a guess */
export function readClusterFile(directory: string): ClusterRecord | undefined {
  const path = join(directory, CLUSTER_FILE);
  if (!existsSync(path)) return undefined;
  try {
    return decodeClusterRecord(readFileSync(path, "utf8"));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const advice = error instanceof ClusterRecordError ? ADVICE : "";
    throw new StorageError(`${path} cannot be used: ${why}${advice}`, { cause: error });
  }
}

const ADVICE =
  ". It says who this node is and where the other nodes of its cluster are; nothing was changed";

/** Rejects with the system's error. */
export async function writeClusterFile(directory: string, record: ClusterRecord): Promise<void> {
  await writeFileAtomically(join(directory, CLUSTER_FILE), encodeClusterRecord(record));
}

/** Whether nothing was ever stored there: the node is new. */
export function isNewDirectory(directory: string): boolean {
  return !MARKS.some((name) => existsSync(join(directory, name)));
}

/**
 * Deletes all data of a node that does not use it. `next`: who it is from then on; undefined: nobody yet. A crash in between is made up for by
 * {@link finishReset}. Rejects with the system's error.
 */
export async function resetDirectory(
  directory: string,
  next: ClusterRecord | undefined,
): Promise<void> {
  const content = next === undefined ? "" : encodeClusterRecord(next);
  await writeFileAtomically(join(directory, RESET_FILE), content);
  await finishReset(directory);
}

/** Completes a reset that was begun; to be called before anything is read. Rejects with a StorageError, or the system's error. */
export async function finishReset(directory: string): Promise<void> {
  const path = join(directory, RESET_FILE);
  if (!existsSync(path)) return;
  const content = readFileSync(path, "utf8");
  if (content !== "") checkRecord(path, content);
  await removeDurably(directory, DATA);
  if (content !== "") await writeFileAtomically(join(directory, CLUSTER_FILE), content);
  await removeDurably(directory, [RESET_FILE, `${RESET_FILE}.tmp`]);
}

/** The next start waits for nobody. */
export async function markForceBoot(directory: string): Promise<void> {
  await writeFileAtomically(join(directory, FORCE_BOOT_FILE), "");
}

export function isForceBootMarked(directory: string): boolean {
  return existsSync(join(directory, FORCE_BOOT_FILE));
}

export async function clearForceBoot(directory: string): Promise<void> {
  await removeDurably(directory, [FORCE_BOOT_FILE]);
}

function checkRecord(path: string, content: string): void {
  try {
    decodeClusterRecord(content);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new StorageError(`${path} cannot be used: ${why}`, { cause: error });
  }
}
