import { describe, it } from "vitest";
import { WAKES } from "./wakes.ts";

describe("wakes", () => {
  for (const scenario of WAKES) it(scenario.name, () => scenario.run());
});
