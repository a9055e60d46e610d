import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { findRabbitmq } from "../../bench/rabbitmq-process.ts";
import {
  layoutOf,
  type NetworkLayout,
} from "../../packages/node/test/cluster/partition/network/network-layout.ts";
import { type ChaosJob, runJobs } from "./chaos-jobs.ts";
import type { Product } from "./cluster/chaos-cluster.ts";
import { formatResult } from "./report/chaos-result.ts";
import { readResults } from "./report/results-file.ts";
import { resultsPage } from "./report/results-page.ts";
import { runScenario } from "./run-scenario.ts";
import { SCENARIOS, SINGLES, SMOKE, scenarioNamed } from "./scenarios.ts";
import { WORKLOAD_NAMES, WORKLOADS_OF } from "./workloads/all-workloads.ts";

const SMOKE_SECONDS = 8;
const PAGE = "docs/chaos-results.md";

const USAGE = `usage: npm run chaos -- [options]
Nodes run from dist, each in a network namespace of its own: npm run build before. Needs Linux and root, and the programs ip,
iptables, gcc and python3; all that it makes of namespaces is removed at the end.
  --list             what scenarios and workloads there are
  --scenario NAME    a nemesis, or several joined by "+"; more than once for more
  --smoke            some, ${SMOKE_SECONDS} seconds each
  --all              all of them; then, if RabbitMQ is installed, the smoke set with both brokers
  --seed N           what is chosen by chance (default: the clock); of several scenarios, that of the first
  --seconds N        how long faults go on (default 60)
  --product NAME     leveret (default) or rabbitmq
  --workload NAME    instead of all; more than once for more
  --planted          publishers take for confirmed what they have sent: passes if the loss is found
  --rate N           messages a second of each publisher (default 40)
  --results FILE     a line of JSON is added for each run; those that stand there already are not run again
  --page FILE        the table of all these results is written to it
  --directory PATH   where data go (default: the system's for temporary files); kept if a run fails
  --keep             data stay if it passes, too
  --main FILE        another main.js`;

function readArguments() {
  return parseArgs({
    options: {
      list: { type: "boolean", default: false },
      scenario: { type: "string", multiple: true, default: [] },
      smoke: { type: "boolean", default: false },
      all: { type: "boolean", default: false },
      seed: { type: "string", default: String(Date.now() % 1_000_000) },
      seconds: { type: "string" },
      product: { type: "string", default: "leveret" },
      workload: { type: "string", multiple: true },
      planted: { type: "boolean", default: false },
      rate: { type: "string", default: "40" },
      results: { type: "string" },
      page: { type: "string" },
      directory: { type: "string", default: tmpdir() },
      main: { type: "string" },
      keep: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
      /** Of the process in the network: who has made that, its nodes, and where data and result go. */
      "network-of": { type: "string" },
      nodes: { type: "string", default: "3" },
      data: { type: "string", default: "" },
      result: { type: "string", default: "" },
      python: { type: "string", default: "" },
    },
  }).values;
}

type Arguments = ReturnType<typeof readArguments>;

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function productOf(name: string): Product {
  if (name === "leveret" || name === "rabbitmq") return name;
  throw new Error(`there is no product ${name}`);
}

function list(): void {
  print("scenarios:");
  for (const { name, nemeses } of SINGLES) print(`  ${name.padEnd(24)} ${nemeses[0]?.about ?? ""}`);
  print("pairs, both at the same time:");
  for (const { name, nemeses } of SCENARIOS) if (nemeses.length > 1) print(`  ${name}`);
  print(`smoke: ${SMOKE.join(", ")}`);
  print(`workloads: ${WORKLOAD_NAMES.join(", ")}`);
}

function plan(values: Arguments): ChaosJob[] {
  const product = productOf(values.product);
  const names = values.smoke ? [...SMOKE] : values.scenario;
  if (values.all) return planAll(values);
  if (names.length === 0) throw new Error(USAGE);
  const seconds = values.seconds ?? (values.smoke ? `${SMOKE_SECONDS}` : "60");
  return names.map((name, index) => jobOf(values, { name, index, product, seconds }));
}

