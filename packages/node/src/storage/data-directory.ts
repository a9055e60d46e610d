import { accessSync, constants, existsSync, mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { DiskError, StoreOpenError } from "@leveret/raft";
import { StorageError } from "./storage-error.ts";

/** Nobody else has to read what clients have sent; the group may, for backups (RabbitMQ's packages do the same). */
const MODE = 0o750;

/** Makes the data directory if it is not there. @throws StorageError */
export function prepareDataDirectory(directory: string): void {
  try {
    makeWithParents(directory);
  } catch (error) {
    throw unusable(directory, `cannot be made: ${reasonOf(error)}`, error);
  }
  if (!statSync(directory).isDirectory())
    throw unusable(directory, "is not a directory", undefined);
  try {
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw unusable(directory, `cannot be written: ${reasonOf(error)}`, error);
  }
}

/** Not by mkdir's own `recursive`, which goes round for ever where the system lets nobody make folders (/proc). */
function makeWithParents(directory: string): void {
  if (existsSync(directory)) return;
  makeWithParents(dirname(directory));
  try {
    mkdirSync(directory, { mode: MODE });
  } catch (error) {
    // Another process may have been faster.
    if (!existsSync(directory)) throw error;
  }
}

/** What kept the log store from opening, as a sentence. */
export function openingProblem(directory: string, error: unknown): StorageError {
  if (error instanceof StoreOpenError && isLocked(error.cause)) {
    return unusable(directory, `is in use: ${reasonOf(error.cause)}`, error);
  }
  if (error instanceof DiskError) {
    const { operation, path, cause, code } = error;
    const reason = cause instanceof Error ? reasonOf(cause) : code;
    return unusable(directory, `cannot be used: ${operation} ${path}: ${reason}`, error);
  }
  return unusable(directory, `cannot be used: ${reasonOf(error)}`, error);
}

function isLocked(cause: unknown): cause is DiskError {
  return cause instanceof DiskError && cause.code === "locked";
}

/** The innermost reason: the system's own words. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? reasonOf(error.cause) : error.message;
}

function unusable(directory: string, what: string, cause: unknown): StorageError {
  return new StorageError(`the data directory ${directory} ${what}`, { cause });
}
