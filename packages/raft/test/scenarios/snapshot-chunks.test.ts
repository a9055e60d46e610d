import { describe, it } from "vitest";
import { SNAPSHOT_CHUNKS } from "./snapshot-chunks.ts";

describe("snapshot chunks", () => {
  for (const scenario of SNAPSHOT_CHUNKS) it(scenario.name, () => scenario.run());
});
