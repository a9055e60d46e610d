import { expect, test } from "vitest";
import { CONF, entries, Machine } from "./store-fixture.ts";
import { WatchedDisk } from "./watched-disk.ts";

test("a forced configuration is there with all that belongs to it, or not at all", () => {
  for (let room = 0; room < 100; room += 4) {
    const machine = new Machine();
    machine.open();
    machine.create(1);
    machine.create(2);
    const hardState = { currentTerm: 2, votedFor: 0, commitIndex: 4 };
    machine.append(1, { hardState, entries: entries(1, { first: 2, last: 9 }, 2) });
    machine.runFor(200);
    machine.kill();
    let writes = -1;
    machine.wrapDisk = (disk) =>
      new WatchedDisk(disk, (operation, path) => {
        if (writes < 0 || operation !== "write" || !path.endsWith(".hot")) return;
        writes++;
        if (writes === 2) machine.process.kill();
      });
    machine.open();
    machine.runFor(200);
    const size = machine.limits.batchMaxBytes - 64 - 96 - room;
    machine.submit(2, { entries: entries(2, { first: 2, last: 2 }, 1, size) });
    writes = 0;
    machine.process.run(() =>
      machine.store.forceConf(1, { ...CONF, voters: [65537] }, 2, () => undefined),
    );
    machine.process.run(() => machine.store.kick());
    machine.runFor(100);
    machine.wrapDisk = (disk) => disk;
    machine.kill();
    machine.open();
    const group = machine.store.groups().find(({ groupId }) => groupId === 1);
    const isForced = group?.epoch === 2;
    expect([room, group?.hardState]).toEqual([
      room,
      { ...hardState, commitIndex: isForced ? 9 : 4 },
    ]);
  }
});
