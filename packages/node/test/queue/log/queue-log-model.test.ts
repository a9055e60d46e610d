import fc from "fast-check";
import { describe, test } from "vitest";
import type { Item } from "./log-rig.ts";
import { QueueLogModel } from "./queue-log-model.ts";

type Command = readonly [string, (model: QueueLogModel) => void];

const level = fc.constantFrom(0, 0, 0, 0, 1, 5);
const place = fc.double({ min: 0, max: 0.999, noNaN: true });

const item: fc.Arbitrary<Item> = fc.record({
  level,
  size: fc.constantFrom(0, 1, 5, 5, 5, 300),
  expiresAtMs: fc.constantFrom(-1, -1, -1, -1, 0, 1_700_000_000_000, 1_700_000_000_123),
});

const enqueue = fc
  .tuple(fc.array(item, { minLength: 1, maxLength: 12 }), fc.boolean())
  .map(
    ([items, isOwn]): Command => [
      `enqueue ${JSON.stringify(items)}`,
      (model) => model.enqueue(items, isOwn),
    ],
  );

const burst = fc.tuple(item, fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 256 })).map(
  ([each, batches, count]): Command => [
    `burst of ${batches} batches of ${count} ${JSON.stringify(each)}`,
    (model) => {
      const items = Array.from({ length: count }, () => each);
      for (let batch = 0; batch < batches; batch++) model.enqueue(items, false);
    },
  ],
);

const removeFront = fc
  .tuple(level, fc.constantFrom(1, 3, 20, 300, 4000, 9000))
  .map(
    ([at, count]): Command => [`remove ${count} of ${at}`, (model) => model.remove(at, 0, count)],
  );

const removeWithin = fc
  .tuple(level, place, fc.constantFrom(1, 2, 20, 2000, 6000))
  .map(
    ([at, from, count]): Command => [
      `remove ${count} of ${at} from ${from}`,
      (model) => model.remove(at, from, count),
    ],
  );

const thin = fc
  .tuple(level, fc.constantFrom(1, 2, 3))
  .map(([at, step]): Command => [`thin ${at} by ${step}`, (model) => model.thin(at, step)]);

const mark = fc
  .tuple(level, place, fc.nat(3), fc.boolean())
  .map(
    ([at, where, count, isMark]): Command => [
      isMark ? `deliver ${at} to ${where}` : `give back ${count} of ${at} at ${where}`,
      (model) => (isMark ? model.deliver(at, where) : model.giveBack(at, where, count)),
    ],
  );

const cursor = fc
  .tuple(level, place, fc.constantFrom(1, 2, 30, 3000), fc.nat(9))
  .map(([at, where, count, what]): Command => {
    if (what === 0) return [`skip all of ${at}`, (model) => model.skipAll(at)];
    if (what < 4) return [`rewind ${at} to ${where}`, (model) => model.rewind(at, where)];
    return [`take ${count} of ${at}`, (model) => model.take(at, count)];
  });

const snapshot = fc
  .tuple(fc.constantFrom(50, 7, 3000, 65_536), fc.nat(3))
  .map(([bytes, what]): Command => {
    if (what === 0) return ["start snapshot", (model) => model.startSnapshot()];
    if (what === 1) return ["pull", (model) => model.pullSnapshot(bytes)];
    return [`snapshot by ${bytes}`, (model) => finishOrStart(model, bytes)];
  });

function finishOrStart(model: QueueLogModel, bytes: number): void {
  model.finishSnapshot(bytes);
  model.startSnapshot();
}

const skip = fc
  .constantFrom(1, 3, 8, 9, 30)
  .map((count): Command => [`${count} other entries`, (model) => model.skipEntries(count)]);

const few = fc.oneof(
  { weight: 6, arbitrary: enqueue },
  { weight: 3, arbitrary: removeFront },
  { weight: 2, arbitrary: removeWithin },
  { weight: 1, arbitrary: thin },
  { weight: 2, arbitrary: mark },
  { weight: 4, arbitrary: cursor },
  { weight: 3, arbitrary: snapshot },
  { weight: 2, arbitrary: skip },
);

const many = fc.oneof(
  { weight: 5, arbitrary: burst },
  { weight: 1, arbitrary: enqueue },
  { weight: 3, arbitrary: removeFront },
  { weight: 3, arbitrary: removeWithin },
  { weight: 1, arbitrary: thin },
  { weight: 2, arbitrary: mark },
  { weight: 4, arbitrary: cursor },
  { weight: 3, arbitrary: snapshot },
  { weight: 1, arbitrary: skip },
);

function check(commands: readonly Command[]): void {
  const model = new QueueLogModel();
  for (const [, run] of commands) {
    run(model);
    model.checkCounts();
  }
  model.finishSnapshot(1000);
  model.startSnapshot();
  model.finishSnapshot(65_536);
  model.checkReplay();
}

describe("QueueLog against plain arrays", () => {
  test("short queues: same contents, cursors, snapshots and replays", () => {
    fc.assert(fc.property(fc.array(few, { maxLength: 80 }), check), { numRuns: 300 });
  }, 60_000);

  test("queues of many pages: same contents, cursors, snapshots and replays", () => {
    fc.assert(fc.property(fc.array(many, { maxLength: 25 }), check), { numRuns: 40 });
  }, 60_000);
});
