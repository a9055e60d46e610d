import { describe, it } from "vitest";
import { SINGLE } from "./single.ts";

describe("groups of one", () => {
  for (const scenario of SINGLE) it(scenario.name, () => scenario.run());
});
