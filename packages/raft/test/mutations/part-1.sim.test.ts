import { describe } from "vitest";
import { checkMutations } from "./check-mutations.ts";

describe("simulator, scenarios and store lives (1 of 4)", () => {
  checkMutations(0);
});
