import type { Timers } from "../../env/clock.ts";
import {
  type Disk,
  type DiskDone,
  DiskError,
  type DiskFile,
  type DiskLock,
  type DiskResult,
  type OpenMode,
} from "../../env/disk.ts";

/** What recovery writes before it has read the log are two small files; more must not pile up in memory. */
const WRITTEN_BYTES_MAX = 1024 * 1024;

/** A file as it would be: what is below, if anything, and what would have been written over it. */
interface Content {
  /** Path in the disk below; undefined: a new file. */
  readonly base: string | undefined;
  readonly writes: { readonly position: number; readonly bytes: Uint8Array }[];
}

/**
 * A disk that looks changed and is not: of the one below, files are opened for reading and folders listed, nothing else. What
 * would be written, renamed and removed is kept in memory, up to a limit. So recovery can be watched without taking place.
 * The lock is always given: whoever uses this may stand beside the one that really has it.
 */
export class OverlayDisk implements Disk {
  readonly #disk: Disk;
  readonly #timers: Timers;
  /** Paths that would be other than below; undefined: removed. */
  readonly #changed = new Map<string, Content | undefined>();
  readonly #folders = new Set<string>();
  #writtenBytes = 0;

  constructor(disk: Disk, timers: Timers) {
    this.#disk = disk;
    this.#timers = timers;
  }

  open(path: string, mode: OpenMode, done: DiskResult<DiskFile>): void {
    const content = this.#contentOf(path);
    const answer = (error: DiskError | undefined, base: DiskFile | undefined): void => {
      const isThere = content !== undefined && error === undefined;
      if (mode !== "create") {
        const problem = isThere ? undefined : (error ?? failure("not-found", "open", path));
        done(problem, this.#file(path, content, base));
      } else if (isThere) {
        base?.close(() => undefined);
        done(failure("exists", "open", path), this.#file(path, content, base));
      } else {
        const created: Content = { base: undefined, writes: [] };
        this.#changed.set(path, created);
        done(undefined, this.#file(path, created, undefined));
      }
    };
    if (content?.base === undefined) this.#timers.defer(() => answer(undefined, undefined));
    else this.#disk.open(content.base, "read", answer);
  }

  list(path: string, done: DiskResult<readonly string[]>): void {
    this.#disk.list(path, (error, found) => {
      const isMade = error?.code === "not-found" && this.#folders.has(path);
      const names = error === undefined ? found : [];
      done(isMade ? undefined : error, this.#changedNames(path, names));
    });
  }

  makeDirectory(path: string, done: DiskDone): void {
    this.#folders.add(path);
    this.#succeed(done);
  }

  rename(from: string, to: string, done: DiskDone): void {
    this.#changed.set(to, this.#contentOf(from));
    this.#changed.set(from, undefined);
    this.#succeed(done);
  }

  remove(path: string, done: DiskDone): void {
    this.#changed.set(path, undefined);
    this.#succeed(done);
  }

  syncDirectory(_path: string, done: DiskDone): void {
    this.#succeed(done);
  }

  freeSpace(done: DiskResult<number>): void {
    this.#disk.freeSpace(done);
  }

  lock(_path: string, done: DiskResult<DiskLock>): void {
    const lock = { release: (released: DiskDone) => this.#succeed(released) };
    this.#timers.defer(() => done(undefined, lock));
  }

  #changedNames(folder: string, found: readonly string[]): string[] {
    const names = new Set(found);
    const prefix = folder === "" ? "" : `${folder}/`;
    for (const [path, content] of this.#changed) {
      const name = path.slice(prefix.length);
      if (!path.startsWith(prefix) || name.includes("/")) continue;
      if (content === undefined) names.delete(name);
      else names.add(name);
    }
    return [...names];
  }

  #contentOf(path: string): Content | undefined {
    return this.#changed.has(path) ? this.#changed.get(path) : { base: path, writes: [] };
  }

  #file(path: string, content: Content | undefined, base: DiskFile | undefined): DiskFile {
    return new OverlayFile(path, content ?? { base: undefined, writes: [] }, {
      base,
      timers: this.#timers,
      take: (bytes) => {
        if (this.#writtenBytes + bytes > WRITTEN_BYTES_MAX) return false;
        this.#writtenBytes += bytes;
        return true;
      },
      onWrite: (changed) => this.#changed.set(path, changed),
    });
  }

  #succeed(done: DiskDone): void {
    this.#timers.defer(() => done(undefined));
  }
}

interface OverlayFileDependencies {
  /** Open for reading; undefined: a new file. */
  readonly base: DiskFile | undefined;
  readonly timers: Timers;
  /** False: there is no room for so many bytes. */
  take(bytes: number): boolean;
  onWrite(content: Content): void;
}

class OverlayFile implements DiskFile {
  readonly path: string;
  readonly #content: Content;
  readonly #deps: OverlayFileDependencies;

  constructor(path: string, content: Content, deps: OverlayFileDependencies) {
    this.path = path;
    this.#content = content;
    this.#deps = deps;
  }

  write(bytes: Uint8Array, position: number, done: DiskDone): void {
    const hasRoom = this.#deps.take(bytes.length);
    if (hasRoom) {
      this.#content.writes.push({ position, bytes: Uint8Array.from(bytes) });
      this.#deps.onWrite(this.#content);
    }
    const error = hasRoom ? undefined : failure("no-space", "write", this.path);
    this.#deps.timers.defer(() => done(error));
  }

  read(target: Uint8Array, position: number, done: DiskResult<number>): void {
    const overlay = (error: DiskError | undefined, count: number): void => {
      if (error !== undefined) done(error, count);
      else done(undefined, this.#overlay(target, position, count));
    };
    const { base, timers } = this.#deps;
    if (base === undefined) timers.defer(() => overlay(undefined, 0));
    else base.read(target, position, overlay);
  }

  sync(done: DiskDone): void {
    this.#deps.timers.defer(() => done(undefined));
  }

  size(done: DiskResult<number>): void {
    const answer = (error: DiskError | undefined, size: number): void => {
      const ends = this.#content.writes.map(({ position, bytes }) => position + bytes.length);
      done(error, Math.max(size, ...ends));
    };
    const { base, timers } = this.#deps;
    if (base === undefined) timers.defer(() => answer(undefined, 0));
    else base.size(answer);
  }

  close(done: DiskDone): void {
    const { base, timers } = this.#deps;
    if (base === undefined) timers.defer(() => done(undefined));
    else base.close(done);
  }

  /** Puts what was written over the `count` bytes read at `position`; returns how many there are then. */
  #overlay(target: Uint8Array, position: number, count: number): number {
    let end = count;
    for (const write of this.#content.writes) {
      const start = Math.max(write.position, position);
      const stop = Math.min(write.position + write.bytes.length, position + target.length);
      if (start >= stop) continue;
      if (start - position > end) target.fill(0, end, start - position);
      target.set(
        write.bytes.subarray(start - write.position, stop - write.position),
        start - position,
      );
      end = Math.max(end, stop - position);
    }
    return end;
  }
}

function failure(
  code: "exists" | "no-space" | "not-found",
  operation: string,
  path: string,
): DiskError {
  return new DiskError(code, operation, path);
}