/** The smoke set at the end is what both brokers are compared by: the same workloads, seeds and times. */
function planAll(values: Arguments): ChaosJob[] {
  const seconds = values.seconds ?? "60";
  const matrix = SCENARIOS.map(({ name }, index) =>
    jobOf(values, { name, index, product: "leveret", seconds }),
  );
  if (findRabbitmq() === undefined) {
    print("RabbitMQ is not installed: there will be no column of it");
    return matrix;
  }
  const compared = { ...values, workload: [...WORKLOADS_OF.rabbitmq] };
  const both = SMOKE.flatMap((name, nth) =>
    (["leveret", "rabbitmq"] as const).map((product) =>
      jobOf(compared, { name, index: SCENARIOS.length + nth, product, seconds }),
    ),
  );
  return [...matrix, ...both];
}

function jobOf(
  values: Arguments,
  {
    name,
    index,
    product,
    seconds,
  }: { name: string; index: number; product: Product; seconds: string },
): ChaosJob {
  const scenario = scenarioNamed(name);
  const unfit = scenario.nemeses.find(({ products }) => !products.includes(product));
  if (unfit !== undefined) throw new Error(`${unfit.name} is not for ${product}`);
  const workloads = values.workload ?? WORKLOADS_OF[product];
  return {
    scenario,
    product,
    seed: Number(values.seed) + index,
    seconds: Number(seconds),
    workloads,
    rate: Number(values.rate),
    main: values.main,
    isPlanted: values.planted,
  };
}

/** In the namespace of the clients. */
async function runInside(values: Arguments, layout: NetworkLayout): Promise<number> {
  const [name = ""] = values.scenario;
  const product = productOf(values.product);
  const seed = Number(values.seed);
  const seconds = Number(values.seconds ?? 60);
  const words = ["--scenario", name, "--seed", `${seed}`, "--seconds", `${seconds}`];
  if (product !== "leveret") words.push("--product", product);
  if (values.planted) words.push("--planted");
  const rate = Number(values.rate);
  if (rate !== 40) words.push("--rate", `${rate}`);
  const workloads = values.workload ?? WORKLOADS_OF[product];
  if (workloads.join() !== WORKLOADS_OF[product].join()) {
    words.push(...workloads.flatMap((each) => ["--workload", each]));
  }
  const result = await runScenario({
    scenario: scenarioNamed(name),
    product,
    seed,
    seconds,
    rate,
    workloads,
    layout,
    directory: values.data,
    main: values.main,
    python: values.python,
    isCredulous: values.planted,
    print,
    repeat: `npm run chaos -- ${words.join(" ")}`,
  });
  await writeFile(values.result, JSON.stringify(result, undefined, 2));
  print(formatResult(result));
  return result.verdict === "pass" ? 0 : 1;
}

async function runAll(values: Arguments): Promise<number> {
  const jobs = plan(values);
  const directory = await mkdtemp(join(values.directory, "chaos-"));
  const failed = await runJobs(jobs, {
    directory,
    results: values.results,
    isKept: values.keep,
    print,
  });
  if (values.page !== undefined || values.all) {
    const results = values.results ?? join(directory, "results.jsonl");
    await writeFile(values.page ?? PAGE, resultsPage(await readResults(results)));
  }
  if (failed === 0 && !values.keep) await rm(directory, { recursive: true });
  print(`${jobs.length} scenarios: ${jobs.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

async function main(): Promise<number> {
  const values = readArguments();
  const owner = values["network-of"];
  if (values.help) print(USAGE);
  else if (values.list) list();
  else if (owner !== undefined) {
    return runInside(values, layoutOf(Number(owner), Number(values.nodes)));
  } else return runAll(values);
  return 0;
}

// Clients may be in the middle of something.
process.exit(await main());
