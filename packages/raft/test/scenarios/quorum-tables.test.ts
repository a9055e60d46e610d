import { describe, it } from "vitest";
import { QUORUM_TABLES } from "./quorum-tables.ts";

describe("quorum tables", () => {
  for (const scenario of QUORUM_TABLES) it(scenario.name, () => scenario.run());
});
