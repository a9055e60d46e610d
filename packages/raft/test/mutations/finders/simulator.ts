import { runSeed } from "../../../src/sim/run-seed.ts";
import type { Outcome } from "../mutation.ts";

/** Seeds and steps are those that the tests of the simulator run without any bug: so what is found is the bug. */
const SEEDS = 200;
export const SIMULATOR_STEPS = 8000;

export const labels: readonly string[] = Array.from({ length: SEEDS }, (_, at) => String(at + 1));

export function run(label: string): Outcome {
  const { steps, violation } = runSeed({ seed: Number(label), steps: SIMULATOR_STEPS });
  return { steps, violation: violation?.message };
}
