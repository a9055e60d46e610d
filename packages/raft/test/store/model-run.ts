import { RandomLife } from "./random-life.ts";
import { Machine } from "./store-fixture.ts";

/** One seed: several lives of a store, each ended by a stop, a kill or a loss of power. Throws when anything is wrong. */
export function runModelSeed(seed: number, operations: number): RandomLife {
  const machine = new Machine(seed, {
    hotFileBytes: 4096 << (seed % 4),
    spareFiles: seed % 3,
    batchMaxRecords: 4 + (seed % 60),
    inlineSnapshotMaxBytes: seed % 2 === 0 ? 200 : 1024,
  });
  machine.open();
  const life = new RandomLife(machine);
  life.start();
  while (life.operations < operations) {
    liveOnce(life);
    endLife(machine);
    machine.open();
    life.settle();
    if (machine.random.chance(0.3)) life.checkContents();
  }
  life.checkContents();
  return life;
}

function liveOnce(life: RandomLife): void {
  const { random } = life.machine;
  const length = 1 + random.below(random.chance(0.2) ? 300 : 60);
  for (let step = 0; step < length; step++) life.step();
  if (random.chance(0.5)) {
    life.rest();
    if (random.chance(0.2)) life.checkContents();
  }
  life.end();
}

function endLife(machine: Machine): void {
  const end = machine.random.below(10);
  if (end === 0) machine.close();
  else machine.kill(end > 2);
}
