import { expect, test } from "vitest";
import type { Disk, DiskError, DiskFile } from "../../src/env/disk.ts";
import { OverlayDisk } from "../../src/store/inspect/overlay-disk.ts";
import { Machine } from "./store-fixture.ts";

class Tester {
  readonly machine = new Machine();
  readonly below: Disk = this.machine.disk.attach(this.machine.process);
  readonly disk = new OverlayDisk(this.below, this.machine.process);

  open(disk: Disk, path: string, mode: "read" | "write" | "create"): DiskFile | DiskError {
    return this.machine.wait((done) => disk.open(path, mode, (error, file) => done(error ?? file)));
  }

  file(disk: Disk, path: string, mode: "read" | "write" | "create"): DiskFile {
    const file = this.open(disk, path, mode);
    if (file instanceof Error) throw file;
    return file;
  }

  write(disk: Disk, path: string, text: string): void {
    const file = this.file(disk, path, "create");
    this.machine.wait<void>((done) => file.write(Buffer.from(text), 0, () => done()));
    this.machine.wait<void>((done) => file.close(() => done()));
  }

  read(disk: Disk, path: string): string {
    const file = this.file(disk, path, "read");
    const target = Buffer.alloc(100);
    const count = this.machine.wait<number>((done) =>
      file.read(target, 0, (_, read) => done(read)),
    );
    return target.toString("latin1", 0, count);
  }

  list(disk: Disk, folder: string): readonly string[] {
    return this.machine.wait((done) =>
      disk.list(folder, (error, names) => done(error === undefined ? names : [error.code])),
    );
  }
}

test("what is written over it is seen, and is not there", () => {
  const tester = new Tester();
  const { machine, below, disk } = tester;
  tester.write(below, "a", "hello");
  tester.write(below, "b", "other");
  const file = tester.file(disk, "a", "write");
  machine.wait<void>((done) => file.write(Buffer.from("J"), 0, () => done()));
  machine.wait<void>((done) => file.write(Buffer.from("end"), 8, () => done()));
  expect(tester.read(disk, "a")).toBe("Jello\0\0\0end");
  expect(machine.wait<number>((done) => file.size((_, size) => done(size)))).toBe(11);
  machine.wait<void>((done) => disk.rename("a", "c", () => done()));
  machine.wait<void>((done) => disk.remove("b", () => done()));
  expect(tester.read(disk, "c")).toBe("Jello\0\0\0end");
  expect(tester.list(disk, "")).toEqual(["c"]);
  expect(tester.open(disk, "b", "read")).toMatchObject({ code: "not-found" });
  expect(tester.open(disk, "c", "create")).toMatchObject({ code: "exists" });
  expect([...tester.list(below, "")].sort()).toEqual(["a", "b"]);
  expect(tester.read(below, "a")).toBe("hello");
});

test("a folder that would be made is empty", () => {
  const tester = new Tester();
  expect(tester.list(tester.disk, "log")).toEqual(["not-found"]);
  tester.machine.wait<void>((done) => tester.disk.makeDirectory("log", () => done()));
  expect(tester.list(tester.disk, "log")).toEqual([]);
  expect(tester.list(tester.below, "log")).toEqual(["not-found"]);
});

test("what it keeps in memory is bounded", () => {
  const tester = new Tester();
  const file = tester.file(tester.disk, "a", "create");
  const write = (bytes: number): DiskError | undefined =>
    tester.machine.wait((done) => file.write(Buffer.alloc(bytes), 0, (error) => done(error)));
  expect(write(1024 * 1024)).toBeUndefined();
  expect(write(1)).toMatchObject({ code: "no-space" });
});
