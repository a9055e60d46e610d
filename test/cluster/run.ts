import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { formatTable, type Result, summarize } from "../clients/results.ts";
import { FORMATION } from "./scenarios/formation.ts";
import { ONE_COMMAND } from "./scenarios/one-command.ts";
import { REFUSALS } from "./scenarios/refusals.ts";
import { restartScenarios } from "./scenarios/restarts.ts";
import type { Scenario } from "./scenarios/scenario.ts";
import { SEED_CHAPTER } from "./scenarios/seed-chapter.ts";
import { SharedCluster } from "./scenarios/shared-cluster.ts";

const SUITE = "cluster";
const CLUSTER = new SharedCluster();
const SCENARIOS: readonly Scenario[] = [
  ONE_COMMAND,
  SEED_CHAPTER,
  REFUSALS,
  ...FORMATION,
  ...restartScenarios(CLUSTER),
];

async function runScenario({ name, run }: Scenario): Promise<Result> {
  const startedMs = performance.now();
  let lastStep = "start";
  let failure: string | undefined;
  try {
    await run((text) => {
      lastStep = text;
      print(`  ${name}: ${text}`);
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    failure = `${lastStep}: ${reason}`.replaceAll("\n", " | ");
  }
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  print(
    failure === undefined
      ? `ok ${SUITE} ${name} (${seconds} s)`
      : `not ok ${SUITE} ${name} (${seconds} s) - ${failure}`,
  );
  return { suite: SUITE, scenario: name, failure };
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { only: { type: "string" }, json: { type: "string" } },
  });
  const wanted = values.only?.split(",");
  const results: Result[] = [];
  for (const scenario of SCENARIOS) {
    const isWanted = wanted === undefined || wanted.some((part) => scenario.name.startsWith(part));
    if (isWanted) results.push(await runScenario(scenario));
  }
  await CLUSTER.close();
  const summary = summarize(results);
  print(formatTable(results));
  print(`cluster scenarios: ${summary.passed} passed, ${summary.failed} failed`);
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(summary)}\n`);
  return summary.failed === 0 && summary.passed > 0 ? 0 : 1;
}

process.exitCode = await main();
