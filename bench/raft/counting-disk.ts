import type { Disk, DiskDone, DiskFile, DiskLock, DiskResult } from "@leveret/raft";

/** What went to a disk. */
export interface DiskCounts {
  /** Of the log's files that are in use, so of batches. */
  writes: number;
  writtenBytes: number;
  syncs: number;
  /** Times from the calls to their ends, added up. */
  writeMs: number;
  syncMs: number;
  /** Of all else: files being filled with zeros, snapshots, indexes. */
  otherBytes: number;
  opens: number;
  reads: number;
  readBytes: number;
}

/** Name of a file to which the log is being appended; it is made under another name. */
const LOG_FILE = /\.hot$/;

/** A disk that counts what is written to it, so that the same batches can be written without Raft. */
export class CountingDisk implements Disk {
  readonly counts: DiskCounts = {
    writes: 0,
    writtenBytes: 0,
    syncs: 0,
    writeMs: 0,
    syncMs: 0,
    otherBytes: 0,
    opens: 0,
    reads: 0,
    readBytes: 0,
  };
  readonly #disk: Disk;
  readonly #created = new Map<string, CountingFile>();

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  open(path: string, mode: "read" | "write" | "create", done: DiskResult<DiskFile>): void {
    this.counts.opens++;
    this.#disk.open(path, mode, (error, file) => {
      if (error !== undefined) {
        done(error, file);
        return;
      }
      const counting = new CountingFile(file, this.counts);
      counting.isLog = LOG_FILE.test(path);
      if (mode === "create") this.#created.set(path, counting);
      done(undefined, counting);
    });
  }

  list(path: string, done: DiskResult<readonly string[]>): void {
    this.#disk.list(path, done);
  }

  makeDirectory(path: string, done: DiskDone): void {
    this.#disk.makeDirectory(path, done);
  }

  rename(from: string, to: string, done: DiskDone): void {
    const file = this.#created.get(from);
    this.#created.delete(from);
    if (file !== undefined) file.isLog = LOG_FILE.test(to);
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
  isLog = false;
  readonly #file: DiskFile;
  readonly #counts: DiskCounts;

  constructor(file: DiskFile, counts: DiskCounts) {
    this.#file = file;
    this.#counts = counts;
  }

  get path(): string {
    return this.#file.path;
  }

  write(bytes: Uint8Array, position: number, done: DiskDone): void {
    if (!this.isLog) {
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
    if (!this.isLog) {
      this.#file.sync(done);
      return;
    }
    this.#counts.syncs++;
    const startMs = performance.now();
    this.#file.sync((error) => {
      this.#counts.syncMs += performance.now() - startMs;
      done(error);
    });
  }

  size(done: DiskResult<number>): void {
    this.#file.size(done);
  }

  close(done: DiskDone): void {
    this.#file.close(done);
  }
}
