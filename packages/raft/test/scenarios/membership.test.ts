import { describe, it } from "vitest";
import { CHANGES } from "./membership-changes.ts";
import { REMOVAL } from "./membership-removal.ts";
import { TROUBLE } from "./membership-trouble.ts";

describe("membership", () => {
  for (const scenario of [...CHANGES, ...TROUBLE, ...REMOVAL]) {
    it(scenario.name, () => scenario.run());
  }
});
