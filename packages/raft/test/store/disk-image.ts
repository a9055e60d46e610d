import type { Disk, DiskFile } from "../../src/env/disk.ts";
import type { Machine } from "./store-fixture.ts";

/** What is durable on a disk. */
export type DiskImage = ReadonlyMap<string, Buffer>;

export function takeImage(machine: Machine): DiskImage {
  const image = new Map<string, Buffer>();
  for (const { path, file } of machine.disk.durableFiles()) {
    image.set(path.replace(/^\//, ""), Buffer.from(file.durableBytes));
  }
  return image;
}

/** Puts files on the disk of a machine on which no store runs. */
export function putImage(machine: Machine, image: DiskImage): void {
  const disk = machine.disk.attach(machine.process);
  for (const folder of ["log", "snap"]) {
    machine.wait<void>((done) => disk.makeDirectory(folder, () => done()));
  }
  for (const [path, bytes] of image) putFile(machine, disk, path, bytes);
  for (const folder of ["", "log", "snap"]) {
    machine.wait<void>((done) => disk.syncDirectory(folder, () => done()));
  }
  machine.kill(false);
}

function putFile(machine: Machine, disk: Disk, path: string, bytes: Buffer): void {
  const file = machine.wait<DiskFile>((done) =>
    disk.open(path, "create", (_error, opened) => done(opened)),
  );
  machine.wait<void>((done) => file.write(bytes, 0, () => done()));
  machine.wait<void>((done) => file.sync(() => done()));
  machine.wait<void>((done) => file.close(() => done()));
}
