import { expect, test } from "vitest";
import { RandomLife } from "./random-life.ts";
import { Machine } from "./store-fixture.ts";
import { WatchedDisk } from "./watched-disk.ts";

const SEEDS = 120;
const ROUNDS = 4;

/** The process ends while a batch is on its way, mostly without a loss of power, so that the page cache shows what no sync covered. */
function stop(machine: Machine, life: RandomLife): void {
  const { random } = machine;
  life.rest();
  machine.runFor(random.below(150));
  for (let step = 0; step < 3; step++) life.step();
  machine.process.run(() => machine.store.kick());
  machine.runFor(random.float() * 0.6);
  machine.kill(random.chance(0.1));
}

/** An open that ends around its first batch, or soon after. */
function interrupt(machine: Machine): void {
  const { random } = machine;
  const last = 16 + random.below(16);
  let count = 0;
  machine.wrapDisk = (disk) =>
    new WatchedDisk(disk, () => {
      count++;
      if (count === last) machine.process.kill();
    });
  machine.beginOpen();
  machine.runUntil(() => count >= last || machine.isOpen, 5000);
  if (machine.isOpen) machine.runFor(random.below(100));
  machine.wrapDisk = (disk) => disk;
  machine.kill(random.chance(0.5));
}

function runSeed(seed: number): void {
  const hotFileBytes = seed % 2 === 0 ? 16 * 1024 : 8 * 1024;
  const machine = new Machine(seed, { hotFileBytes, spareFiles: 1, inlineSnapshotMaxBytes: 300 });
  machine.disk.faults.crash = { lost: 0.4, garbage: 0.1 };
  machine.open();
  const life = new RandomLife(machine);
  life.start();
  for (let round = 0; round < ROUNDS; round++) {
    stop(machine, life);
    for (let times = machine.random.below(4); times > 0; times--) interrupt(machine);
    machine.open();
    life.settle();
    life.checkContents();
  }
}

test("nothing is lost or taken for damage when recovery itself is interrupted, with or without a loss of power", () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    expect(() => runSeed(seed), `seed ${seed}`).not.toThrow();
  }
}, 120_000);
