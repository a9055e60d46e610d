import { describe, expect, it } from "vitest";
import { runSeed } from "../../src/sim/run-seed.ts";
import { checkSeed } from "./check-seeds.ts";
import { REGRESSION_SEEDS } from "./regression-seeds.ts";

describe("seeds that once failed", () => {
  for (const { seed, steps } of REGRESSION_SEEDS) checkSeed(seed, steps);
});

describe("a simulation", () => {
  it.each([3, 14, 159])("runs the same way twice (seed %i)", (seed) => {
    const first = runSeed({ seed, steps: 4000 });
    const second = runSeed({ seed, steps: 4000 });
    expect(second.traceHash).toBe(first.traceHash);
    expect(second.steps).toBe(first.steps);
    expect(second.coverage).toEqual(first.coverage);
  });
});
