import { expect, it } from "vitest";
import { readFindings } from "./findings.ts";
import { MUTATIONS } from "./mutations.ts";
import { search } from "./search.ts";

/** Test files that share the list. */
const FILES = 4;
/** Seeds tried when what found a bug last does not find it any more. */
const SEEDS_MAX = 10;
/** Bugs that take more steps to be found again are left to npm run sim:mutations. */
const STEPS_MAX = 4000;

/** Makes a test of each bug that falls to file `part`, 0 to 3. */
export function checkMutations(part: number): void {
  const findings = readFindings();
  for (const [position, mutation] of MUTATIONS.entries()) {
    const last = findings.get(mutation.id);
    if (position % FILES !== part || (last?.lastSteps ?? 0) > STEPS_MAX) continue;
    it(`find: ${mutation.id}`, async () => {
      expect(await search(mutation, { last, seedsMax: SEEDS_MAX })).toBeDefined();
    }, 120_000);
  }
}
