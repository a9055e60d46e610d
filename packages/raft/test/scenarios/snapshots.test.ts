import { describe, it } from "vitest";
import { INSTALL } from "./snapshot-install.ts";
import { SNAPSHOTS } from "./snapshots.ts";

describe("snapshots", () => {
  for (const scenario of [...SNAPSHOTS, ...INSTALL]) it(scenario.name, () => scenario.run());
});
