import { expect, test } from "vitest";
import { entries, Machine } from "./store-fixture.ts";

const HARD_STATE = { currentTerm: 4, votedFor: 65537, commitIndex: 9 };

/** Group 1 has its last entries in the first file, most of which is dead by the end. */
function idleGroup(limits = {}): Machine {
  const machine = new Machine(1, limits);
  machine.open();
  machine.create(1);
  machine.create(2);
  machine.append(1, { hardState: HARD_STATE, entries: entries(1, { first: 2, last: 10 }, 4) });
  let last = 1;
  for (let round = 0; round < 40; round++) {
    machine.append(2, { entries: entries(2, { first: last + 1, last: last + 5 }, 1, 200) });
    last += 5;
  }
  return machine;
}

test("damage at the end of an idle log that compaction meets leaves a promise", () => {
  const machine = idleGroup({ rewriteLiveRatio: 0.9, bodyCacheBytes: 16 * 1024 });
  const first = machine.disk.files().find(({ path }) => path.endsWith("1.hot"));
  if (first === undefined) throw new Error("the first file is gone");
  const bytes = Buffer.from(first.file.cachedBytes);
  const at = bytes.indexOf("1/10/4 ");
  expect(at).toBeGreaterThan(0);
  first.file.damage(at, Buffer.from("damaged"));
  machine.save(2, { index: 190, term: 1, state: Buffer.alloc(10) });
  for (let first = 202; first < 400; first += 5) {
    machine.append(2, { entries: entries(2, { first, last: first + 4 }, 1, 200) });
  }
  machine.runFor(5000);
  expect(machine.listener.damage).toContainEqual([1, { first: 10, last: 10 }]);
  machine.restart();
  const group = machine.store.groups().find(({ groupId }) => groupId === 1);
  expect(group?.hardState).toMatchObject({ currentTerm: 4, votedFor: 65537 });
  expect(group?.holes).toEqual([{ first: 10, last: 10 }]);
  expect(group?.promise).toEqual({ term: 4, index: 10 });
});

test("a group that is written down again in a damaged batch is not taken from an older file", () => {
  const machine = idleGroup({ rewriteLiveRatio: 0 });
  machine.wait<void>((done) =>
    machine.store.forceConf(
      1,
      { voters: [65537], votersOutgoing: [], learners: [], learnersNext: [], autoLeave: false },
      2,
      () => done(),
    ),
  );
  let last = machine.store.log(2).lastIndex;
  for (let round = 0; round < 60; round++) {
    machine.append(2, { entries: entries(2, { first: last + 1, last: last + 5 }, 1, 200) });
    last += 5;
  }
  machine.save(2, { index: last - 2, term: 1, state: Buffer.alloc(10) });
  machine.runFor(5000);
  machine.kill();
  let spoilt = 0;
  for (const { path, file } of machine.disk.files()) {
    if (path.endsWith(".idx")) file.damage(0, new Uint8Array(file.size));
    if (!path.endsWith(".hot")) continue;
    // GROUP_STATE of group 1, carried over, in a batch of one sector.
    const at = Buffer.from(file.cachedBytes).indexOf(Buffer.from([5, 0, 1, 0, 0, 0, 0, 0]));
    if (at < 0 || file.cachedBytes[at + 28] !== 2) continue;
    file.damage(Math.floor(at / 512) * 512 + 10, Buffer.from([0xaa]));
    spoilt++;
  }
  expect(spoilt).toBe(1);
  machine.open();
  const group = machine.store.groups().find(({ groupId }) => groupId === 1);
  expect(group).toBeDefined();
  if (group?.hardState === "lost") return;
  expect(group?.epoch).toBe(2);
});
