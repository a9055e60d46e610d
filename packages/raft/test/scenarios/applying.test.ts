import { describe, it } from "vitest";
import { APPLYING } from "./applying.ts";

describe("applying", () => {
  for (const scenario of APPLYING) it(scenario.name, () => scenario.run());
});
