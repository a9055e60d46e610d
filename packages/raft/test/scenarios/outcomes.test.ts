import { describe, it } from "vitest";
import { OUTCOMES } from "./outcomes.ts";

describe("outcomes of proposals", () => {
  for (const scenario of OUTCOMES) it(scenario.name, () => scenario.run());
});
