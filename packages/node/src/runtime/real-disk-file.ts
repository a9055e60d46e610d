import { close, fdatasync, fstat, read, write } from "node:fs";
import { type DiskDone, DiskError, type DiskFile, type DiskResult } from "@leveret/raft";
import { type DiskOperation, diskErrorOf } from "./disk-error.ts";

/** One open file of the machine. */
export class RealDiskFile implements DiskFile {
  readonly path: string;
  readonly #descriptor: number;
  /** Calls at work. The descriptor must not be closed under them: its number may be another file's a moment later. */
  #working = 0;
  #close: DiskDone | undefined;
  #isClosed = false;
  readonly #syncsWrites: boolean;

  /** `syncsWrites`: each write is followed by a sync before it is reported. */
  constructor(
    path: string,
    descriptor: number,
    { syncsWrites }: { readonly syncsWrites: boolean },
  ) {
    this.path = path;
    this.#descriptor = descriptor;
    this.#syncsWrites = syncsWrites;
  }

  write(bytes: Uint8Array, position: number, done: DiskDone): void {
    if (!this.#syncsWrites) {
      this.#write(bytes, position, done);
      return;
    }
    this.#write(bytes, position, (error) => {
      if (error === undefined) this.sync(done);
      else done(error);
    });
  }

  #write(bytes: Uint8Array, position: number, done: DiskDone): void {
    if (!this.#begin("write", done)) return;
    this.#writeFrom(bytes, { offset: 0, position }, done);
  }

  read(target: Uint8Array, position: number, done: DiskResult<number>): void {
    if (!this.#begin("read", (error) => done(error, 0))) return;
    this.#readFrom(target, { offset: 0, position }, done);
  }

  sync(done: DiskDone): void {
    if (!this.#begin("sync", done)) return;
    fdatasync(this.#descriptor, (error) => {
      done(this.#end(error, "sync"));
    });
  }

  size(done: DiskResult<number>): void {
    if (!this.#begin("size", (error) => done(error, 0))) return;
    fstat(this.#descriptor, (error, stats) => {
      done(this.#end(error, "size"), error === null ? stats.size : 0);
    });
  }

  close(done: DiskDone): void {
    if (!this.#begin("close", done)) return;
    this.#isClosed = true;
    this.#close = done;
    this.#end(null, "close");
  }

  /** The system may take less than it was given (a signal, a nearly full disk): the rest is written again. */
  #writeFrom(
    bytes: Uint8Array,
    at: { readonly offset: number; readonly position: number },
    done: DiskDone,
  ): void {
    const { offset, position } = at;
    const length = bytes.length - offset;
    write(this.#descriptor, bytes, offset, length, position, (error, written) => {
      if (error !== null || written === length) {
        done(this.#end(error, "write"));
      } else if (written === 0) {
        this.#end(null, "write");
        done(new DiskError("io", "write", this.path, { cause: new Error("nothing was written") }));
      } else {
        this.#writeFrom(bytes, { offset: offset + written, position: position + written }, done);
      }
    });
  }

  #readFrom(
    target: Uint8Array,
    at: { readonly offset: number; readonly position: number },
    done: DiskResult<number>,
  ): void {
    const { offset, position } = at;
    const length = target.length - offset;
    read(this.#descriptor, target, offset, length, position, (error, count) => {
      if (error !== null || count === 0 || count === length) {
        const readInAll = error === null ? offset + count : 0;
        done(this.#end(error, "read"), readInAll);
      } else {
        this.#readFrom(target, { offset: offset + count, position: position + count }, done);
      }
    });
  }

  /** False: the file is closed, and `done` is told so later. */
  #begin(operation: DiskOperation, done: DiskDone): boolean {
    if (!this.#isClosed) {
      this.#working++;
      return true;
    }
    const cause = new Error("the file is closed");
    setImmediate(() => done(new DiskError("other", operation, this.path, { cause })));
    return false;
  }

  #end(error: NodeJS.ErrnoException | null, operation: DiskOperation): DiskError | undefined {
    this.#working--;
    const done = this.#close;
    if (done !== undefined && this.#working === 0) {
      this.#close = undefined;
      close(this.#descriptor, (closeError) => done(diskErrorOf(closeError, "close", this.path)));
    }
    return diskErrorOf(error, operation, this.path);
  }
}
