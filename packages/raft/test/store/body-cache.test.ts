import { expect, test } from "vitest";
import { BodyCache } from "../../src/store/body-cache.ts";
import { LogFile } from "../../src/store/log-file.ts";
import type { Slab } from "../../src/store/slab.ts";

const SLAB = 1000;

function unpinned(cache: BodyCache, file: LogFile): Slab {
  const slab = cache.add(file, file.slabs.length * SLAB, 1);
  slab.pins = 0;
  return slab;
}

test("memory that nobody has a view of is used again, and no other", () => {
  const cache = new BodyCache({ bodyCacheBytes: 3 * SLAB, hotFileBytes: SLAB });
  const file = new LogFile(1, "hot", 10 * SLAB);
  const [first, second, third] = [1, 2, 3].map(() => unpinned(cache, file));
  second?.share();
  if (third !== undefined) third.pins = 1;
  const used = [1, 2, 3].map(() => unpinned(cache, file).buffer);
  expect(used).toContain(first?.buffer);
  expect(used).not.toContain(second?.buffer);
  expect(used).not.toContain(third?.buffer);
  expect(file.slabs).toContain(third);
  expect(cache.bytes).toBe(3 * SLAB);
});

test("no more than the cache's limit is kept, with what is kept to be used again", () => {
  const cache = new BodyCache({ bodyCacheBytes: 3 * SLAB, hotFileBytes: SLAB });
  const file = new LogFile(1, "hot", 10 * SLAB);
  const other = new LogFile(2, "hot", 10 * SLAB);
  const old = [1, 2, 3].map(() => unpinned(cache, file).buffer);
  cache.removeFile(file);
  expect(cache.bytes).toBe(0);
  const used = [1, 2].map(() => cache.add(other, 0, 1).buffer);
  expect(used.every((buffer) => old.includes(buffer))).toBe(true);
  const large = cache.add(other, 2 * SLAB, SLAB + 1);
  expect(large.buffer.length).toBeGreaterThan(SLAB);
  expect(old).not.toContain(cache.add(other, 6 * SLAB, 1).buffer);
});
