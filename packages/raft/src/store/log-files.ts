import type { Disk, DiskFile } from "../env/disk.ts";
import type { FileUse } from "./extents.ts";
import type { LogFile } from "./log-file.ts";
import { call, type Task } from "./task.ts";

/** Sealed files that are kept open for reading. */
const OPEN_FILES_MAX = 64;

/** All files of entries of the node, and what is alive in each. */
export class LogFiles implements FileUse {
  readonly #disk: Disk;
  readonly #files = new Map<number, LogFile>();
  /** Files opened for reading, those used last at the end. */
  readonly #readable = new Set<LogFile>();
  #lastSeq = 0;

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  /** A number that no file ever had. */
  takeSeq(): number {
    this.#lastSeq++;
    return this.#lastSeq;
  }

  /** Numbers up to `seq` were used, by files that may be gone. */
  skipThrough(seq: number): void {
    this.#lastSeq = Math.max(this.#lastSeq, seq);
  }

  add(file: LogFile): void {
    this.skipThrough(file.seq);
    this.#files.set(file.seq, file);
  }

  remove(file: LogFile): void {
    this.#files.delete(file.seq);
  }

  get(seq: number): LogFile | undefined {
    return this.#files.get(seq);
  }

  /** In the order of their numbers. */
  all(): LogFile[] {
    return [...this.#files.values()].sort((a, b) => a.seq - b.seq);
  }

  hotSeqs(): number[] {
    const hot = this.all().filter((file) => file.kind === "hot");
    return hot.map((file) => file.seq);
  }

  use(fileSeq: number, references: number, bytes: number): void {
    const file = this.#files.get(fileSeq);
    if (file === undefined) return;
    file.references += references;
    file.liveBytes += bytes;
  }

  /** An open handle; the caller has pinned the file. @throws DiskError */
  *open(file: LogFile): Task<DiskFile> {
    const handle = file.handle ?? (yield* this.#openHandle(file));
    if (file.isSealed) this.#keepOpen(file);
    return handle;
  }

  *#openHandle(file: LogFile): Task<DiskFile> {
    const opened = yield* call<DiskFile>((done) => this.#disk.open(file.path, "read", done));
    // Somebody else may have opened it meanwhile.
    const { handle } = file;
    if (handle !== undefined) {
      opened.close(ignoreResult);
      return handle;
    }
    file.handle = opened;
    return opened;
  }

  /** Closes the file's handle, if it has one and nobody reads. */
  close(file: LogFile): void {
    this.#readable.delete(file);
    file.handle?.close(ignoreResult);
    file.handle = undefined;
  }

  closeAll(): void {
    for (const file of this.#files.values()) {
      if (file.pins === 0) this.close(file);
      else file.onUnpinned = () => this.close(file);
    }
  }

  #keepOpen(file: LogFile): void {
    this.#readable.delete(file);
    this.#readable.add(file);
    if (this.#readable.size <= OPEN_FILES_MAX) return;
    for (const oldest of this.#readable) {
      if (oldest.pins > 0 || !oldest.isIndexed) continue;
      this.close(oldest);
      return;
    }
  }
}

/** Closing a file that was only read, or whose contents were synced, cannot lose anything. */
function ignoreResult(): void {}
