import type { Disk, DiskDone, DiskFile, DiskLock, DiskResult, OpenMode } from "@leveret/raft";

/** What went to a disk. */
export interface DiskCounts {
  /** Of the log's files that are in use, so of batches. */
  writes: number;
  writtenBytes: number;
  /** Times from the calls until all was durable, added up. */
  writeMs: number;
  /** Of all else: files being filled with zeros, snapshots, indexes. */
  otherBytes: number;
  opens: number;
  reads: number;
  readBytes: number;
}

/** A disk that counts what is written to it, so that the same batches can be written without Raft. */
export class CountingDisk implements Disk {
  readonly counts: DiskCounts = {
    writes: 0,
    writtenBytes: 0,
    writeMs: 0,
    otherBytes: 0,
    opens: 0,
    reads: 0,
    readBytes: 0,
  };
  readonly #disk: Disk;

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  open(path: string, mode: OpenMode, done: DiskResult<DiskFile>): void {
    this.counts.opens++;
    this.#disk.open(path, mode, (error, file) => {
      if (error !== undefined) {
        done(error, file);
        return;
      }
      // Batches are written through, and nothing else is.
      done(undefined, new CountingFile(file, mode === "write-through", this.counts));
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

  lock(path: string, done: DiskResult<DiskLock>): void {
    this.#disk.lock(path, done);
  }
}

class CountingFile implements DiskFile {
  readonly #file: DiskFile;
  readonly #isLog: boolean;
  readonly #counts: DiskCounts;

  constructor(file: DiskFile, isLog: boolean, counts: DiskCounts) {
    this.#file = file;
    this.#isLog = isLog;
    this.#counts = counts;
  }

  get path(): string {
    return this.#file.path;
  }

  write(bytes: Uint8Array, position: number, done: DiskDone): void {
    if (!this.#isLog) {
      this.#counts.otherBytes += bytes.length;
      this.#file.write(bytes, position, done);
      return;
    }
    this.#counts.writes++;
    this.#counts.writtenBytes += bytes.length;
    const startMs = performance.now();
    this.#file.write(bytes, position, (error) => {
      this.#counts.writeMs += performance.now() - startMs;
      done(error);
    });
  }

  read(target: Uint8Array, position: number, done: DiskResult<number>): void {
    this.#counts.reads++;
    this.#counts.readBytes += target.length;
    this.#file.read(target, position, done);
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
