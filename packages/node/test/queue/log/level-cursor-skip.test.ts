import fc from "fast-check";
import { expect, test } from "vitest";
import { LevelContents } from "../../../src/queue/log/level-contents.ts";
import { alike, batchOf } from "./log-rig.ts";

const BATCH = batchOf(alike(256, { size: 3 }));

/** Refs beyond the cursor of a level with these entries, of which each nth message was removed. */
function contentsWithHoles(entries: number, nth: number): LevelContents {
  const contents = new LevelContents(0);
  for (let entry = 1; entry <= entries; entry++) {
    contents.append(BATCH, entry, { from: 0, to: 256 });
  }
  for (let ref = 256; ref < (entries + 1) * 256; ref += nth) contents.remove(ref, ref);
  return contents;
}

test("skipping leads to the message that taking one by one leads to, over pages and holes", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 2, max: 300 }),
      fc.array(fc.nat(6000), { minLength: 1, maxLength: 4 }),
      (entries, nth, skips) => {
        const skipping = contentsWithHoles(entries, nth).cursor();
        const taking = contentsWithHoles(entries, nth).cursor();
        const { ref: start, count: all } = skipping;
        for (const skip of skips) {
          skipping.skip(skip);
          for (let left = skip; left > 0 && taking.count > 0; left--) taking.take();
          expect([skipping.count, skipping.bytes]).toEqual([taking.count, taking.bytes]);
          if (taking.count > 0) expect(skipping.ref).toBe(taking.ref);
        }
        if (skipping.count === all) return;
        skipping.rewindTo(start);
        expect([skipping.count, skipping.ref]).toEqual([all, start]);
      },
    ),
    { numRuns: 60 },
  );
});
