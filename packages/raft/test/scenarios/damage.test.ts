import { describe, it } from "vitest";
import { AMNESIA } from "./amnesia.ts";
import { DAMAGE } from "./damage.ts";

describe("damaged and forgetful disks", () => {
  for (const scenario of [...DAMAGE, ...AMNESIA]) it(scenario.name, () => scenario.run());
});
