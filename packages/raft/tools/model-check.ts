import { parseArgs } from "node:util";
import { explore } from "../src/sim/model/explore.ts";
import { LARGE_SCOPES, SMALL_SCOPES } from "../src/sim/model/scopes.ts";

const USAGE = `Usage: node --conditions=@leveret/source --import tsx packages/raft/tools/model-check.ts [options]
  --only TEXT    scopes whose name contains TEXT (default: all)
  --states N     stop a scope after N states (default 10000000; each million takes some 8 MB and 12 s)
`;

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    states: { type: "string", default: "10000000" },
    help: { type: "boolean", default: false },
  },
});

function run(): number {
  let failures = 0;
  for (const scope of [...SMALL_SCOPES, ...LARGE_SCOPES]) {
    if (!scope.name.includes(values.only)) continue;
    process.stdout.write(`${scope.name}\n`);
    const statesMax = Math.min(scope.statesMax, Number(values.states));
    const startMs = performance.now();
    try {
      const report = explore({ ...scope, statesMax }, (states) => {
        if (states % 1_000_000 === 0) process.stdout.write(`  ${states} states\n`);
      });
      const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
      const end = report.isComplete ? "complete" : "cut off";
      process.stdout.write(`  ${end} in ${seconds} s: ${JSON.stringify(report)}\n`);
    } catch (error) {
      failures++;
      process.stdout.write(`${error instanceof Error ? error.message : String(error)}\n`);
    }
  }
  return failures;
}

if (values.help) process.stdout.write(USAGE);
else process.exitCode = run() === 0 ? 0 : 1;
