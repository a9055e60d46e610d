import { describe, it } from "vitest";
import { FENCES } from "./fences.ts";

describe("fences", () => {
  for (const scenario of FENCES) it(scenario.name, () => scenario.run());
});
