import { describe, it } from "vitest";
import { HIBERNATION } from "./hibernation.ts";

describe("hibernation", () => {
  for (const scenario of HIBERNATION) it(scenario.name, () => scenario.run());
});
