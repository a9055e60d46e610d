import { expect, test } from "vitest";
import { runModelSeed } from "./model-run.ts";

const SEEDS = 40;
const OPERATIONS = 500;

/** What has to have happened, and how often at least: a test in which nothing happens proves nothing. */
const COVERAGE: readonly (readonly [what: string, count: number])[] = [
  ["append", 5000],
  ["replace", 300],
  ["save saved", 500],
  ["receive ready", 200],
  ["delete", 100],
  ["removed files", 500],
  ["rewritten bytes", 50_000],
];

test("whatever happens, a store has what it acknowledged, and nothing that was not written", () => {
  const totals = new Map<string, number>();
  for (let seed = 1; seed <= SEEDS; seed++) {
    try {
      const life = runModelSeed(seed, OPERATIONS);
      for (const [what, count] of life.counts) totals.set(what, (totals.get(what) ?? 0) + count);
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
  for (const [what, count] of COVERAGE) {
    expect(totals.get(what) ?? 0, what).toBeGreaterThan(count);
  }
}, 120_000);
