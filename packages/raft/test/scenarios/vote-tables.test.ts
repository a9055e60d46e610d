import { describe, it } from "vitest";
import { VOTE_TABLES } from "./vote-tables.ts";

describe("vote tables", () => {
  for (const scenario of VOTE_TABLES) it(scenario.name, () => scenario.run());
});
