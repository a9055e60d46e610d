import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const EXAMPLES = join(import.meta.dirname, "../../examples");

// The Vitest example beside it is part of Vitest's own run.
test("the node:test example of docs/embedding.md passes", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [
    "--conditions=@leveret/source",
    "--import",
    import.meta.resolve("tsx"),
    "--test",
    "--test-reporter=tap",
    join(EXAMPLES, "orders.node-test.mjs"),
  ]);
  expect(stdout).toContain("# pass 2");
  expect(stdout).toContain("# fail 0");
}, 30_000);

test.each(["orders.test.ts", "orders.node-test.mjs"])(
  "docs/embedding.md shows %s as it runs",
  (name) => {
    const page = readFileSync(join(EXAMPLES, "../../../docs/embedding.md"), "utf8");
    expect(page).toContain(readFileSync(join(EXAMPLES, name), "utf8").trim());
  },
);
