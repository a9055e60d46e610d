import { describe, it } from "vitest";
import { FIGURES } from "./figures.ts";

describe("figures of the paper and the erratum", () => {
  for (const scenario of FIGURES) it(scenario.name, () => scenario.run());
});
