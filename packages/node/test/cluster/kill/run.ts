import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ClusterProcesses } from "./cluster-processes.ts";
import { formatKill, KillTest } from "./kill-test.ts";

const USAGE = `usage: npm run test:cluster-kill -- [options]
Three nodes run from dist: npm run build before.
  --rounds N         leaders killed (default 100)
  --seed N           what is chosen by chance (default: the clock)
  --check-every N    rounds between two checks of the history (default 10)
  --directory PATH   where the data goes (default: the system's for temporary files)
  --main FILE        another main.js
  --keep             data and logs stay`;

function readArguments() {
  return parseArgs({
    options: {
      rounds: { type: "string", default: "100" },
      seed: { type: "string", default: String(Date.now() % 1_000_000) },
      "check-every": { type: "string", default: "10" },
      directory: { type: "string", default: tmpdir() },
      main: { type: "string" },
      keep: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  }).values;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function run(test: KillTest, rounds: number): Promise<number[]> {
  const gaps: number[] = [];
  await test.start();
  for (let round = 1; round <= rounds; round++) {
    const report = await test.runRound({ isLast: round === rounds });
    gaps.push(report.gapMs);
    print(formatKill(report));
  }
  await test.stop();
  return gaps.sort((a, b) => a - b);
}

/** `gaps`: ascending. */
function formatGaps(gaps: readonly number[]): string {
  const at = (share: number): number =>
    Math.round(gaps[Math.min(gaps.length - 1, Math.floor(share * gaps.length))] ?? 0);
  return `longest gap in confirms: median ${at(0.5)} ms, p90 ${at(0.9)} ms, p99 ${at(0.99)} ms, max ${at(1)} ms`;
}

async function main(): Promise<void> {
  const values = readArguments();
  if (values.help) {
    print(USAGE);
    return;
  }
  const { seed, rounds } = values;
  const again = `again: npm run test:cluster-kill -- --seed ${seed} --rounds ${rounds}`;
  const directory = await mkdtemp(join(values.directory, "cluster-kill-"));
  print(`seed ${seed}, data and logs in ${directory}`);
  const cluster = await ClusterProcesses.start({ directory, count: 3, main: values.main });
  try {
    const test = new KillTest({
      cluster,
      seed: Number(seed),
      roundsPerCheck: Number(values["check-every"]),
    });
    const gaps = await run(test, Number(rounds));
    print(formatGaps(gaps));
    print(again);
    print(`${rounds} rounds: nothing lost, nothing twice`);
  } catch (error) {
    print(error instanceof Error ? (error.stack ?? error.message) : String(error));
    print(`data and logs are kept in ${directory}`);
    print(again);
    await cluster.close();
    process.exitCode = 1;
    // Clients are in the middle of something.
    process.exit();
  }
  await cluster.close();
  if (!values.keep) await rm(directory, { recursive: true });
}

await main();
