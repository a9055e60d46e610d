import { openSync, writeSync } from "node:fs";
import { parseArgs } from "node:util";
import { Coverage } from "@leveret/raft/sim";
import { HARMS, type Harm } from "./cluster-swarm.ts";
import { type ClusterRunResult, FAULTS_MS, runClusterSeed } from "./run-cluster-seed.ts";

const USAGE = `Usage: npm run sim:cluster -- [options]
  --seeds N       run N seeds (default 20)
  --from S        first seed (default 1)
  --seed S        run this seed only
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

function main(): void {
  const { values } = parseArgs({
    options: {
      seeds: { type: "string", default: "20" },
      from: { type: "string", default: "1" },
      seed: { type: "string" },
      ms: { type: "string", default: String(FAULTS_MS) },
      without: { type: "string" },
      only: { type: "string" },
      trace: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    print(USAGE);
    return;
  }
  const settings: Settings = {
    faultsMs: Number(values.ms),
    without: harmsOf(values.without) ?? [],
    only: harmsOf(values.only),
  };
  const from = Number(values.seed ?? values.from);
  const count = values.seed === undefined ? Number(values.seeds) : 1;
  const total = new Coverage();
  let failed = 0;
  let overlapMs = 0;
  const startedMs = performance.now();
  for (let seed = from; seed < from + count; seed++) {
    const result = runOne(seed, settings, values.trace);
    total.add(result.coverage);
    for (const ms of result.overlaps.values()) overlapMs = Math.max(overlapMs, ms);
    if (result.faults.length === 0) continue;
    failed++;
    print(`FAILED seed ${seed} at ${(result.simulatedMs / 1000).toFixed(3)} s`);
    for (const fault of result.faults.slice(0, 3)) print(`  ${fault}`);
    print(`  replay: ${replayLine(seed, settings)}`);
  }
  if (values.trace === undefined) {
    for (const [event, times] of total.entries()) print(`  ${event.padEnd(36)} ${times}`);
  }
  const seconds = (performance.now() - startedMs) / 1000;
  print(
    `${count} seeds, longest overlap of active consumers ${Math.round(overlapMs)} ms, ${seconds.toFixed(0)} s, ${failed} violations`,
  );
  if (failed > 0) process.exitCode = 1;
}

main();
