import { expect, test } from "vitest";
import { entries, Machine } from "./store-fixture.ts";

test("a node whose spare files were used before starts again on a full disk", () => {
  const machine = new Machine(1, { spareFiles: 1 });
  machine.open();
  machine.create(1);
  let last = 1;
  for (let round = 0; round < 12; round++) {
    for (let batch = 0; batch < 20; batch++) {
      machine.append(1, {
        hardState: { currentTerm: 1, votedFor: 0, commitIndex: last },
        entries: entries(1, { first: last + 1, last: last + 5 }, 1, 200),
      });
      last += 5;
    }
    machine.save(1, { index: last - 5, term: 1, state: Buffer.alloc(10) });
    machine.runFor(1000);
  }
  machine.kill();
  machine.disk.faults.capacityBytes = machine.disk.usedBytes + 2000;
  const opened = machine.beginOpen();
  machine.runFor(20_000);
  expect(opened.value).toBeDefined();
  expect(opened.value).not.toBeInstanceOf(Error);
  expect(machine.store.log(1).lastIndex).toBe(last);
});

test("a store that has no room for what is queued can still be closed", () => {
  const machine = new Machine(1, { spareFiles: 1 });
  machine.open();
  machine.create(1);
  machine.runFor(500);
  machine.disk.faults.capacityBytes = machine.disk.usedBytes + 2000;
  for (let batch = 0; batch < 20; batch++) {
    const first = 2 + batch * 5;
    machine.submit(1, { entries: entries(1, { first, last: first + 4 }, 1, 800) });
    machine.process.run(() => machine.store.kick());
    machine.runFor(50);
  }
  let isClosed = false;
  machine.process.run(() =>
    machine.store.close(() => {
      isClosed = true;
    }),
  );
  machine.runFor(60_000);
  expect(isClosed).toBe(true);
});
