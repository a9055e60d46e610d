#!/usr/bin/env -S node --initial-heap-size=128
import { processInput, readCommandLine } from "./command-line.ts";
import { startDetached } from "./detached-start.ts";
import { printInspection } from "./inspect/run-inspect.ts";
import { runNode } from "./run-node.ts";

const input = processInput();
const command = readCommandLine(input);
if (command.kind === "exit") {
  process.stdout.write(command.stdout);
  process.stderr.write(command.stderr);
  process.exitCode = command.exitCode;
} else if (command.kind === "inspect") {
  await printInspection(command.options);
} else if (command.config.node.isDetached) {
  const flags = input.argv.filter((flag) => flag !== "--detached");
  const outcome = await startDetached({
    command: [input.script, ...flags],
    env: input.env,
    cwd: input.cwd,
    config: command.config,
  });
  if (outcome.kind === "failed") {
    process.stderr.write(`leveret: ${outcome.text}\n`);
    process.exitCode = outcome.exitCode;
  } else {
    process.stdout.write(`leveret: ${outcome.kind}, pid ${outcome.pid}, log ${outcome.logFile}\n`);
  }
} else {
  await runNode(command, input.env);
}
