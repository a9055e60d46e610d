import type { Disk, DiskDone, DiskFile, DiskLock, DiskResult, OpenMode } from "@leveret/raft";

/** What was asked of a disk since it was opened, and how long that took. */
export interface DiskFigures {
  reads: number;
  readBytes: number;
  readSeconds: number;
  writes: number;
  writeBytes: number;
  writeSeconds: number;
  /** Calls after which what was written is durable: syncs, and writes to files that are opened for writing through. */
  syncs: number;
  syncSeconds: number;
}

const MILLI = 1e-3;

/** A disk that counts reads, writes and syncs, and the time from each call to its answer. */
export class MeasuredDisk implements Disk {
  readonly figures: DiskFigures = {
    reads: 0,
    readBytes: 0,
    readSeconds: 0,
    writes: 0,
    writeBytes: 0,
    writeSeconds: 0,
    syncs: 0,
    syncSeconds: 0,
  };
  readonly #disk: Disk;

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  open(path: string, mode: OpenMode, done: DiskResult<DiskFile>): void {
    this.#disk.open(path, mode, (error, file) => {
      done(error, error === undefined ? new MeasuredFile(file, mode, this.figures) : file);
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

class MeasuredFile implements DiskFile {
  readonly path: string;
  readonly #file: DiskFile;
  readonly #isWriteThrough: boolean;
  readonly #figures: DiskFigures;

  constructor(file: DiskFile, mode: OpenMode, figures: DiskFigures) {
    this.path = file.path;
    this.#file = file;
    this.#isWriteThrough = mode === "write-through";
    this.#figures = figures;
  }

  write(bytes: Uint8Array, position: number, done: DiskDone): void {
    const startMs = performance.now();
    this.#file.write(bytes, position, (error) => {
      const seconds = (performance.now() - startMs) * MILLI;
      const figures = this.#figures;
      figures.writes++;
      figures.writeBytes += bytes.length;
      figures.writeSeconds += seconds;
      if (this.#isWriteThrough) {
        figures.syncs++;
        figures.syncSeconds += seconds;
      }
      done(error);
    });
  }

  read(target: Uint8Array, position: number, done: DiskResult<number>): void {
    const startMs = performance.now();
    this.#file.read(target, position, (error, count) => {
      const figures = this.#figures;
      figures.reads++;
      if (error === undefined) figures.readBytes += count;
      figures.readSeconds += (performance.now() - startMs) * MILLI;
      done(error, count);
    });
  }

  sync(done: DiskDone): void {
    const startMs = performance.now();
    this.#file.sync((error) => {
      this.#figures.syncs++;
      this.#figures.syncSeconds += (performance.now() - startMs) * MILLI;
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
