import { describe, it } from "vitest";
import { MIXED_LOGS } from "./mixed-logs.ts";

describe("logs of several leaders", () => {
  for (const scenario of MIXED_LOGS) it(scenario.name, () => scenario.run());
});
