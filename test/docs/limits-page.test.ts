import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import * as limits from "../../packages/node/src/limits.ts";
import { ROOT } from "./markdown-files.ts";

test("docs/limits-and-alarms.md states the values of limits.ts", () => {
  const page = readFileSync(join(ROOT, "docs/limits-and-alarms.md"), "utf8");
  const stated = [...page.matchAll(/^\|.*?\| (\d+) \|.*`([A-Z_]+)` \|$/gm)];
  const values: Readonly<Record<string, number>> = limits;
  expect(stated.length).toBeGreaterThan(10);
  for (const [, value, name = ""] of stated) {
    expect(values[name], name).toBe(Number(value));
  }
});
