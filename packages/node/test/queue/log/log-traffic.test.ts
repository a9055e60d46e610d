import { expect, test } from "vitest";
import { HOT_BATCHES_BYTES } from "../../../src/limits.ts";
import { LogTraffic } from "../../../src/queue/log/log-traffic.ts";

test("the memory for batches of durable queues is bounded however small they are", () => {
  const traffic = new LogTraffic();
  const kept = new Set<number>();
  const client = {
    flush: () => undefined,
    retry: () => undefined,
    coolDown: (entryIndex: number) => void kept.delete(entryIndex),
  };
  const COUNT = 100_000;
  for (let entryIndex = 0; entryIndex < COUNT; entryIndex++) {
    kept.add(entryIndex);
    traffic.keepHot(client, entryIndex, 60);
  }
  // A kilobyte for the objects of each, at least.
  expect(kept.size * 1024).toBeLessThan(HOT_BATCHES_BYTES);
  expect(kept.has(COUNT - 1)).toBe(true);
});
