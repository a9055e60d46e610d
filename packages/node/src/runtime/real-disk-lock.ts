import { randomUUID } from "node:crypto";
import { link, readFile, unlink, writeFile } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { type DiskDone, DiskError, type DiskLock, type DiskResult } from "@leveret/raft";
import { diskErrorOf } from "./disk-error.ts";
import { isRunning, ownIdentity, type ProcessIdentity, parseIdentity } from "./process-identity.ts";

/** While another process takes over a stale lock: how often, and how long apart, to look again. */
const ATTEMPTS = 50;
const ATTEMPT_DELAY_MS = 10;

interface LockPlace {
  /** Path of the file in the file system. */
  readonly file: string;
  /** Path relative to the data directory, for errors. */
  readonly path: string;
}

/**
 * Claims a data directory for this process: the lock is a file that names it. It appears at once with its whole content (a hard
 * link to a file written before), so that nobody ever sees half a lock of a live process. A lock whose process is gone is
 * removed by whoever holds a second lock, that of taking over: else two that both saw the old lock could remove each
 * other's new one.
 */
export function lockDataDirectory(place: LockPlace, done: DiskResult<DiskLock>): void {
  settle(claim(place), (error, lock) => {
    done(error === undefined ? undefined : asDiskError(error, "lock", place.path), {
      release: (released) => release(place, lock ?? "", released),
    });
  });
}

/** Returns the lock's content. */
async function claim(place: LockPlace): Promise<string> {
  const content = JSON.stringify(await ownIdentity());
  const draft = `${place.file}.${process.pid}.${randomUUID()}`;
  try {
    await writeFile(draft, content);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (await linked(draft, place.file)) return content;
      const isFree = await removeIfStale(place, draft);
      if (!isFree) await setTimeout(ATTEMPT_DELAY_MS);
    }
  } finally {
    await remove(draft);
  }
  throw new DiskError("locked", "lock", place.path, {
    cause: new Error("other processes try to lock the data directory at the same time"),
  });
}

/** False: another process is about to take it over. @throws DiskError "locked" if the lock's process runs */
async function removeIfStale(place: LockPlace, draft: string): Promise<boolean> {
  const found = await contentOf(place.file);
  if (found === undefined) return true;
  await refuseIfHeld(place, found);
  const takeover = `${place.file}.takeover`;
  if (!(await linked(draft, takeover))) {
    const other = await contentOf(takeover);
    // It ended in the middle of that.
    if (other !== undefined && (await holderOf(other)) === undefined) await remove(takeover);
    return false;
  }
  try {
    if ((await contentOf(place.file)) === found) await remove(place.file);
  } finally {
    await remove(takeover);
  }
  return true;
}

async function refuseIfHeld(place: LockPlace, content: string): Promise<void> {
  const holder = await holderOf(content);
  if (holder === undefined) return;
  throw new DiskError("locked", "lock", place.path, {
    cause: new Error(`process ${holder.pid} uses the data directory`),
  });
}

/** The live process that a lock names; undefined: it is gone. */
async function holderOf(content: string): Promise<ProcessIdentity | undefined> {
  const holder = parseIdentity(content);
  return holder !== undefined && (await isRunning(holder)) ? holder : undefined;
}

function release(place: LockPlace, content: string, done: DiskDone): void {
  settle(removeOwn(place.file, content), (error) => {
    done(error === undefined ? undefined : asDiskError(error, "unlock", place.path));
  });
}

/** Leaves a lock alone that is not the one put there. */
async function removeOwn(file: string, content: string): Promise<void> {
  if ((await contentOf(file)) === content) await remove(file);
}

/** False: there is a lock. */
async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
}

async function remove(file: string): Promise<void> {
  try {
    await unlink(file);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
  }
}

async function contentOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined; // System errors have one.
}

function asDiskError(error: unknown, operation: "lock" | "unlock", path: string): DiskError {
  if (error instanceof DiskError) return error;
  const cause = error instanceof Error ? error : new Error(String(error));
  return diskErrorOf(cause, operation, path) ?? new DiskError("other", operation, path, { cause });
}

/** Calls `done` outside of the promise, so that what it throws is not taken for a failure of the lock. */
function settle<T>(work: Promise<T>, done: (error: unknown, value: T | undefined) => void): void {
  work.then(
    (value) => setImmediate(() => done(undefined, value)),
    (error: unknown) => setImmediate(() => done(error, undefined)),
  );
}
