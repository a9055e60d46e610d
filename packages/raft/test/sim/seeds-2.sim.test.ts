import { describe } from "vitest";
import { checkSeeds } from "./check-seeds.ts";

describe("simulated clusters, seeds 51 to 100", () => {
  checkSeeds(51, 100);
});
