import type { Timers } from "../env/clock.ts";
import { type Disk, DiskError, type DiskFile } from "../env/disk.ts";
import type { RaftLimits } from "../limits.ts";
import { LOG_DIRECTORY, LogFile } from "./log-file.ts";
import type { LogFiles } from "./log-files.ts";
import type { SpaceState } from "./log-store.ts";
import { call, runTask, type Task } from "./task.ts";

/** Zeros are written in pieces of this size, so that batches get their turn at the disk. */
const ZERO_BYTES = 256 * 1024;
const POLL_MS = 1000;
/** Written between two syncs, so that a batch never waits for the sync of a whole file of zeros. */
const SYNC_BYTES = 4 * 1024 * 1024;
/**
 * Dead files kept beyond the spares that are made. They die several at once, when groups have taken snapshots; with room for
 * as many none needs to be made, and so filled with zeros, while the log is consumed as it grows.
 */
const RECYCLED_MAX = 4;
/** Those go, one at each poll, when the log has not needed a file for so many polls. */
const QUIET_POLLS = 20;

interface Offer {
  readonly file: LogFile;
  done(isTaken: boolean): void;
}

export interface HotFilePoolDependencies {
  readonly disk: Disk;
  readonly timers: Timers;
  readonly limits: RaftLimits;
  readonly files: LogFiles;
  /** A file that was given out is on the disk now. */
  onReady(): void;
  onSpaceChange(space: SpaceState): void;
  onFatal(error: unknown): void;
}

/**
 * Keeps hot files ready that are filled with zeros and durable by name, so that batches are written without changing the file
 * system's own data, which makes syncs fast, and so that a full disk shows before the log needs the room.
 */
export class HotFilePool {
  readonly #deps: HotFilePoolDependencies;
  readonly #zeros: Buffer;
  readonly #spares: LogFile[] = [];
  /** Given out, but not on the disk yet. */
  readonly #wanted: LogFile[] = [];
  /** Dead files that can be used again. */
  readonly #offers: Offer[] = [];
  #making: LogFile | undefined;
  /** Polls since a file was given out. */
  #quietPolls = 0;
  #isWorking = false;
  #isStopped = false;
  #hasRoom = true;
  #hasReserve = true;
  #space: SpaceState = "ok";

  constructor(deps: HotFilePoolDependencies) {
    this.#deps = deps;
    this.#zeros = Buffer.alloc(Math.min(ZERO_BYTES, deps.limits.hotFileBytes));
    this.#poll();
  }

  get space(): SpaceState {
    return this.#space;
  }

  /** A file that was ready before the node started. */
  addSpare(file: LogFile): void {
    this.#spares.push(file);
  }

