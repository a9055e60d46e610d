import { expect, test } from "vitest";
import { RecordType, readControlRecord } from "../../src/codec/record.ts";
import { entries, Machine } from "./store-fixture.ts";

/** Damages all records that say that a group is gone, also in files that are used again. */
function damageDeletions(machine: Machine, groupId: number): number {
  let count = 0;
  for (const { path, file } of machine.disk.files()) {
    if (!path.endsWith(".hot")) continue;
    const bytes = Buffer.from(file.cachedBytes);
    for (let at = 0; at + 32 <= bytes.length; at++) {
      if (bytes[at] !== RecordType.GroupDelete) continue;
      if (readControlRecord(bytes, at, at + 32)?.groupId !== groupId) continue;
      file.damage(at + 26, new Uint8Array([(bytes[at + 26] ?? 0) ^ 1]));
      count++;
    }
  }
  return count;
}

test("a deleted group does not come back because the record that repeats its deletion is damaged", () => {
  const machine = new Machine(1, { rewriteLiveRatio: 0 });
  machine.open();
  machine.create(1);
  machine.create(2);
  let last = 1;
  const more = (count: number): void => {
    for (let batch = 0; batch < count; batch++) {
      machine.append(1, {
        hardState: { currentTerm: 1, votedFor: 0, commitIndex: last },
        entries: entries(1, { first: last + 1, last: last + 5 }, 1, 200),
      });
      last += 5;
    }
  };
  more(12);
  machine.wait<void>((done) => machine.store.deleteGroup(2, () => done()));
  more(36);
  // The first file stays, because of one entry; the one with the deletion goes.
  const live = [{ first: 2, last: 2 }];
  machine.save(1, { index: last - 5, term: 1, state: Buffer.alloc(10), live });
  machine.runFor(3000);
  machine.kill(false);
  expect(damageDeletions(machine, 2)).toBeGreaterThan(0);
  machine.open();
  expect(machine.store.groups().map(({ groupId }) => groupId)).toEqual([1]);
});
