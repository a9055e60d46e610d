import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { findRabbitmq } from "../../../../../bench/rabbitmq-process.ts";
import { type BrokerLauncher, launchLeveret, launchRabbitmq } from "./broker-launcher.ts";
import { CrashTest, type CrashTestOptions, formatRound } from "./crash-test.ts";
import { damageNewestFile } from "./sabotage.ts";

const USAGE = `usage: npm run test:crash -- [options]
The broker runs from dist: npm run build before.
  --rounds N         starts of the broker (default 200)
  --signal NAME      kill (SIGKILL), term (SIGTERM), mixed (default kill)
  --seed N           what is chosen by chance (default: the clock)
  --run-ms N         longest time under load (default 1500)
  --check-every N    rounds between two checks of the history (default 10)
  --settle-ms N      what a client has told so long before a kill must not be forgotten (default 250)
  --directory PATH   where the data goes (default: the system's for temporary files)
  --program FILE     another main.js
  --sabotage NAME    damage-log: zeros in the log after each kill; in-memory: nothing is stored. Must fail.
  --unchecked QUEUE  a queue whose history is not checked; repeatable
  --rabbitmq         RabbitMQ instead, to check the test; 3.10 does not mark what was requeued in a priority queue or after a
                     clean stop, so kill, and leave crash-priority unchecked`;

function readArguments() {
  return parseArgs({
    options: {
      rounds: { type: "string", default: "200" },
      signal: { type: "string", default: "kill" },
      seed: { type: "string", default: String(Date.now() % 1_000_000) },
      "run-ms": { type: "string", default: "1500" },
      "check-every": { type: "string", default: "10" },
      "settle-ms": { type: "string", default: "250" },
      directory: { type: "string", default: tmpdir() },
      program: { type: "string" },
      sabotage: { type: "string" },
      unchecked: { type: "string", multiple: true, default: [] },
      rabbitmq: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  }).values;
}

type Values = ReturnType<typeof readArguments>;

function chooseLauncher(values: Values, directory: string): BrokerLauncher {
  if (values.rabbitmq) {
    const server = findRabbitmq();
    if (server === undefined) throw new Error("RabbitMQ is not installed");
    return launchRabbitmq(directory, server);
  }
  return launchLeveret(directory, {
    ...(values.program === undefined ? {} : { program: [values.program] }),
    isInMemory: values.sabotage === "in-memory",
  });
}

function readOptions(values: Values, directory: string): CrashTestOptions {
  const { signal, sabotage } = values;
  if (signal !== "kill" && signal !== "term" && signal !== "mixed") throw new Error(USAGE);
  if (![undefined, "in-memory", "damage-log"].includes(sabotage)) throw new Error(USAGE);
  const damage = async (): Promise<void> =>
    print(`sabotage: ${await damageNewestFile(join(directory, "data"))}`);
  return {
    seed: Number(values.seed),
    launch: chooseLauncher(values, directory),
    endings: signal,
    runMaxMs: Number(values["run-ms"]),
    roundsPerCheck: Number(values["check-every"]),
    settleMs: Number(values["settle-ms"]),
    unchecked: values.unchecked,
    ...(sabotage === "damage-log" ? { afterKill: damage } : {}),
  };
}

async function run(test: CrashTest, rounds: number): Promise<number> {
  let confirmed = 0;
  for (let round = 1; round <= rounds; round++) {
    const report = await test.runRound({ isLast: round === rounds });
    confirmed += report.confirmed;
    print(formatRound(report));
  }
  return confirmed;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function main(): Promise<void> {
  const values = readArguments();
  if (values.help) {
    print(USAGE);
    return;
  }
  const directory = await mkdtemp(join(values.directory, "crash-"));
  const { seed, signal, rounds } = values;
  print(`seed ${seed}, data and broker.log in ${directory}`);
  const test = new CrashTest(readOptions(values, directory));
  try {
    const confirmed = await run(test, Number(rounds));
    const { unmarked, unmarkedMs, unconfirmed } = test.excuses;
    const marks = `${unmarked} messages unmarked (up to ${Math.round(unmarkedMs)} ms before)`;
    const excused = `excused by a kill: ${marks}, ${unconfirmed} unconfirmed`;
    print(`${rounds} rounds, ${confirmed} messages confirmed, ${excused}: nothing lost`);
  } catch (error) {
    print(error instanceof Error ? (error.stack ?? error.message) : String(error));
    print(`data and broker.log are kept in ${directory}`);
    print(`again: npm run test:crash -- --seed ${seed} --signal ${signal} --rounds ${rounds}`);
    process.exitCode = 1;
    return;
  }
  await rm(directory, { recursive: true });
}

await main();
