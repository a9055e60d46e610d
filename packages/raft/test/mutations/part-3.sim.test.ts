import { describe } from "vitest";
import { checkMutations } from "./check-mutations.ts";

describe("simulator, scenarios and store lives (3 of 4)", () => {
  checkMutations(2);
});
