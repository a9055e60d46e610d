import { describe, expect, test } from "vitest";
import { type DiskImage, putImage, takeImage } from "./disk-image.ts";
import { RandomLife } from "./random-life.ts";
import { entries, Machine } from "./store-fixture.ts";
import { type DiskOperation, WatchedDisk } from "./watched-disk.ts";

const LIMITS = { hotFileBytes: 8 * 1024, spareFiles: 1, inlineSnapshotMaxBytes: 300 };
const LARGE_FILES = { ...LIMITS, hotFileBytes: 32 * 1024 };
const STEPS = 40;

/** Calls `hit` at the n-th of the operations that `counts` accepts. */
function atOperation(
  machine: Machine,
  n: number,
  options: { counts(operation: DiskOperation): boolean; hit(): void },
): () => number {
  let count = 0;
  machine.wrapDisk = (disk) =>
    new WatchedDisk(disk, (operation) => {
      if (!options.counts(operation)) return;
      count++;
      if (count === n) options.hit();
    });
  return () => count;
}

/** Lives until something fatal happens, or for a number of steps. */
function live(life: RandomLife, isOver: () => boolean): void {
  for (let step = 0; step < STEPS && !isOver(); step++) life.step();
  if (!isOver()) life.rest();
}

describe("an error of the disk", () => {
  test.each(["sync", "write"] as const)(
    "%s: nothing is acknowledged from then on, nothing is lost",
    (kind) => {
      let fatal = 0;
      for (let n = 1; n < 60; n++) {
        const machine = new Machine(n % 7, LIMITS);
        const operations: readonly string[] =
          kind === "sync" ? ["sync", "syncDirectory"] : ["write"];
        atOperation(machine, n, {
          counts: (operation) => operations.includes(operation),
          hit: () => {
            if (kind === "sync") machine.disk.faults.syncErrorChance = 1;
            else machine.disk.faults.writeErrorChance = 1;
          },
        });
        const opened = machine.tryOpen();
        const life = new RandomLife(machine);
        if (!(opened instanceof Error)) {
          life.start();
          live(life, () => machine.listener.fatal !== undefined);
          if (machine.listener.fatal !== undefined) fatal++;
          // The listener of the fixture throws if anything is acknowledged now.
          machine.runFor(1000);
        }
        machine.disk.faults.syncErrorChance = 0;
        machine.disk.faults.writeErrorChance = 0;
        machine.wrapDisk = (disk) => disk;
        // What was read after the failure may be gone after the next crash.
        machine.kill(n % 2 === 0);
        machine.open();
        life.settle();
        machine.restart();
        life.settle();
        life.checkContents();
      }
      expect(fatal).toBeGreaterThan(20);
    },
    120_000,
  );
});

test("the power may go before any operation on the disk", () => {
  for (let n = 1; n < 160; n += 1) {
    const machine = new Machine(3 + (n % 3), LIMITS);
    let isOver = false;
    const count = atOperation(machine, n, {
      counts: () => true,
      hit: () => {
        isOver = true;
        machine.process.kill();
      },
    });
    const life = new RandomLife(machine);
    machine.beginOpen();
    machine.runUntil(() => isOver || machine.isOpen);
    if (machine.isOpen) {
      life.start();
      live(life, () => isOver);
    }
    expect(count()).toBeGreaterThan(0);
    machine.wrapDisk = (disk) => disk;
    machine.kill();
    machine.open();
    life.settle();
    life.checkContents();
  }
}, 120_000);

test("a last batch of which any part is missing is taken whole or not at all", () => {
  const { before, after, path } = unsyncedBatch();
  const old = before.get(path) ?? Buffer.alloc(0);
  const sectors = changedSectors(old, after);
  expect(sectors.length).toBeGreaterThan(5);
  for (const fill of ["old", "zeros", "garbage"] as const) {
    expect(lastAfter(before, path, spoil(old, after, [], fill))).toBe(15);
    for (let first = 0; first < sectors.length; first++) {
      const rest = spoil(old, after, sectors.slice(first), fill);
      expect(lastAfter(before, path, rest)).toBe(5);
      const one = spoil(old, after, sectors.slice(first, first + 1), fill);
      expect(lastAfter(before, path, one)).toBe(5);
    }
  }
}, 60_000);

/** The disk with everything done but the last sync: what is durable, and what is in the page cache. */
function unsyncedBatch(): { before: DiskImage; after: Buffer; path: string } {
  const machine = new Machine(1, LARGE_FILES);
  machine.open();
  machine.create(1);
  machine.append(1, { entries: entries(1, { first: 2, last: 5 }, 1, 300) });
  machine.runFor(200);
  machine.submit(1, { entries: entries(1, { first: 6, last: 15 }, 1, 300) });
  machine.disk.faults.syncMeanMs = 1e9;
  machine.process.run(() => machine.store.kick());
  machine.runFor(100);
  const before = takeImage(machine);
  for (const { path, file } of machine.disk.files()) {
    const after = Buffer.from(file.cachedBytes);
    if (before.get(path)?.equals(after) === false) return { before, after, path };
  }
  throw new Error("nothing was written");
}

function spoil(
  old: Buffer,
  full: Buffer,
  sectors: readonly number[],
  fill: "old" | "zeros" | "garbage",
): Buffer {
  const bytes = Buffer.from(full);
  for (const at of sectors) {
    if (fill === "old") old.copy(bytes, at, at, at + 512);
    else bytes.fill(fill === "zeros" ? 0 : 0xa5, at, at + 512);
  }
  return bytes;
}

/** Opens a store on the image with other contents of one file; returns where the log ends, all of which is whole. */
function lastAfter(image: DiskImage, path: string, bytes: Buffer): number {
  const machine = new Machine(2, LARGE_FILES);
  putImage(machine, new Map(image).set(path, bytes));
  machine.open();
  const last = machine.store.log(1).lastIndex;
  expect(machine.readAll(1, 2, last)).toEqual(entries(1, { first: 2, last }, 1, 300));
  expect(machine.store.groups()[0]?.holes).toEqual([]);
  return last;
}

function changedSectors(a: Buffer, b: Buffer): number[] {
  const changed: number[] = [];
  for (let at = 0; at < b.length; at += 512) {
    if (!a.subarray(at, at + 512).equals(b.subarray(at, at + 512))) changed.push(at);
  }
  return changed;
}

describe("a full disk", () => {
  test("is told early, stops nothing that fits, and everything goes on when there is room again", () => {
    for (let seed = 1; seed <= 25; seed++) {
      const machine = new Machine(seed, { ...LIMITS, spareFiles: 1 + (seed % 2) });
      machine.open();
      machine.runFor(500);
      const life = new RandomLife(machine);
      life.start();
      machine.disk.faults.capacityBytes = machine.disk.usedBytes + 2000 * seed;
      for (let step = 0; step < 150 && machine.listener.fatal === undefined; step++) life.step();
      // An append larger than a file cannot be kept from meeting the full disk; all others are.
      const isFatal = machine.listener.fatal !== undefined;
      if (!isFatal) {
        expect(machine.listener.spaces.length).toBeGreaterThan(0);
        machine.disk.faults.capacityBytes = Number.MAX_SAFE_INTEGER;
        machine.runFor(10_000);
        expect(machine.store.space).toBe("ok");
        life.checkContents();
      }
      machine.disk.faults.capacityBytes = Number.MAX_SAFE_INTEGER;
      machine.restart();
      life.settle();
      life.checkContents();
    }
  }, 120_000);
});
