import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { layoutOf } from "../../packages/node/test/cluster/partition/network/network-layout.ts";
import {
  makeNetwork,
  removeAbandoned,
  removeNetwork,
  requireNetworkTools,
} from "../../packages/node/test/cluster/partition/network/node-network.ts";
import { preparePython } from "../clients/suites.ts";
import type { Product } from "./cluster/chaos-cluster.ts";
import { type ChaosResult, foundOf, LOSS } from "./report/chaos-result.ts";
import { addResult, readResults } from "./report/results-file.ts";
import { nodesOf, type Scenario } from "./scenarios.ts";

export interface ChaosJob {
  readonly scenario: Scenario;
  readonly product: Product;
  readonly seed: number;
  readonly seconds: number;
  readonly workloads: readonly string[];
  readonly rate: number;
  readonly main: string | undefined;
  /** Publishers take what they have sent for confirmed: a run that finds no loss then has failed. */
  readonly isPlanted: boolean;
}

export interface JobsOptions {
  /** Whose data are kept of runs that fail. */
  readonly directory: string;
  /** Undefined: below the directory. */
  readonly results: string | undefined;
  /** Data and logs of runs that pass stay, too. */
  readonly isKept: boolean;
  readonly print: (line: string) => void;
}

/** Runs one after the other, each in a network of its own, which is removed whatever becomes of it. Returns how many failed. */
export async function runJobs(jobs: readonly ChaosJob[], options: JobsOptions): Promise<number> {
  const { directory, print, results = join(directory, "results.jsonl") } = options;
  requireNetworkTools();
  removeAbandoned();
  const done = new Set((await readResults(results)).map(keyOf));
  let failed = 0;
  for (const [index, job] of jobs.entries()) {
    const name = `${job.scenario.name}, seed ${job.seed}, ${job.seconds} s, ${job.product}`;
    if (done.has(keyOf({ ...job, scenario: job.scenario.name }))) {
      print(`\n--- ${index + 1} of ${jobs.length}: ${name}: its result is there`);
      continue;
    }
    print(`\n--- ${index + 1} of ${jobs.length}: ${name}`);
    const data = join(directory, `${index + 1}`);
    await mkdir(data);
    const result = await runJob(job, data);
    if (result !== undefined && !job.isPlanted) await addResult(results, result);
    const isGood = isAsItShould(job, result);
    if (!isGood) failed++;
    else if (!options.isKept) await rm(data, { recursive: true });
  }
  if (failed > 0) print(`data and logs of what failed are kept in ${directory}`);
  return failed;
}

function keyOf({
  scenario,
  product,
  seed,
  seconds,
}: Pick<ChaosResult, "scenario" | "product" | "seed" | "seconds">): string {
  return `${product} ${scenario} ${seed} ${seconds}`;
}

/** A planted mistake has to be found. */
function isAsItShould({ isPlanted }: ChaosJob, result: ChaosResult | undefined): boolean {
  if (result === undefined) return false;
  return isPlanted ? foundOf(result, ...LOSS) > 0 : result.verdict === "pass";
}

/** Undefined: it came to no result. */
async function runJob(job: ChaosJob, data: string): Promise<ChaosResult | undefined> {
  const nodes = nodesOf(job.scenario);
  const layout = layoutOf(process.pid, nodes);
  const file = join(data, "result.json");
  const python = job.workloads.includes("transactions") ? await preparePython() : "";
  const words = [
    ...["--scenario", job.scenario.name, "--product", job.product, "--seed", `${job.seed}`],
    ...["--seconds", `${job.seconds}`, "--rate", `${job.rate}`, "--nodes", `${nodes}`],
    ...job.workloads.flatMap((name) => ["--workload", name]),
    ...(job.isPlanted ? ["--planted"] : []),
    ...(job.main === undefined ? [] : ["--main", job.main]),
    ...["--network-of", `${process.pid}`, "--data", data, "--result", file, "--python", python],
  ];
  const [script = ""] = process.argv.slice(1);
  const inside = ["netns", "exec", layout.hub.namespace, process.execPath];
  try {
    makeNetwork(layout);
    const child = spawn("ip", [...inside, ...process.execArgv, script, ...words], {
      stdio: "inherit",
    });
    const stop = (): void => {
      child.kill("SIGKILL");
      removeNetwork(layout);
      process.exit(1);
    };
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
    for (const signal of signals) process.once(signal, stop);
    await once(child, "exit");
    for (const signal of signals) process.off(signal, stop);
    // It has written nothing else there.
    return JSON.parse(await readFile(file, "utf8")) as ChaosResult;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  } finally {
    removeNetwork(layout);
  }
}
