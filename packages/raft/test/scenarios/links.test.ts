import { describe, it } from "vitest";
import { LINKS } from "./links.ts";

describe("links", () => {
  for (const scenario of LINKS) it(scenario.name, () => scenario.run());
});
