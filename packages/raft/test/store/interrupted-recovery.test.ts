import { expect, test } from "vitest";
import { CONF, entries, Machine, sourceOf } from "./store-fixture.ts";
import { WatchedDisk } from "./watched-disk.ts";

const HARD_STATE = { currentTerm: 1, votedFor: 0, commitIndex: 1 };

/** A machine whose last batch, which was acknowledged, is the first one of its file; the power is gone. */
function machineWithYoungFile(seed: number): { machine: Machine; last: number } {
  const machine = new Machine(seed);
  machine.open();
  machine.create(1);
  let last = 1;
  for (let isFirst = false; !isFirst; last += 5) {
    const { files } = machine.store.statistics;
    const list = entries(1, { first: last + 1, last: last + 5 }, 1, 100 + seed);
    machine.append(1, { hardState: HARD_STATE, entries: list });
    isFirst = machine.store.statistics.files > files;
  }
  machine.kill();
  return { machine, last };
}

test("the last acknowledged batch stays, wherever the power fails while it is made durable again", () => {
  for (let n = 1; n < 60; n++) {
    const { machine, last } = machineWithYoungFile(n % 5);
    let count = 0;
    machine.wrapDisk = (disk) =>
      new WatchedDisk(disk, () => {
        count++;
        if (count === n) machine.process.kill();
      });
    machine.beginOpen();
    machine.runUntil(() => count >= n || machine.isOpen, 5000);
    machine.wrapDisk = (disk) => disk;
    machine.kill();
    machine.open();
    expect([n, machine.store.log(1).lastIndex]).toEqual([n, last]);
    expect(machine.readAll(1, last - 4, last)).toHaveLength(5);
  }
});

/** Group 1 is idle; group 2 fills files and lets them die. */
function machineWithGarbage(n: number): { machine: Machine; kill: ReturnType<typeof killAt> } {
  const machine = new Machine(1, { hotFileBytes: 8 * 1024, rewriteLiveRatio: 0.9 });
  const kill = killAt(machine, n);
  machine.open();
  machine.create(1);
  machine.create(2);
  machine.append(1, { hardState: IDLE, entries: entries(1, { first: 2, last: 6 }, 4) });
  for (let first = 2; first < 150; first += 5) {
    machine.append(2, { entries: entries(2, { first, last: first + 4 }, 1, 200) });
  }
  machine.runFor(1000);
  return { machine, kill };
}

const IDLE = { currentTerm: 4, votedFor: 65537, commitIndex: 5 };

/** The process ends before the `n`-th change of the disk, counted from the call of `arm`. */
function killAt(machine: Machine, n: number): { arm(): void; isDead(): boolean } {
  let count = Number.NEGATIVE_INFINITY;
  machine.wrapDisk = (disk) =>
    new WatchedDisk(disk, () => {
      count++;
      if (count === n) machine.process.kill();
    });
  return {
    arm: () => {
      count = 0;
    },
    isDead: () => count >= n,
  };
}

test("an idle group survives a killed compaction and a loss of power while it is recovered", () => {
  for (let first = 1; first < 24; first += 2) {
    for (let second = 18; second < 36; second += 2) {
      const { machine, kill } = machineWithGarbage(first);
      kill.arm();
      const meta = { index: 145, term: 1, conf: { ...CONF } };
      machine.process.run(() =>
        machine.store.saveSnapshot(
          2,
          { meta, source: sourceOf(Buffer.alloc(10)), compactTo: 145 },
          () => undefined,
        ),
      );
      machine.runUntil(kill.isDead, 3000);
      if (!kill.isDead()) return;
      machine.kill(false);
      const killAgain = killAt(machine, second);
      killAgain.arm();
      machine.beginOpen();
      machine.runUntil(() => killAgain.isDead() || machine.isOpen, 3000);
      machine.wrapDisk = (disk) => disk;
      machine.kill();
      machine.open();
      const group = machine.store.groups().find(({ groupId }) => groupId === 1);
      const where = `${first}, ${second}`;
      expect([where, group?.hardState, group?.holes]).toEqual([where, IDLE, []]);
      expect(machine.readAll(1, 2, 6)).toEqual(entries(1, { first: 2, last: 6 }, 4));
    }
  }
}, 60_000);
