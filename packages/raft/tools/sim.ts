import { fork } from "node:child_process";
import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import {
  Coverage,
  FAULT_CLASSES,
  type FaultClass,
  REQUIRED_COUNT,
  type RunResult,
  runSeed,
  shrink,
  type Workload,
} from "../src/sim/index.ts";

const USAGE = `Usage: npm run sim -- [options]
  --seeds N      run N seeds (default 100)
  --from S       first seed; a word is hashed to one (default 1)
  --seed S       run this seed only
  --steps M      calls into cores in the safety phase of each seed (default 60000)
  --jobs J       processes (default: cores)
  --workload F   what the groups run: a module that exports createWorkload(seed)
  --without A,B  leave out classes of faults
  --trace FILE   with --seed: write all that happens to FILE ("-": standard output)
  --shrink       with --seed: look for a smaller run that fails in the same way
`;

/** Share of seeds that are run twice, to see whether runs repeat: one in this many. */
const REPEAT_EVERY = 50;
/** With so many seeds everything that matters must have happened often enough. */
const COVERING_SEEDS = 500;

interface Settings {
  readonly steps: number;
  readonly withoutFaults: readonly FaultClass[];
  /** Path of the module of another workload. */
  readonly workload: string | undefined;
}

type CreateWorkload = (seed: number) => Workload;

/** By path: a module is loaded once in each process. */
async function loadWorkload({ workload }: Settings): Promise<{ createWorkload?: CreateWorkload }> {
  if (workload === undefined) return {};
  const loaded: unknown = await import(pathToFileURL(resolve(workload)).href);
  const { createWorkload } = loaded as { createWorkload?: CreateWorkload };
  if (createWorkload === undefined) throw new Error(`${workload} exports no createWorkload`);
  return { createWorkload };
}

/** What a worker process reports of one seed. */
interface Report {
  readonly seed: number;
  readonly violation: { readonly invariant: string; readonly message: string } | undefined;
  readonly steps: number;
  readonly simulatedMs: number;
  readonly coverage: readonly (readonly [string, number])[];
  readonly confirmed: number;
}

class Totals {
  readonly coverage = new Coverage();
  readonly failures: Report[] = [];
  seeds = 0;
  steps = 0;
  simulatedMs = 0;
  confirmed = 0;

