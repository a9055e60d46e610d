import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { type Result as ScenarioResult, summarize } from "../clients/results.ts";
import { GROUPS } from "./cases/all-cases.ts";
import { DIFFERENCES } from "./differences.ts";
import { findTool } from "./find-tool.ts";
import { startLeveretTarget } from "./leveret-target.ts";
import { differenceOf } from "./outcome.ts";
import { type Recording, readRecording } from "./recording.ts";
import { type Result, runCases } from "./run-cases.ts";

const SUITE = "rabbitmqadmin";

/** Why the case failed; undefined: the tool said the same as to RabbitMQ, or what the list of differences says. */
function failureOf({ command, outcome }: Result, { outcomes }: Recording): string | undefined {
  const recorded = outcomes[command.name];
  if (recorded === undefined) return "it is not recorded";
  const known = DIFFERENCES[command.name];
  const same = differenceOf(recorded, outcome, command.output);
  if (known === undefined) return same;
  if (same === undefined) return "it is in the list of differences, and there is none";
  return differenceOf({ ...recorded, ...known.outcome }, outcome, command.output);
}

/** Names in the list of differences that no case has. */
function strayDifferences(): ScenarioResult[] {
  const names = new Set(GROUPS.flatMap(({ cases }) => cases.map(({ name }) => name)));
  return Object.keys(DIFFERENCES)
    .filter((name) => !names.has(name))
    .map((scenario) => ({ suite: SUITE, scenario, failure: "no case has this name" }));
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { json: { type: "string" } } });
  const recording = await readRecording();
  const tool = await findTool();
  const target = await startLeveretTarget();
  let results: readonly Result[];
  try {
    results = await runCases(GROUPS, target, tool.path);
  } finally {
    await target.stop();
    await tool.dispose();
  }
  const judged = results.map((result): ScenarioResult => {
    return { suite: SUITE, scenario: result.command.name, failure: failureOf(result, recording) };
  });
  const all = [...judged, ...strayDifferences()];
  for (const { scenario, failure } of all) {
    if (failure !== undefined) process.stdout.write(`not ok ${scenario}\n${failure}\n`);
  }
  const summary = summarize(all);
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(summary)}\n`);
  process.stdout.write(
    `rabbitmqadmin: ${summary.passed} cases passed, ${summary.failed} failed, ` +
      `${Object.keys(DIFFERENCES).length} of them with a known difference\n`,
  );
  return summary.failed === 0 ? 0 : 1;
}

process.exitCode = await main();
