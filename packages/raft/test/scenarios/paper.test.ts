import { describe, it } from "vitest";
import { PAPER } from "./paper.ts";

describe("sentences of the paper", () => {
  for (const scenario of PAPER) it(scenario.name, () => scenario.run());
});
