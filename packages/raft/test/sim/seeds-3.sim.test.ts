import { describe } from "vitest";
import { checkSeeds } from "./check-seeds.ts";

describe("simulated clusters, seeds 101 to 150", () => {
  checkSeeds(101, 150);
});
