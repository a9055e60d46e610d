import { describe, it } from "vitest";
import { READS, TRANSFERS } from "./reads-and-transfers.ts";

describe("reads and transfers", () => {
  for (const scenario of [...READS, ...TRANSFERS]) it(scenario.name, () => scenario.run());
});
