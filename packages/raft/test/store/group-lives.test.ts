import { expect, test } from "vitest";
import { CONF, entries, Machine } from "./store-fixture.ts";

test("a received snapshot that meets a full disk is refused, whenever that shows", () => {
  const machine = new Machine();
  machine.open();
  machine.create(1);
  machine.runFor(500);
  const receiver = machine.store.receiveSnapshot(1, { index: 50, term: 2, conf: { ...CONF } }, []);
  machine.disk.faults.capacityBytes = machine.disk.usedBytes + 1000;
  for (let piece = 0; piece < 20; piece++) {
    machine.process.run(() => receiver.addState(Buffer.alloc(64 * 1024, piece)));
    machine.runFor(20);
  }
  let result: string | undefined;
  machine.process.run(() =>
    receiver.finish((value) => {
      result = value;
    }),
  );
  machine.runFor(1000);
  expect(result).toBe("no-space");
});

test("a group that comes back under its old number is there after a crash", () => {
  for (const isLater of [false, true]) {
    const machine = new Machine();
    machine.open();
    machine.create(1);
    machine.append(1, { entries: entries(1, { first: 2, last: 10 }, 1) });
    machine.wait<void>((done) => machine.store.deleteGroup(1, () => done()));
    if (isLater) machine.restart();
    machine.create(1);
    machine.append(1, { entries: entries(1, { first: 2, last: 4 }, 7) });
    for (let restart = 0; restart < 3; restart++) {
      if (restart === 1) machine.close();
      else machine.kill();
      machine.open();
      expect(machine.store.groups().map(({ groupId }) => groupId)).toEqual([1]);
      expect(machine.store.log(1).lastIndex).toBe(4);
      expect(machine.readAll(1, 2, 4)).toEqual(entries(1, { first: 2, last: 4 }, 7));
    }
  }
});
