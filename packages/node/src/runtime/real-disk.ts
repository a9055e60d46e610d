import {
  close,
  constants,
  fsync,
  mkdir,
  open,
  readdir,
  rename,
  rmdir,
  statfs,
  unlink,
} from "node:fs";
import { join } from "node:path";
import type { Disk, DiskDone, DiskFile, DiskLock, DiskResult, OpenMode } from "@leveret/raft";
import { type DiskOperation, diskErrorOf } from "./disk-error.ts";
import { RealDiskFile } from "./real-disk-file.ts";
import { lockDataDirectory } from "./real-disk-lock.ts";

/**
 * On Linux, a write to a file opened with O_DSYNC returns when it is as durable as after fdatasync, without a second way through the
 * thread pool. Elsewhere the flag promises less or is not there.
 */
const CAN_WRITE_THROUGH = process.platform === "linux";

const OPEN_FLAGS = {
  read: "r",
  write: "r+",
  create: "wx+",
  "write-through": CAN_WRITE_THROUGH ? constants.O_RDWR | constants.O_DSYNC : "r+",
} as const;
const NO_NAMES: readonly string[] = [];

/**
 * The machine's file system below one data directory. Calls go to Node's thread pool (UV_THREADPOOL_SIZE threads), so
 * those to different files may complete in any order.
 */
export class RealDisk implements Disk {
  readonly #root: string;

  /** `root` has to exist. */
  constructor(root: string) {
    this.#root = root;
  }

  open(path: string, mode: OpenMode, done: DiskResult<DiskFile>): void {
    open(join(this.#root, path), OPEN_FLAGS[mode], (error, descriptor) => {
      const syncsWrites = mode === "write-through" && !CAN_WRITE_THROUGH;
      const file = new RealDiskFile(path, descriptor, { syncsWrites });
      done(diskErrorOf(error, "open", path), file);
    });
  }

  list(path: string, done: DiskResult<readonly string[]>): void {
    readdir(join(this.#root, path), (error, names) => {
      done(diskErrorOf(error, "list", path), error === null ? names : NO_NAMES);
    });
  }

  makeDirectory(path: string, done: DiskDone): void {
    const full = join(this.#root, path);
    mkdir(full, { recursive: true }, report("make directory", path, done));
  }

  rename(from: string, to: string, done: DiskDone): void {
    rename(join(this.#root, from), join(this.#root, to), report("rename", from, done));
  }

  remove(path: string, done: DiskDone): void {
    const full = join(this.#root, path);
    const reported = report("remove", path, done);
    unlink(full, (error) => {
      // Linux says EISDIR for a folder, others EPERM.
      if (error?.code === "EISDIR" || error?.code === "EPERM") rmdir(full, reported);
      else reported(error);
    });
  }

  syncDirectory(path: string, done: DiskDone): void {
    const reported = report("sync directory", path, done);
    open(join(this.#root, path), "r", (openError, descriptor) => {
      if (openError !== null) {
        reported(openError);
        return;
      }
      fsync(descriptor, (syncError) => {
        close(descriptor, (closeError) => reported(syncError ?? closeError));
      });
    });
  }

  freeSpace(done: DiskResult<number>): void {
    statfs(this.#root, (error, space) => {
      // What an unprivileged process may use, as `df` shows it.
      done(
        diskErrorOf(error, "measure free space", ""),
        error === null ? space.bavail * space.bsize : 0,
      );
    });
  }

  lock(path: string, done: DiskResult<DiskLock>): void {
    lockDataDirectory({ file: join(this.#root, path), path }, done);
  }
}

function report(
  operation: DiskOperation,
  path: string,
  done: DiskDone,
): (error: NodeJS.ErrnoException | null) => void {
  return (error) => done(diskErrorOf(error, operation, path));
}
