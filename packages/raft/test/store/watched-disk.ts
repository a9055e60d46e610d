import type { Disk, DiskFile, OpenMode } from "../../src/env/disk.ts";

export type DiskOperation =
  | "open"
  | "write"
  | "sync"
  | "rename"
  | "remove"
  | "syncDirectory"
  | "makeDirectory";

/** Tells of each operation that changes the disk before it is carried out. */
export class WatchedDisk implements Disk {
  readonly #disk: Disk;
  readonly #before: (operation: DiskOperation, path: string) => void;

  constructor(disk: Disk, before: (operation: DiskOperation, path: string) => void) {
    this.#disk = disk;
    this.#before = before;
  }

  open(...[path, mode, done]: Parameters<Disk["open"]>): void {
    if (mode === "create") this.#before("open", path);
    this.#disk.open(path, mode, (error, file) => {
      done(error, error === undefined ? new WatchedFile(file, mode, this.#before) : file);
    });
  }

  list(...[path, done]: Parameters<Disk["list"]>): void {
    this.#disk.list(path, done);
  }

  makeDirectory(...[path, done]: Parameters<Disk["makeDirectory"]>): void {
    this.#before("makeDirectory", path);
    this.#disk.makeDirectory(path, done);
  }

  rename(...[from, to, done]: Parameters<Disk["rename"]>): void {
    this.#before("rename", to);
    this.#disk.rename(from, to, done);
  }

  remove(...[path, done]: Parameters<Disk["remove"]>): void {
    this.#before("remove", path);
    this.#disk.remove(path, done);
  }

  syncDirectory(...[path, done]: Parameters<Disk["syncDirectory"]>): void {
    this.#before("syncDirectory", path);
    this.#disk.syncDirectory(path, done);
  }

  freeSpace(...[done]: Parameters<Disk["freeSpace"]>): void {
    this.#disk.freeSpace(done);
  }

  lock(...[path, done]: Parameters<Disk["lock"]>): void {
    this.#disk.lock(path, done);
  }
}

class WatchedFile implements DiskFile {
  readonly path: string;
  readonly #file: DiskFile;
  readonly #mode: OpenMode;
  readonly #before: (operation: DiskOperation, path: string) => void;

  constructor(
    file: DiskFile,
    mode: OpenMode,
    before: (operation: DiskOperation, path: string) => void,
  ) {
    this.path = file.path;
    this.#file = file;
    this.#mode = mode;
    this.#before = before;
  }

  write(...[bytes, position, done]: Parameters<DiskFile["write"]>): void {
    this.#before("write", this.path);
    if (this.#mode === "write-through") this.#before("sync", this.path);
    this.#file.write(bytes, position, done);
  }

  read(...[target, position, done]: Parameters<DiskFile["read"]>): void {
    this.#file.read(target, position, done);
  }

  sync(...[done]: Parameters<DiskFile["sync"]>): void {
    this.#before("sync", this.path);
    this.#file.sync(done);
  }

  size(...[done]: Parameters<DiskFile["size"]>): void {
    this.#file.size(done);
  }

  close(...[done]: Parameters<DiskFile["close"]>): void {
    this.#file.close(done);
  }
}
