import { openSync, writeSync } from "node:fs";
import { parseArgs } from "node:util";
import { Coverage } from "@leveret/raft/sim";
import { HARMS, type Harm } from "./cluster-swarm.ts";
import { REGRESSION_SEEDS } from "./regression-seeds.ts";
import { type ClusterRunResult, FAULTS_MS, runClusterSeed } from "./run-cluster-seed.ts";

const USAGE = `Usage: npm run sim:cluster -- [options]
  --seeds N       run N seeds (default 20)
  --from S        first seed (default 1)
  --seed S        run this seed only
  --known         run the seeds that failed once as well
  --ms M          simulated time with faults (default ${FAULTS_MS})
  --without A,B   leave out harms: ${HARMS.join(", ")}
  --only A,B      no other harms than these
  --trace FILE    with --seed: write all that happens to FILE ("-": standard output)
`;

interface Settings {
  readonly faultsMs: number;
  readonly without: readonly Harm[];
  readonly only: readonly Harm[] | undefined;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function replayLine(seed: number, { faultsMs, without, only }: Settings): string {
  const ms = faultsMs === FAULTS_MS ? "" : ` --ms ${faultsMs}`;
  const left = without.length === 0 ? "" : ` --without ${without.join(",")}`;
  const taken = only === undefined ? "" : ` --only ${only.join(",")}`;
  return `npm run sim:cluster -- --seed ${seed}${ms}${left}${taken}`;
}

function runOne(seed: number, settings: Settings, traceFile: string | undefined): ClusterRunResult {
  const { only, ...rest } = settings;
  const options = { seed, ...rest, ...(only === undefined ? {} : { only }) };
  if (traceFile === undefined) return runClusterSeed(options);
  // At once, so that it is there if the run throws.
  const file = traceFile === "-" ? process.stdout.fd : openSync(traceFile, "w");
  return runClusterSeed({
    ...options,
    trace: (timeMs, nodeId, what) =>
      void writeSync(file, `${timeMs.toFixed(3)} ${nodeId} ${what}\n`),
  });
}

function harmsOf(list: string | undefined): Harm[] | undefined {
  return list?.split(",").map((name) => {
    const harm = HARMS.find((each) => each === name);
    if (harm === undefined) throw new Error(`no such harm: ${name}`);
    return harm;
  });
}

interface Run {
  readonly seed: number;
  readonly settings: Settings;
}

interface Values {
  readonly seeds: string;
  readonly from: string;
  readonly seed?: string | undefined;
  readonly known: boolean;
  readonly ms: string;
  readonly without?: string | undefined;
  readonly only?: string | undefined;
}

function runsOf(values: Values): Run[] {
  const settings: Settings = {
    faultsMs: Number(values.ms),
    without: harmsOf(values.without) ?? [],
    only: harmsOf(values.only),
  };
  const from = Number(values.seed ?? values.from);
  const count = values.seed === undefined ? Number(values.seeds) : 1;
  const runs = Array.from({ length: count }, (_, nth) => ({ seed: from + nth, settings }));
  for (const { seed, faultsMs = FAULTS_MS, only } of values.known ? REGRESSION_SEEDS : []) {
    runs.push({ seed, settings: { faultsMs, only, without: [] } });
  }
  return runs;
}

function printFailure({ seed, settings }: Run, { faults, simulatedMs }: ClusterRunResult): void {
  print(`FAILED seed ${seed} at ${(simulatedMs / 1000).toFixed(3)} s`);
  for (const fault of faults.slice(0, 3)) print(`  ${fault}`);
  print(`  replay: ${replayLine(seed, settings)}`);
}

function runAll(runs: readonly Run[], traceFile: string | undefined): number {
  const startedMs = performance.now();
  const total = new Coverage();
  let failed = 0;
  let overlapMs = 0;
  for (const run of runs) {
    const result = runOne(run.seed, run.settings, traceFile);
    total.add(result.coverage);
    overlapMs = Math.max(overlapMs, ...result.overlaps.values());
    if (result.faults.length === 0) continue;
    failed++;
    printFailure(run, result);
  }
  if (traceFile === undefined) {
    for (const [event, times] of total.entries()) print(`  ${event.padEnd(36)} ${times}`);
  }
  const seconds = (performance.now() - startedMs) / 1000;
  print(
    `${runs.length} seeds, longest overlap of active consumers ${Math.round(overlapMs)} ms, ${seconds.toFixed(0)} s, ${failed} violations`,
  );
  return failed;
}

function main(): void {
  const { values } = parseArgs({
    options: {
      seeds: { type: "string", default: "20" },
      from: { type: "string", default: "1" },
      seed: { type: "string" },
      known: { type: "boolean", default: false },
      ms: { type: "string", default: String(FAULTS_MS) },
      without: { type: "string" },
      only: { type: "string" },
      trace: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) print(USAGE);
  else if (runAll(runsOf(values), values.trace) > 0) process.exitCode = 1;
}

main();
