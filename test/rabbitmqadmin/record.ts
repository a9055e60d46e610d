import { writeFile } from "node:fs/promises";
import { GROUPS } from "./cases/all-cases.ts";
import { findTool } from "./find-tool.ts";
import type { Outcome } from "./outcome.ts";
import { RELEASE, startRabbitTarget } from "./rabbitmq-target.ts";
import { RECORDING } from "./recording.ts";
import { runCases } from "./run-cases.ts";

/** Runs every case against a private RabbitMQ and writes down what the tool says. */
async function main(): Promise<void> {
  const tool = await findTool();
  const target = await startRabbitTarget();
  try {
    const results = await runCases(GROUPS, target, tool.path);
    const outcomes: Record<string, Outcome> = {};
    for (const { command, outcome } of results) outcomes[command.name] = outcome;
    await writeFile(RECORDING, `${JSON.stringify({ release: RELEASE, outcomes }, undefined, 2)}\n`);
    process.stdout.write(`${results.length} cases recorded from RabbitMQ ${RELEASE}\n`);
  } finally {
    await target.stop();
    await tool.dispose();
  }
}

await main();
