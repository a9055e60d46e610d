/** What went wrong with the disk, as a closed set: callers decide by it, never by a message's text. */
export type DiskErrorCode =
  | "not-found"
  | "exists"
  | "no-space"
  | "io"
  | "locked"
  | "not-permitted"
  | "other";

/** An operation on a disk failed. `operation` and `path` say which; `cause` is the platform's error, if any. */
export class DiskError extends Error {
  override readonly name = "DiskError";
  readonly code: DiskErrorCode;
  readonly operation: string;
  readonly path: string;

  constructor(code: DiskErrorCode, operation: string, path: string, options?: ErrorOptions) {
    super(`${operation} ${path}: ${code}`, options);
    this.code = code;
    this.operation = operation;
    this.path = path;
  }
}

/** Called exactly once, never inside the call that started the operation. `error` undefined: it succeeded. */
export type DiskDone = (error: DiskError | undefined) => void;
/** As {@link DiskDone}; `value` is meaningful only if `error` is undefined. */
export type DiskResult<T> = (error: DiskError | undefined, value: T) => void;

/**
 * How a file is opened. "create" fails with "exists" when there is such a file, the others with "not-found" when there is none. "write" is
 * for reading and writing. So is "write-through", where moreover what a write reported as done is durable, as after `sync`, and an
 * error of a write means what one of `sync` means: one call for a log that syncs each write.
 */
export type OpenMode = "read" | "write" | "create" | "write-through";

/**
 * The file system of one node, paths relative to its data directory with "/" between names. Operations
 * on different files may complete in any order; nothing is durable before `sync` (contents) or `syncDirectory`
 * (names) reported success. An error of `sync` means that what was written since the last success may
 * or may not be on the disk: nobody may retry it.
 */
export interface Disk {
  open(path: string, mode: OpenMode, done: DiskResult<DiskFile>): void;
  /** Names of files and folders in a folder, in no particular order. */
  list(path: string, done: DiskResult<readonly string[]>): void;
  /** Makes a folder and those above it; one that exists is fine. */
  makeDirectory(path: string, done: DiskDone): void;
  /** Replaces `to` in one step if it exists. */
  rename(from: string, to: string, done: DiskDone): void;
  /** Removes a file or an empty folder. */
  remove(path: string, done: DiskDone): void;
  /** Makes names created, renamed and removed in a folder durable. */
  syncDirectory(path: string, done: DiskDone): void;
  /** Bytes that can still be written. */
  freeSpace(done: DiskResult<number>): void;
  /**
   * Takes the data directory for this process until it ends or the lock is released. Fails with "locked" when a live
   * process has it; the error's cause names that process. A lock left by a dead one is taken over.
   */
  lock(path: string, done: DiskResult<DiskLock>): void;
}

/** An exclusive claim on a data directory. */
export interface DiskLock {
  release(done: DiskDone): void;
}

/** One open file. Buffers given to `write` must not change until `done`. */
export interface DiskFile {
  readonly path: string;
  /** Writes all of `bytes` at `position`, extending the file if needed; short writes are completed or reported. */
  write(bytes: Uint8Array, position: number, done: DiskDone): void;
  /** Fills `target` from `position` on; the value is the number of bytes read, less only at the end of the file. */
  read(target: Uint8Array, position: number, done: DiskResult<number>): void;
  /** Makes everything written to this file so far durable (fdatasync). */
  sync(done: DiskDone): void;
  /** Size in bytes. */
  size(done: DiskResult<number>): void;
  close(done: DiskDone): void;
}
