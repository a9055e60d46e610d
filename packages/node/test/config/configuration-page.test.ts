import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { withTables } from "./configuration-page.ts";

const PAGE = join(import.meta.dirname, "../../../../docs/configuration.md");

test("docs/configuration.md lists all flags and keys as they are (vitest -u writes it)", async () => {
  const page = withTables(readFileSync(PAGE, "utf8"));
  await expect(page).toMatchFileSnapshot(PAGE);
});
