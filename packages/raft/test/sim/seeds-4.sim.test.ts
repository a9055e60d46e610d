import { describe } from "vitest";
import { checkSeeds } from "./check-seeds.ts";

describe("simulated clusters, seeds 151 to 200", () => {
  checkSeeds(151, 200);
});
