import { RandomLife } from "../../store/random-life.ts";
import { Machine } from "../../store/store-fixture.ts";
import type { Outcome } from "../mutation.ts";

const SEEDS = 40;
const OPERATIONS = 500;
const OPERATIONS_PER_LIFE_MAX = 60;

export const labels: readonly string[] = Array.from({ length: SEEDS }, (_, at) => String(at + 1));

export function run(label: string): Outcome {
  const seed = Number(label);
  const machine = new Machine(seed, {
    hotFileBytes: 4096 << (seed % 4),
    spareFiles: seed % 3,
    batchMaxRecords: 4 + (seed % 60),
  });
  const life = new RandomLife(machine);
  try {
    live(life);
    return { steps: life.operations, violation: undefined };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return { steps: life.operations, violation: text === "" ? "failed" : text };
  }
}

/** Lives that follow each other, each ended by a stop, a kill or a loss of power, after which all is compared. */
function live(life: RandomLife): void {
  const { machine } = life;
  machine.open();
  life.start();
  while (life.operations < OPERATIONS) {
    const length = 1 + machine.random.below(OPERATIONS_PER_LIFE_MAX);
    for (let step = 0; step < length; step++) life.step();
    if (machine.random.chance(0.5)) life.rest();
    const end = machine.random.below(10);
    if (end === 0) machine.close();
    else machine.kill(end > 2);
    machine.open();
    life.settle();
    if (machine.random.chance(0.5)) life.checkContents();
  }
}
