import { describe, expect, test } from "vitest";
import { LevelContents } from "../../../src/queue/log/level-contents.ts";
import { PAGE_SLOTS } from "../../../src/queue/log/log-page.ts";
import { alike, batchOf } from "./log-rig.ts";

const BATCH = batchOf(alike(256, { size: 0 }));

function filled(entries: number): LevelContents {
  const contents = new LevelContents(0);
  for (let entry = 1; entry <= entries; entry++)
    contents.append(BATCH, entry, { from: 0, to: 256 });
  return contents;
}

function arrayBytes({ pages }: LevelContents): number {
  return pages.reduce(
    (sum, { refs, sizes, live }) => sum + refs.byteLength + sizes.byteLength + live.byteLength,
    0,
  );
}

describe("pages of a level", () => {
  test("start small and double up to a full page", () => {
    const contents = new LevelContents(0);
    const capacities = new Set<number>();
    for (let entry = 1; entry <= PAGE_SLOTS + 1; entry++) {
      contents.append(BATCH, entry, { from: 0, to: 1 });
      capacities.add(contents.tail.capacity);
    }
    expect([...capacities]).toEqual([16, 32, 64, 128, 256, 512, 1024, 2048, 4096]);
    expect(contents.pages.length).toBe(2);
  });

  test("are given back when a deep queue was emptied, from its start or at once", () => {
    for (const entriesAtOnce of [1, 3, 400]) {
      const contents = filled(400);
      for (let entry = 1; entry <= 400; entry += entriesAtOnce) {
        contents.remove(entry * 256, (entry + entriesAtOnce) * 256 - 1);
      }
      expect([contents.count, arrayBytes(contents)]).toEqual([0, 0]);
    }
  });

  test("a small page serves a short queue for good", () => {
    const contents = new LevelContents(0);
    contents.append(BATCH, 1, { from: 0, to: 3 });
    const [page] = contents.pages;
    for (let entry = 2; entry <= 1000; entry++) {
      contents.append(BATCH, entry, { from: 0, to: 5 });
      contents.remove(0, entry * 256 - 1);
    }
    expect(contents.pages).toEqual([page]);
    expect(contents.tail.capacity).toBeLessThanOrEqual(32);
    expect(contents.count).toBe(5);
  });

  test("shrink where a queue is thinned out", () => {
    const contents = filled(400);
    for (let entry = 1; entry <= 400; entry++) {
      contents.remove(entry * 256, entry * 256 + 249);
    }
    expect(contents.count).toBe(2400);
    const tailBytes = (PAGE_SLOTS * 97) / 8;
    expect(arrayBytes(contents) - tailBytes).toBeLessThan(2400 * 32);
    expect(contents.pages.length).toBeLessThan(10);
  });

  test("one old message does not keep a page for each of those that come and go behind it", () => {
    const contents = filled(1);
    contents.remove(257, 511);
    for (let entry = 2; entry <= 1000; entry++) {
      contents.append(BATCH, entry, { from: 0, to: 256 });
      contents.remove(entry * 256, entry * 256 + 255);
    }
    expect(contents.count).toBe(1);
    expect(arrayBytes(contents)).toBeLessThan(10_000);
  });
});