  get #wantsFiles(): boolean {
    return this.#wanted.length > 0 || this.#spares.length < this.#deps.limits.spareFiles;
  }

  /**
   * Offers a dead, closed file. If it is taken, it has another name; what is in it is told from new contents by its
   * number, which every batch has. Otherwise it is the caller's to remove.
   */
  offer(file: LogFile, done: (isTaken: boolean) => void): void {
    const { spareFiles, hotFileBytes } = this.#deps.limits;
    const count = this.#spares.length + this.#offers.length;
    if (this.#isStopped || file.size !== hotFileBytes || count >= spareFiles + RECYCLED_MAX) {
      done(false);
      return;
    }
    this.#offers.push({ file, done });
    this.work();
  }

  /** The next file to write to. Its handle comes with `onReady` if it is not there yet. */
  next(): LogFile {
    const spare = this.#spares.shift();
    // One in the making goes first: numbers must be used in order.
    const isMakingSpare = this.#making !== undefined && !this.#wanted.includes(this.#making);
    const file = spare ?? (isMakingSpare ? this.#making : undefined) ?? this.#newFile();
    if (spare === undefined) this.#wanted.push(file);
    this.#deps.files.add(file);
    this.#quietPolls = 0;
    this.work();
    return file;
  }

  /** Makes files as far as they are wanted and there is room. */
  work(): void {
    if (this.#isWorking || this.#isStopped) return;
    this.evaluate();
    if (!this.#wantsFiles && this.#offers.length === 0) return;
    this.#isWorking = true;
    runTask(this.#make(), (error) => {
      this.#isWorking = false;
      this.#making = undefined;
      if (this.#isStopped) return;
      if (error === undefined) {
        this.#hasRoom = true;
        this.work();
      } else if (error instanceof DiskError && error.code === "no-space") {
        this.#hasRoom = false;
        this.evaluate();
      } else {
        this.#deps.onFatal(error);
      }
    });
  }

  /** Looks again whether space is short. */
  evaluate(): void {
    const space = this.#currentSpace();
    if (space === this.#space) return;
    this.#space = space;
    this.#deps.onSpaceChange(space);
  }

  stop(): void {
    this.#isStopped = true;
    for (const file of this.#spares.splice(0)) file.handle?.close(() => undefined);
    for (const offer of this.#offers.splice(0)) offer.done(false);
  }

  #currentSpace(): SpaceState {
    if (this.#hasRoom) return this.#hasReserve ? "ok" : "low";
    // What is left of the last file is for records that free space.
    return this.#spares.length === 0 ? "full" : "low";
  }

  #newFile(): LogFile {
    const { files, limits } = this.#deps;
    return new LogFile(files.takeSeq(), "hot", limits.hotFileBytes);
  }

  /** @throws DiskError "no-space" if there is no room for another file */
  *#make(): Task<void> {
    const offer = this.#offers.shift();
    const file = this.#wanted[0] ?? this.#newFile();
    this.#making = file;
    if (offer === undefined) {
      yield* this.#checkRoom();
      yield* this.#fill(file);
    } else {
      yield* this.#recycle(offer, file);
    }
    file.handle = yield* this.#open(file);
    if (this.#wanted[0] !== file) {
      this.#spares.push(file);
      return;
    }
    this.#wanted.shift();
    this.#deps.onReady();
  }

  *#checkRoom(): Task<void> {
    const { disk, limits } = this.#deps;
    const free = yield* call<number>((done) => disk.freeSpace(done));
    this.#hasReserve = free >= limits.freeSpaceMinBytes;
    // The reserve is only touched for a file without which nothing can be written.
    const reserve = this.#wanted.length > 0 ? 0 : limits.freeSpaceMinBytes;
    if (free < limits.hotFileBytes + reserve) {
      throw new DiskError("no-space", "create", LOG_DIRECTORY);
    }
  }

  *#recycle(offer: Offer, file: LogFile): Task<void> {
    const { disk } = this.#deps;
    let isTaken = false;
    try {
      yield* call((done) => disk.rename(offer.file.path, file.path, done));
      isTaken = true;
      yield* call((done) => disk.syncDirectory(LOG_DIRECTORY, done));
    } finally {
      // Whoever offered it waits, also if it came to nothing.
      offer.done(isTaken);
    }
  }

  *#open(file: LogFile): Task<DiskFile> {
    return yield* call((done) => this.#deps.disk.open(file.path, "write-through", done));
  }

  *#fill(file: LogFile): Task<void> {
    const { disk } = this.#deps;
    const temporary = `${file.path}.tmp`;
    const handle = yield* call<DiskFile>((done) => disk.open(temporary, "create", done));
    try {
      yield* this.#writeZeros(handle, file.size);
      yield* call((done) => handle.sync(done));
      yield* call((done) => disk.rename(temporary, file.path, done));
      yield* call((done) => disk.syncDirectory(LOG_DIRECTORY, done));
    } catch (error) {
      yield* call((done) => handle.close(() => done(undefined)));
      yield* call((done) => disk.remove(temporary, () => done(undefined)));
      throw error;
    }
    yield* call((done) => handle.close(done));
  }

  *#writeZeros(handle: DiskFile, size: number): Task<void> {
    for (let position = 0; position < size; position += this.#zeros.length) {
      const piece = this.#zeros.subarray(0, Math.min(this.#zeros.length, size - position));
      yield* call((done) => handle.write(piece, position, done));
      if ((position + piece.length) % SYNC_BYTES === 0) yield* call((done) => handle.sync(done));
    }
  }

  #poll(): void {
    this.#deps.timers.setTimer(POLL_MS, () => {
      if (this.#isStopped) return;
      this.#poll();
      this.#quietPolls++;
      if (this.#wantsFiles || this.#offers.length > 0) this.work();
      else this.#measure();
      if (this.#quietPolls > QUIET_POLLS) this.#release();
    });
  }

  /** Gives the room of a recycled file back. Its name may come back with a crash: a start removes it, or uses it. */
  #release(): void {
    if (this.#isWorking || this.#spares.length <= this.#deps.limits.spareFiles) return;
    // Files are used in the order of their numbers.
    const file = this.#spares.pop();
    if (file === undefined) return;
    this.#isWorking = true;
    file.handle?.close(() => undefined);
    this.#deps.disk.remove(file.path, () => {
      this.#isWorking = false;
      this.work();
    });
  }

  #measure(): void {
    this.#deps.disk.freeSpace((error, free) => {
      if (this.#isStopped || error !== undefined) return;
      this.#hasReserve = free >= this.#deps.limits.freeSpaceMinBytes;
      this.#hasRoom = true;
      this.evaluate();
    });
  }
}
