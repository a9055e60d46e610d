import {
  type Disk,
  DiskError,
  type DiskErrorCode,
  type DiskFile,
  type OpenMode,
} from "../../src/env/disk.ts";

export type FailingOperation = "open" | "read" | "rename" | "sync";

/** Asks before each operation whether it is to fail, and how. */
export class FailingDisk implements Disk {
  readonly #disk: Disk;
  readonly #errorOf: (operation: FailingOperation, path: string) => DiskErrorCode | undefined;

  constructor(
    disk: Disk,
    errorOf: (operation: FailingOperation, path: string) => DiskErrorCode | undefined,
  ) {
    this.#disk = disk;
    this.#errorOf = errorOf;
  }

  open(...[path, mode, done]: Parameters<Disk["open"]>): void {
    const asked = this.#error("open", path);
    this.#disk.open(path, mode, (error, file) => {
      if (asked === undefined || error !== undefined) {
        done(error, error === undefined ? this.#failing(file, mode) : file);
      } else {
        file.close(() => undefined);
        done(asked, file);
      }
    });
  }

  list(...[path, done]: Parameters<Disk["list"]>): void {
    this.#disk.list(path, done);
  }

  makeDirectory(...[path, done]: Parameters<Disk["makeDirectory"]>): void {
    this.#disk.makeDirectory(path, done);
  }

  rename(...[from, to, done]: Parameters<Disk["rename"]>): void {
    const error = this.#error("rename", from);
    if (error === undefined) this.#disk.rename(from, to, done);
    else this.#disk.freeSpace(() => done(error));
  }

  remove(...[path, done]: Parameters<Disk["remove"]>): void {
    this.#disk.remove(path, done);
  }

  syncDirectory(...[path, done]: Parameters<Disk["syncDirectory"]>): void {
    this.#disk.syncDirectory(path, done);
  }

  freeSpace(...[done]: Parameters<Disk["freeSpace"]>): void {
    this.#disk.freeSpace(done);
  }

  lock(...[path, done]: Parameters<Disk["lock"]>): void {
    this.#disk.lock(path, done);
  }

  #error(operation: FailingOperation, path: string): DiskError | undefined {
    const code = this.#errorOf(operation, path);
    return code === undefined ? undefined : new DiskError(code, operation, path);
  }

  #failing(file: DiskFile, mode: OpenMode): DiskFile {
    return {
      path: file.path,
      write: (bytes, position, done) => {
        const error = mode === "write-through" ? this.#error("sync", file.path) : undefined;
        file.write(bytes, position, (own) => done(own ?? error));
      },
      sync: (done) => {
        const error = this.#error("sync", file.path);
        file.sync((own) => done(own ?? error));
      },
      size: (done) => file.size(done),
      close: (done) => file.close(done),
      read: (target, position, done) => {
        const error = this.#error("read", file.path);
        file.read(target, position, (own, count) => done(own ?? error, count));
      },
    };
  }
}
