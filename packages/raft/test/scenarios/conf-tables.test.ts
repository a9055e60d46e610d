import { describe, it } from "vitest";
import { CONF_TABLES } from "./conf-tables.ts";

describe("tables of configuration changes", () => {
  for (const scenario of CONF_TABLES) it(scenario.name, () => scenario.run());
});
