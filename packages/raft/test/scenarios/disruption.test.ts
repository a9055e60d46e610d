import { describe, it } from "vitest";
import { DISRUPTION, FORGETTING } from "./disruption.ts";

describe("disruption", () => {
  for (const scenario of [...DISRUPTION, ...FORGETTING]) it(scenario.name, () => scenario.run());
});
