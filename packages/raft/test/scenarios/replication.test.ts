import { describe, it } from "vitest";
import { ASYNC_APPENDS } from "./async-appends.ts";
import { REPLICATION } from "./replication.ts";

describe("replication", () => {
  for (const scenario of [...REPLICATION, ...ASYNC_APPENDS])
    it(scenario.name, () => scenario.run());
});
