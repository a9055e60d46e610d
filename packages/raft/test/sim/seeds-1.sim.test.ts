import { describe } from "vitest";
import { checkSeeds } from "./check-seeds.ts";

describe("simulated clusters, seeds 1 to 50", () => {
  checkSeeds(1, 50);
});
