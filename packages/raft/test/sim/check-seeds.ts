import { expect, it } from "vitest";
import { runSeed } from "../../src/sim/run-seed.ts";

/** Calls into cores in the safety phase of each seed. */
export const STEPS = 8_000;

/** Makes a test of each seed `first`..`last`; what fails is replayed by the command in its message. */
export function checkSeeds(first: number, last: number): void {
  for (let seed = first; seed <= last; seed++) checkSeed(seed, STEPS);
}

export function checkSeed(seed: number, steps: number): void {
  it(`seed ${seed} keeps all invariants: npm run sim -- --seed ${seed} --steps ${steps}`, () => {
    const result = runSeed({ seed, steps });
    const { violation, simulatedMs } = result;
    const found =
      violation === undefined
        ? ""
        : `at step ${result.steps}, ${simulatedMs.toFixed(3)} ms: ${violation.message}`;
    expect(found).toBe("");
    expect(result.steps).toBeGreaterThan(0);
  }, 60_000);
}
