import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { runProgram } from "../clients/processes/child-program.ts";
import { resultsOf, summarize } from "../clients/results.ts";
import { preparePython } from "../clients/suites.ts";
import { startLeveretTarget } from "../rabbitmqadmin/leveret-target.ts";

const PYTHON: string = fileURLToPath(new URL("python", import.meta.url));
const SUITE = "pyrabbit2";
const CHECKS = [
  "broker",
  "vhosts-and-users",
  "topology",
  "messages",
  "policies-and-definitions",
  "connections",
  "refusals",
] as const;
const RUN_MAX_MS = 120_000;

/** A library of the RabbitMQ world for the HTTP API, unmodified. */
async function main(): Promise<number> {
  const { values } = parseArgs({ options: { json: { type: "string" } } });
  const python = await preparePython("http-clients", join(PYTHON, "requirements.txt"));
  const target = await startLeveretTarget();
  let lines: readonly string[];
  try {
    lines = await runProgram({
      command: python,
      arguments: [join(PYTHON, "check.py"), String(target.port), String(target.amqpPort)],
      timeoutMs: RUN_MAX_MS,
    });
  } finally {
    await target.stop();
  }
  const results = resultsOf(SUITE, CHECKS, lines);
  const summary = summarize(results);
  for (const { scenario, failure } of results) {
    process.stdout.write(
      failure === undefined ? `ok ${scenario}\n` : `not ok ${scenario} - ${failure}\n`,
    );
  }
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(summary)}\n`);
  process.stdout.write(`http clients: ${summary.passed} passed, ${summary.failed} failed\n`);
  return summary.failed === 0 ? 0 : 1;
}

process.exitCode = await main();
