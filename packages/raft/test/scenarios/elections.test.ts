import { describe, it } from "vitest";
import { ELECTIONS } from "./elections.ts";
import { ELECTORATE } from "./electorate.ts";

describe("elections", () => {
  for (const scenario of [...ELECTIONS, ...ELECTORATE]) it(scenario.name, () => scenario.run());
});
