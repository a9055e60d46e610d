import { spawnSync } from "node:child_process";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "../..");

/**
 * Compiles what has changed before any test runs: tests of whole programs start them as users do, from `dist`, several times as fast
 * as from the sources. Errors of types are `npm run check`'s to report, and do not keep the compiler from writing.
 */
export default function buildPrograms(): void {
  const compiler = join(ROOT, "node_modules/typescript/bin/tsc");
  const flags = ["--build", "packages/node", "packages/cli"];
  const { status, stdout } = spawnSync(process.execPath, [compiler, ...flags], {
    cwd: ROOT,
    encoding: "utf8",
  });
  if (status !== 0) process.stderr.write(`the programs were compiled with errors:\n${stdout}`);
}
