import { describe, expect, test } from "vitest";
import { checkLinearizability, formatVerdict, type Operation } from "../../src/history/index.ts";
import { isLinearizableByBruteForce } from "./brute-force.ts";
import {
  lockUnderTest,
  mapUnderTest,
  registerOfFew,
  registerOfUnique,
  setUnderTest,
} from "./objects-under-test.ts";
import { type ObjectUnderTest, randomHistory } from "./random-history.ts";
import { SeededRandom } from "./seeded-random.ts";

const OBJECTS: readonly (readonly [string, ObjectUnderTest<never>])[] = [
  ["register of few values", registerOfFew as ObjectUnderTest<never>],
  ["register of unique values", registerOfUnique as ObjectUnderTest<never>],
  ["map", mapUnderTest as ObjectUnderTest<never>],
  ["lock", lockUnderTest as ObjectUnderTest<never>],
  ["set", setUnderTest as ObjectUnderTest<never>],
];
const SEEDS = 150;

/** Exchanges the answers of two operations of one kind, or moves one in time. */
function mutate(history: readonly Operation[], random: SeededRandom): Operation[] {
  const mutated = [...history];
  const answered = history.flatMap((each, at) => (each.outcome === "ok" ? [at] : []));
  if (answered.length < 2) return mutated;
  const at = random.pick(answered);
  const victim = mutated[at];
  if (victim === undefined) return mutated;
  if (random.chance(30)) {
    const by = 30 + random.below(60);
    mutated[at] = {
      ...victim,
      invokedAt: victim.invokedAt + by,
      completedAt: victim.completedAt + by,
    };
    return mutated;
  }
  const others = answered.filter((other) => history[other]?.kind === victim.kind);
  const donor = history[random.pick(others)];
  mutated[at] = { ...victim, output: donor?.output ?? null };
  return mutated;
}

describe.each(OBJECTS)("random histories of a %s", (_name, object) => {
  test("are valid as long as a real object made them", () => {
    for (let seed = 0; seed < SEEDS; seed++) {
      const random = new SeededRandom(seed);
      const options = { processes: 5, operations: 120, unknownPercent: 8, failPercent: 5 };
      const history = randomHistory(object, random, options);
      const verdict = checkLinearizability(history, object.model);
      expect(verdict.validity, `seed ${seed}: ${formatVerdict(verdict)}`).toBe("valid");
    }
  });

  test("get the verdict of the definition, mutated or not", () => {
    const seen = { valid: 0, invalid: 0, unknown: 0 };
    for (let seed = 0; seed < SEEDS * 10; seed++) {
      const random = new SeededRandom(seed + 1_000_000);
      const options = { processes: 3, operations: 7, unknownPercent: 20, failPercent: 5 };
      const valid = randomHistory(object, random, options);
      const history = random.chance(30) ? valid : mutate(mutate(valid, random), random);
      if (!history.some((each) => each.outcome === "ok")) continue;
      const expected = isLinearizableByBruteForce(history, object.model) ? "valid" : "invalid";
      const verdict = checkLinearizability(history, object.model);
      expect(verdict.validity, `seed ${seed}: ${formatVerdict(verdict)}`).toBe(expected);
      seen[verdict.validity]++;
    }
    // Both answers must come up often, or the comparison shows nothing.
    expect(Math.min(seen.valid, seen.invalid)).toBeGreaterThan(SEEDS / 2);
  });
});

describe("one wrong answer in a long history of unique values", () => {
  test("is found, and the explanation names the key", () => {
    for (let seed = 0; seed < 60; seed++) {
      const random = new SeededRandom(seed + 2_000_000);
      const options = { processes: 6, operations: 300, unknownPercent: 5, failPercent: 0 };
      const history = randomHistory(registerOfUnique, random, options);
      const reads = history.flatMap((each, at) =>
        each.kind === "read" && each.outcome === "ok" && each.output !== null ? [at] : [],
      );
      const at = random.pick(reads.slice(Math.floor(reads.length / 2)));
      const read = history[at];
      if (read === undefined) throw new Error("no read");
      // What was read half a history ago is stale: each value is written once, and others were read since.
      const stale = history[reads[0] ?? 0]?.output ?? null;
      history[at] = { ...read, output: stale };
      const verdict = checkLinearizability(history, registerOfUnique.model);
      expect(verdict.validity, `seed ${seed}`).toBe("invalid");
      expect(verdict.problems[0]?.text).toContain("no place for: ");
    }
  });
});
