import type { Disk, DiskDone, DiskFile, DiskLock, DiskResult, OpenMode } from "@leveret/raft";

/** A disk whose files and lock can be given up at once, without whoever uses them. */
export class DroppableDisk implements Disk {
  readonly #disk: Disk;
  readonly #files = new Set<DiskFile>();
  readonly #locks = new Set<DiskLock>();

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  /** Closes all files, when what is under way is done, and releases the lock. */
  async drop(): Promise<void> {
    const closing = [...this.#files].map((file) => ended((done) => file.close(done)));
    await Promise.all(closing);
    for (const lock of this.#locks) await ended((done) => lock.release(done));
    this.#files.clear();
    this.#locks.clear();
  }

  open(path: string, mode: OpenMode, done: DiskResult<DiskFile>): void {
    this.#disk.open(path, mode, (error, file) => {
      if (error === undefined) this.#files.add(file);
      done(error, error === undefined ? this.#forgetting(file) : file);
    });
  }

  lock(path: string, done: DiskResult<DiskLock>): void {
    this.#disk.lock(path, (error, lock) => {
      if (error === undefined) this.#locks.add(lock);
      done(error, {
        release: (released) => {
          this.#locks.delete(lock);
          lock.release(released);
        },
      });
    });
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

  /** The same file, whose end is noticed. */
  #forgetting(file: DiskFile): DiskFile {
    const close = file.close.bind(file);
    return Object.assign(file, {
      close: (done: DiskDone) => {
        this.#files.delete(file);
        close(done);
      },
    });
  }
}

function ended(start: (done: DiskDone) => void): Promise<void> {
  return new Promise((resolve) => start(() => resolve()));
}
