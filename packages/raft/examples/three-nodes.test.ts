import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

test("the example of README elects a leader and adds up the same on three nodes", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [
    "--conditions=@leveret/source",
    "--import",
    "tsx",
    fileURLToPath(new URL("three-nodes.ts", import.meta.url)),
  ]);
  expect(stdout).toMatch(
    /^leader in term \d+\nproposals: applied, applied, applied\nsums on the three nodes: 12, 12, 12\n$/,
  );
});