  add(report: Report): void {
    this.seeds++;
    this.steps += report.steps;
    this.simulatedMs += report.simulatedMs;
    this.confirmed += report.confirmed;
    this.coverage.add(report.coverage);
    if (report.violation !== undefined) this.failures.push(report);
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function replayLine(seed: number, settings: Settings): string {
  const without =
    settings.withoutFaults.length > 0 ? ` --without ${settings.withoutFaults.join(",")}` : "";
  const work = settings.workload === undefined ? "" : ` --workload ${settings.workload}`;
  return `npm run sim -- --seed ${seed} --steps ${settings.steps}${without}${work}`;
}

function reportOf(result: RunResult): Report {
  const { seed, violation, steps, simulatedMs, coverage, confirmed } = result;
  return {
    seed,
    violation:
      violation === undefined
        ? undefined
        : { invariant: violation.invariant, message: violation.message },
    steps,
    simulatedMs,
    coverage,
    confirmed,
  };
}

async function runOne(seed: number, settings: Settings): Promise<Report> {
  const options = { seed, ...settings, ...(await loadWorkload(settings)) };
  const result = runSeed(options);
  if (seed % REPEAT_EVERY !== 0 || result.violation !== undefined) return reportOf(result);
  const again = runSeed(options);
  const report = reportOf(result);
  if (again.traceHash === result.traceHash && again.steps === result.steps) return report;
  const message = `determinism: two runs of the seed differ (${result.traceHash}, ${again.traceHash})`;
  return { ...report, violation: { invariant: "determinism", message } };
}

function printFailure(report: Report, settings: Settings): void {
  print(
    `FAILED seed ${report.seed} at step ${report.steps}, ${(report.simulatedMs / 1000).toFixed(3)} s: ${report.violation?.message}`,
  );
  print(`  replay: ${replayLine(report.seed, settings)}`);
}

function printTotals(totals: Totals, startedMs: number): void {
  const seconds = (performance.now() - startedMs) / 1000;
  print("event                                      count");
  for (const [event, count] of totals.coverage.entries()) print(`  ${event.padEnd(36)} ${count}`);
  print(
    `${totals.seeds} seeds, ${totals.steps} steps (${Math.round(totals.steps / seconds)}/s), ${(totals.simulatedMs / 3_600_000).toFixed(1)} simulated cluster-hours, ${totals.confirmed} confirmed proposals, ${seconds.toFixed(0)} s, ${totals.failures.length} violations`,
  );
}

/** Whether enough happened in a run of many seeds to prove something; says what did not. */
function isCovered(totals: Totals): boolean {
  if (totals.seeds < COVERING_SEEDS) return true;
  const missing = totals.coverage.missing();
  for (const [event, times] of missing) {
    print(`TOO RARE: ${event} happened ${times} times, not ${REQUIRED_COUNT}`);
  }
  return missing.length === 0;
}

function runMany(seeds: { from: number; count: number; jobs: number }, settings: Settings): void {
  const startedMs = performance.now();
  const totals = new Totals();
  let next = seeds.from;
  const end = seeds.from + seeds.count;
  let running = 0;
  let lastPrintMs = startedMs;
  const onReport = (report: Report): void => {
    totals.add(report);
    if (report.violation !== undefined) printFailure(report, settings);
    if (performance.now() - lastPrintMs < 10_000) return;
    lastPrintMs = performance.now();
    print(
      `... ${totals.seeds} of ${seeds.count} seeds, ${totals.steps} steps, ${totals.failures.length} violations`,
    );
  };
  const startWorker = (): void => {
    running++;
    const child = fork(fileURLToPath(import.meta.url), ["--worker"], {
      execArgv: process.execArgv,
    });
    const feed = (): void => {
      if (next < end) child.send({ seed: next++, settings });
      else child.disconnect();
    };
    child.on("message", (report: Report) => {
      onReport(report);
      feed();
    });
    child.on("exit", (code) => {
      running--;
      if (code !== 0) {
        print(`a worker ended with code ${code}`);
        process.exitCode = 1;
      }
      if (running > 0) return;
      const isEnough = isCovered(totals);
      printTotals(totals, startedMs);
      if (totals.failures.length > 0 || !isEnough) process.exitCode = 1;
    });
    feed();
  };
  for (let job = 0; job < Math.min(seeds.jobs, seeds.count); job++) startWorker();
}

function runWorker(): void {
  process.on("message", (job: { seed: number; settings: Settings }) => {
    void runOne(job.seed, job.settings).then((report) => process.send?.(report));
  });
}

function traceSink(path: string): (timeMs: number, nodeId: number, what: string) => void {
  const out = path === "-" ? process.stdout : createWriteStream(path);
  return (timeMs, nodeId, what) => out.write(`${timeMs.toFixed(3)} n${nodeId} ${what}\n`);
}

async function runSingle(
  seed: number,
  settings: Settings,
  wanted: { readonly trace: string | undefined; readonly shrink: boolean },
): Promise<void> {
  const startedMs = performance.now();
  const trace = wanted.trace === undefined ? {} : { trace: traceSink(wanted.trace) };
  const options = { seed, ...settings, ...(await loadWorkload(settings)) };
  const result = runSeed({ ...options, ...trace });
  const { limits: _, ...swarm } = result.swarm;
  print(`swarm ${JSON.stringify({ ...swarm, faults: [...result.swarm.faults] })}`);
  const report = reportOf(result);
  const totals = new Totals();
  totals.add(report);
  printTotals(totals, startedMs);
  print(`trace hash ${result.traceHash}`);
  if (report.violation === undefined) return;
  printFailure(report, settings);
  process.exitCode = 1;
  if (!wanted.shrink) return;
  const shrunk = shrink(result, options, 60);
  print(
    `smallest found in ${shrunk.attempts} runs: ${shrunk.changes.join(", ") || "no other change"}`,
  );
  printFailure(reportOf(shrunk.result), { ...settings, withoutFaults: shrunk.withoutFaults });
}

function seedOf(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  return createHash("sha256").update(text).digest().readUInt32BE(0);
}

function faultsOf(text: string): FaultClass[] {
  return text
    .split(",")
    .filter((name) => name !== "")
    .map((name) => {
      const fault = FAULT_CLASSES.find((known) => known === name);
      if (fault === undefined) throw new RangeError(`no class of faults "${name}"`);
      return fault;
    });
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seeds: { type: "string", default: "100" },
      from: { type: "string", default: "1" },
      seed: { type: "string" },
      steps: { type: "string", default: "60000" },
      jobs: { type: "string", default: String(availableParallelism()) },
      without: { type: "string", default: "" },
      workload: { type: "string" },
      trace: { type: "string" },
      shrink: { type: "boolean", default: false },
      worker: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const settings = {
    steps: Number(values.steps),
    withoutFaults: faultsOf(values.without),
    workload: values.workload,
  };
  if (values.help) process.stdout.write(USAGE);
  else if (values.worker) runWorker();
  else if (values.seed !== undefined) {
    await runSingle(seedOf(values.seed), settings, { trace: values.trace, shrink: values.shrink });
  } else {
    const from = seedOf(values.from);
    runMany({ from, count: Number(values.seeds), jobs: Number(values.jobs) }, settings);
  }
}

await main();
