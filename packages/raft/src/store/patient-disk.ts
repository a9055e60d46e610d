import type { Timers } from "../env/clock.ts";
import type { Disk, DiskDone, DiskError, DiskFile, DiskResult, OpenMode } from "../env/disk.ts";
import { isDamage } from "./read-fully.ts";

/** Waits before a read is tried again: reading that fails for some seconds is not of the moment any more. */
const RETRY_DELAYS_MS: readonly number[] = [10, 40, 160, 640, 2560];

/**
 * A disk on which opening and reading wait out what is not the data's fault: no file handles left, a lack of memory. What says
 * that the data is gone, and everything else, is reported at once.
 */
export class PatientDisk implements Disk {
  readonly #disk: Disk;
  readonly #timers: Timers;

  constructor(disk: Disk, timers: Timers) {
    this.#disk = disk;
    this.#timers = timers;
  }

  open(path: string, mode: OpenMode, done: DiskResult<DiskFile>): void {
    // What is being made is not read.
    if (mode === "create") {
      this.#disk.open(path, mode, done);
      return;
    }
    tryPatiently<DiskFile>(
      this.#timers,
      (tried) => this.#disk.open(path, mode, tried),
      (error, file) =>
        done(error, error === undefined ? new PatientFile(file, this.#timers) : file),
    );
  }

  list(path: string, done: DiskResult<readonly string[]>): void {
    this.#disk.list(path, done);
  }

  makeDirectory(path: string, done: DiskDone): void {
    this.#disk.makeDirectory(path, done);
  }

  rename(from: string, to: string, done: DiskDone): void {
    this.#disk.rename(from, to, done);
  }

  remove(path: string, done: DiskDone): void {
    this.#disk.remove(path, done);
  }

  syncDirectory(path: string, done: DiskDone): void {
    this.#disk.syncDirectory(path, done);
  }

  freeSpace(done: DiskResult<number>): void {
    this.#disk.freeSpace(done);
  }

  lock(...[path, done]: Parameters<Disk["lock"]>): void {
    this.#disk.lock(path, done);
  }
}

class PatientFile implements DiskFile {
  readonly path: string;
  readonly #file: DiskFile;
  readonly #timers: Timers;

  constructor(file: DiskFile, timers: Timers) {
    this.path = file.path;
    this.#file = file;
    this.#timers = timers;
  }

  write(bytes: Uint8Array, position: number, done: DiskDone): void {
    this.#file.write(bytes, position, done);
  }

  read(target: Uint8Array, position: number, done: DiskResult<number>): void {
    tryPatiently(this.#timers, (tried) => this.#file.read(target, position, tried), done);
  }

  sync(done: DiskDone): void {
    this.#file.sync(done);
  }

  size(done: DiskResult<number>): void {
    this.#file.size(done);
  }

  close(done: DiskDone): void {
    this.#file.close(done);
  }
}

function tryPatiently<T>(
  timers: Timers,
  attempt: (done: DiskResult<T>) => void,
  done: DiskResult<T>,
): void {
  let failures = 0;
  const tried = (error: DiskError | undefined, value: T): void => {
    const delayMs = RETRY_DELAYS_MS[failures];
    if (error === undefined || isDamage(error) || delayMs === undefined) {
      done(error, value);
      return;
    }
    failures++;
    timers.setTimer(delayMs, () => attempt(tried));
  };
  attempt(tried);
}
