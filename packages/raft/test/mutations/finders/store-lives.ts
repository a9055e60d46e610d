import { checkDamaged } from "../../store/damage-check.ts";
import { putImage, takeImage } from "../../store/disk-image.ts";
import { runModelSeed } from "../../store/model-run.ts";
import { RandomLife } from "../../store/random-life.ts";
import { Machine } from "../../store/store-fixture.ts";
import type { Outcome } from "../mutation.ts";

const OPERATIONS = 400;
const STEPS = 60;
const LIMITS = { hotFileBytes: 16 * 1024, spareFiles: 1 };
const POSITIONS_PER_FILE = 8;
const ERROR_CHANCE = 0.05;

type Life = (seed: number) => void;

/** What happens to the stores, with the number of seeds. */
const KINDS: Readonly<Record<string, { readonly seeds: number; readonly live: Life }>> = {
  "seed ": { seeds: 24, live: (seed) => void runModelSeed(seed, OPERATIONS) },
  "disk error ": { seeds: 24, live: liveWithErrors },
  "damage ": { seeds: 2, live: liveWithDamage },
};

const attempts = new Map<string, () => void>();
for (const [kind, { seeds, live }] of Object.entries(KINDS)) {
  for (let seed = 1; seed <= seeds; seed++) attempts.set(`${kind}${seed}`, () => live(seed));
}

export const labels: readonly string[] = [...attempts.keys()];

export function run(label: string): Outcome {
  try {
    attempts.get(label)?.();
    return { steps: OPERATIONS, violation: undefined };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return { steps: OPERATIONS, violation: text === "" ? "failed" : text };
  }
}

/** Writes and syncs fail now and then: the store has to stop at the first one, and nothing acknowledged may be missing. */
function liveWithErrors(seed: number): void {
  const machine = new Machine(seed, LIMITS);
  machine.open();
  const life = new RandomLife(machine);
  life.start();
  machine.disk.faults[seed % 2 === 0 ? "syncErrorChance" : "writeErrorChance"] = ERROR_CHANCE;
  const isOver = (): boolean => machine.listener.fatal !== undefined;
  for (let step = 0; step < STEPS && !isOver(); step++) life.step();
  machine.runFor(1000);
  machine.disk.faults.syncErrorChance = 0;
  machine.disk.faults.writeErrorChance = 0;
  machine.kill();
  machine.open();
  life.settle();
  life.checkContents();
}

/** A flipped bit, at several places of each file: what the store shows then is right, or it says that it is damaged. */
function liveWithDamage(seed: number): void {
  const machine = new Machine(seed, LIMITS);
  machine.open();
  const life = new RandomLife(machine);
  life.start();
  for (let step = 0; step < STEPS; step++) life.step();
  life.rest();
  machine.runFor(2000);
  machine.kill();
  const image = takeImage(machine);
  for (const [path, bytes] of image) {
    const end = bytes.findLastIndex((byte) => byte !== 0) + 1;
    const distance = Math.max(1, Math.floor(end / POSITIONS_PER_FILE));
    for (let at = seed % distance; at < end; at += distance) {
      const damaged = Buffer.from(bytes);
      damaged[at] = (damaged[at] ?? 0) ^ (1 << (at % 8));
      const reader = new Machine(77, LIMITS);
      putImage(reader, new Map(image).set(path, damaged));
      reader.open();
      checkDamaged(reader, life.model.groups);
    }
  }
}
