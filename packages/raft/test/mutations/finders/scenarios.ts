import type { Scenario } from "../../../src/sim/scenario/scenario.ts";
import { SCENARIOS } from "../../scenarios/all.ts";
import type { Outcome } from "../mutation.ts";

/** By "group: name". */
const scenarios = new Map<string, Scenario>();
for (const [group, list] of Object.entries(SCENARIOS)) {
  for (const scenario of list) scenarios.set(`${group}: ${scenario.name}`, scenario);
}

export const labels: readonly string[] = [...scenarios.keys()];

export function run(label: string): Outcome {
  try {
    scenarios.get(label)?.run();
    return { steps: 1, violation: undefined };
  } catch (error) {
    return { steps: 1, violation: error instanceof Error ? error.message : String(error) };
  }
}
