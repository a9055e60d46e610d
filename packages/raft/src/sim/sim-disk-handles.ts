import type { Disk, DiskError, DiskFile, DiskLock, DiskResult, OpenMode } from "../env/disk.ts";
import type { SimDisk } from "./sim-disk.ts";
import type { SimFile } from "./sim-file.ts";
import type { SimProcess } from "./sim-process.ts";

/** How an operation ended; the code of the error or the value. */
export type Outcome<T> = { readonly error: DiskError["code"] } | { readonly value: T };

/** The disk as one process sees it. */
export class AttachedDisk implements Disk {
  readonly #disk: SimDisk;
  readonly #process: SimProcess;

  constructor(disk: SimDisk, process: SimProcess) {
    this.#disk = disk;
    this.#process = process;
  }

  open(path: string, mode: OpenMode, done: DiskResult<DiskFile>): void {
    this.#disk.perform<DiskFile | undefined>(
      this.#process,
      {
        ...this.#request("open", path),
        nothing: undefined,
        effect: () => this.#disk.open(this.#process, path, mode),
        // A file opened by a process that is gone is closed; one it created stays.
        interrupt: () => {
          if (mode === "create") this.#disk.open(this.#process, path, mode);
        },
      },
      // The value is undefined only along with an error, where DiskResult says that it has no meaning.
      (error, file) => done(error, file as DiskFile),
    );
  }

  list(path: string, done: DiskResult<readonly string[]>): void {
    const nothing: readonly string[] = [];
    this.#disk.perform(
      this.#process,
      { ...this.#request("list", path), nothing, effect: () => this.#disk.list(path) },
      done,
    );
  }

  makeDirectory(path: string, done: (error: DiskError | undefined) => void): void {
    this.#perform("mkdir", path, () => this.#disk.makeDirectory(path), done);
  }

  rename(from: string, to: string, done: (error: DiskError | undefined) => void): void {
    this.#perform("rename", from, () => this.#disk.rename(from, to), done);
  }

  remove(path: string, done: (error: DiskError | undefined) => void): void {
    this.#perform("unlink", path, () => this.#disk.remove(path), done);
  }

  syncDirectory(path: string, done: (error: DiskError | undefined) => void): void {
    const pending = this.#disk.pendingNames(path);
    this.#disk.perform(
      this.#process,
      {
        ...this.#request("fsync", path),
        meanMs: this.#disk.faults.syncMeanMs,
        nothing: undefined,
        effect: () => this.#disk.syncDirectory(path, pending),
      },
      done,
    );
  }

  freeSpace(done: DiskResult<number>): void {
    this.#disk.perform(
      this.#process,
      {
        ...this.#request("statfs", ""),
        nothing: 0,
        effect: (): Outcome<number> => ({ value: this.#disk.freeBytes() }),
      },
      done,
    );
  }

  lock(path: string, done: DiskResult<DiskLock>): void {
    this.#disk.perform<DiskLock | undefined>(
      this.#process,
      {
        ...this.#request("lock", path),
        nothing: undefined,
        effect: () => this.#disk.lock(this.#process, path),
        interrupt: () => {},
      },
      // As in `open`.
      (error, lock) => done(error, lock as DiskLock),
    );
  }

  #perform(
    operation: string,
    path: string,
    effect: () => Outcome<undefined>,
    done: (error: DiskError | undefined) => void,
  ): void {
    this.#disk.perform(
      this.#process,
      { ...this.#request(operation, path), nothing: undefined, effect },
      done,
    );
  }

  #request(operation: string, path: string): { operation: string; path: string; meanMs: number } {
    return { operation, path, meanMs: this.#disk.faults.readMeanMs };
  }
}

/** An open file of one process. */
export class SimDiskFile implements DiskFile {
  readonly path: string;
  readonly file: SimFile;
  readonly process: SimProcess;
  readonly #disk: SimDisk;
  readonly #mode: OpenMode;
  #isClosed = false;
  #operations = 0;

  constructor(
    disk: SimDisk,
    process: SimProcess,
    opened: { readonly path: string; readonly file: SimFile; readonly mode: OpenMode },
  ) {
    this.#disk = disk;
    this.process = process;
    this.path = opened.path;
    this.file = opened.file;
    this.#mode = opened.mode;
  }

  /** A write through is two operations here, too: in between the process may die, and the sync fail. */
  write(bytes: Uint8Array, position: number, done: (error: DiskError | undefined) => void): void {
    if (this.#mode !== "write-through") {
      this.#write(bytes, position, done);
      return;
    }
    this.#write(bytes, position, (error) => {
      if (error === undefined) this.sync(done);
      else done(error);
    });
  }

  #write(bytes: Uint8Array, position: number, done: (error: DiskError | undefined) => void): void {
    if (this.#mode === "read") this.#disk.misuse(`write to ${this.path}, opened for reading`);
    const tag = this.#disk.beforeWrite(this.path, bytes);
    const before = this.#disk.samples() ? bytes.slice() : undefined;
    this.#perform(
      {
        operation: "write",
        meanMs: this.#disk.faults.writeMeanMs,
        nothing: undefined,
        effect: () => {
          if (before !== undefined && !isEqual(before, bytes)) {
            this.#disk.misuse(`bytes written to ${this.path} changed before the write was done`);
          }
          return this.#disk.writeFile(this, bytes, { position, tag });
        },
        interrupt: () => this.#disk.interruptWrite(this, bytes, position),
      },
      done,
    );
  }

  read(target: Uint8Array, position: number, done: DiskResult<number>): void {
    this.#perform(
      {
        operation: "read",
        meanMs: this.#disk.faults.readMeanMs,
        nothing: 0,
        effect: () => this.#disk.readFile(this, target, position),
        interrupt: () => {},
      },
      done,
    );
  }

  sync(done: (error: DiskError | undefined) => void): void {
    const order = this.file.lastWrite;
    this.#perform(
      {
        operation: "fsync",
        meanMs: this.#disk.faults.syncMeanMs,
        nothing: undefined,
        effect: () => this.#disk.syncFile(this, order),
      },
      done,
    );
  }

  size(done: DiskResult<number>): void {
    this.#perform(
      {
        operation: "stat",
        meanMs: this.#disk.faults.readMeanMs,
        nothing: 0,
        effect: (): Outcome<number> => ({ value: this.file.size }),
      },
      done,
    );
  }

  close(done: (error: DiskError | undefined) => void): void {
    if (this.#operations > 0) {
      this.#disk.misuse(`close of ${this.path} while operations on it are running`);
    }
    this.#perform(
      {
        operation: "close",
        meanMs: this.#disk.faults.readMeanMs,
        nothing: undefined,
        effect: (): Outcome<undefined> => {
          this.#disk.closed(this);
          return { value: undefined };
        },
        interrupt: () => {},
      },
      done,
    );
    this.#isClosed = true;
  }

  #perform<T>(
    request: {
      readonly operation: string;
      readonly meanMs: number;
      readonly nothing: T;
      effect(): Outcome<T>;
      interrupt?(): void;
    },
    done: DiskResult<T>,
  ): void {
    if (this.#isClosed) this.#disk.misuse(`${request.operation} of ${this.path} after close`);
    this.#operations++;
    this.#disk.perform(this.process, { ...request, path: this.path }, (error, value) => {
      this.#operations--;
      done(error, value);
    });
  }
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, position) => byte === b[position]);
}
