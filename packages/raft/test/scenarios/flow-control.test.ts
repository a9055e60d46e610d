import { describe, it } from "vitest";
import { FLOW_CONTROL } from "./flow-control.ts";

describe("flow control", () => {
  for (const scenario of FLOW_CONTROL) it(scenario.name, () => scenario.run());
});
