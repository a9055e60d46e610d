import { expect, test } from "vitest";
import { checkDamaged } from "./damage-check.ts";
import { type DiskImage, putImage, takeImage } from "./disk-image.ts";
import { RandomLife } from "./random-life.ts";
import { Machine } from "./store-fixture.ts";
import type { ModelGroup } from "./store-model.ts";

interface Scene {
  readonly image: DiskImage;
  readonly groups: ReadonlyMap<number, ModelGroup>;
}

const LIMITS = { hotFileBytes: 16 * 1024, spareFiles: 1 };

/** A store with some history, at rest, so that everything is proven durable; stopped without warning. */
function scene(seed: number, operations: number, endsCleanly: boolean): Scene {
  const machine = new Machine(seed, LIMITS);
  machine.open();
  const life = new RandomLife(machine);
  life.start();
  for (let step = 0; step < operations / 2; step++) life.step();
  life.rest();
  machine.restart();
  life.settle();
  for (let step = 0; step < operations / 2; step++) life.step();
  life.rest();
  machine.runFor(2000);
  if (endsCleanly) machine.close();
  else machine.kill();
  return { image: takeImage(machine), groups: life.model.groups };
}

function openDamaged(scene_: Scene, image: DiskImage): ReturnType<typeof checkDamaged> {
  const machine = new Machine(77, LIMITS);
  putImage(machine, image);
  machine.open();
  const first = checkDamaged(machine, scene_.groups);
  // What was found is remembered, and nothing gets worse or better by looking again.
  machine.restart();
  checkDamaged(machine, scene_.groups);
  return first;
}

function withDamage(image: DiskImage, path: string, change: (bytes: Buffer) => void): DiskImage {
  const damaged = new Map(image);
  const bytes = Buffer.from(image.get(path) ?? Buffer.alloc(0));
  change(bytes);
  damaged.set(path, bytes);
  return damaged;
}

/** The last of the hot files that are in use: what spare ones hold are batches of files that they were before. */
function newestFile(image: DiskImage): string {
  const inUse = [...image].filter(
    ([path, bytes]) =>
      path.endsWith(".hot") && bytes.readUInt32LE(20) === Number.parseInt(path.slice(4), 10),
  );
  return (
    inUse
      .map(([path]) => path)
      .sort()
      .at(-1) ?? ""
  );
}

/** Up to `count` positions of a file, spread over the part that is not blank. */
function positions(bytes: Buffer, count: number, seed: number): number[] {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  const step = Math.max(1, Math.floor(end / count));
  const found: number[] = [];
  for (let at = seed % step; at < end; at += step) found.push(at);
  return found;
}

test.each([
  [1, 60, false],
  [2, 120, true],
  [3, 200, false],
])(
  "a flipped bit is found, repaired from what else is there, or reported (seed %i)",
  (seed, operations, isClean) => {
    const base = scene(seed, operations, isClean);
    let trials = 0;
    let reports = 0;
    for (const [path, bytes] of base.image) {
      for (const at of positions(bytes, 12, seed)) {
        const image = withDamage(base.image, path, (copy) => {
          copy[at] = (copy[at] ?? 0) ^ (1 << (at % 8));
        });
        try {
          const report = openDamaged(base, image);
          if (report.lost + report.holes + report.snapshots + report.reads > 0) reports++;
        } catch (error) {
          throw new Error(`${path} at ${at}`, { cause: error });
        }
        trials++;
      }
    }
    expect(trials).toBeGreaterThan(20);
    expect(reports).toBeGreaterThan(0);
  },
  120_000,
);

test.each([4, 5])(
  "4 KiB of zeros anywhere are no shorter log (seed %i)",
  (seed) => {
    const base = scene(seed, 150, seed % 2 === 0);
    for (const [path, bytes] of base.image) {
      for (let at = 0; at < bytes.length; at += 4096) {
        const block = bytes.subarray(at, at + 4096);
        if (block.every((byte) => byte === 0)) continue;
        const image = withDamage(base.image, path, (copy) =>
          copy.fill(0, at, Math.min(copy.length, at + 4096)),
        );
        try {
          openDamaged(base, image);
        } catch (error) {
          throw new Error(`${path} at ${at}`, { cause: error });
        }
      }
    }
  },
  120_000,
);

test("a file that is missing is no shorter log", () => {
  const base = scene(6, 200, false);
  // No file speaks of the newest one: only a leader can tell that something is missing.
  const newest = newestFile(base.image);
  for (const path of base.image.keys()) {
    if (path === newest) continue;
    const image = new Map(base.image);
    image.delete(path);
    try {
      openDamaged(base, image);
    } catch (error) {
      throw new Error(path, { cause: error });
    }
  }
}, 120_000);
