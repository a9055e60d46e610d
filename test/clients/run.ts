import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { ChildProgram } from "./processes/child-program.ts";
import { startLeveretCluster } from "./processes/leveret-cluster.ts";
import { type BrokerProcess, startLeveret } from "./processes/leveret-process.ts";
import { formatTable, type Result, resultsOf, scenarioNames, summarize } from "./results.ts";
import { preparePython, SUITES, type Suite } from "./suites.ts";
import { runTutorials } from "./tutorials/run-tutorials.ts";

const SUITE_MAX_MS = 300_000;
const TUTORIALS = "tutorials";

interface Options {
  /** Broker to test; undefined: ours is started. */
  readonly url: string | undefined;
  /** Ours is a cluster of three, and each suite is at another node. */
  readonly cluster: boolean;
  readonly only: readonly string[];
  readonly scenarios: readonly string[];
  /** File for the machine-readable summary. */
  readonly json: string | undefined;
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      url: { type: "string" },
      cluster: { type: "boolean", default: false },
      only: { type: "string", default: [...SUITES.map(({ name }) => name), TUTORIALS].join() },
      scenario: { type: "string", multiple: true, default: [] },
      json: { type: "string" },
    },
  });
  return {
    url: values.url,
    cluster: values.cluster,
    only: values.only.split(","),
    scenarios: values.scenario,
    json: values.json,
  };
}

async function runSuite(
  suite: Suite,
  url: string,
  scenarios: readonly string[],
): Promise<Result[]> {
  const startedAt = performance.now();
  try {
    const program = await suite.prepare();
    const preparedAt = performance.now();
    const child = new ChildProgram({
      ...program,
      arguments: [...program.arguments, ...scenarios],
      environment: { ...program.environment, AMQP_URL: url },
      onLine: (line) => print(`  ${line}`),
    });
    const code = await child.waitForExit(SUITE_MAX_MS);
    const results = resultsOf(suite.name, scenarios, child.lines);
    const hasFailure = results.some((result) => result.failure !== undefined);
    if (code !== 0 && !hasFailure) results.push(failedAsAWhole(suite.name, `exit code ${code}`));
    const built = seconds(preparedAt - startedAt);
    print(`${suite.name}: built in ${built}, run in ${seconds(performance.now() - preparedAt)}`);
    return results;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    print(`${suite.name}: ${reason}`);
    // Nothing is known of the scenarios: each counts as failed.
    return scenarios.map((scenario) => ({ suite: suite.name, scenario, failure: reason }));
  }
}

function failedAsAWhole(suite: string, failure: string): Result {
  return { suite, scenario: "whole-suite", failure };
}

async function runAll(options: Options, urls: readonly string[]): Promise<Result[]> {
  const known = await scenarioNames();
  const scenarios = options.scenarios.length === 0 ? known : options.scenarios;
  const results: Result[] = [];
  const urlOf = (nth: number): string => urls[nth % urls.length] ?? "";
  for (const [nth, suite] of SUITES.entries()) {
    if (!options.only.includes(suite.name)) continue;
    results.push(...(await runSuite(suite, urlOf(nth), scenarios)));
  }
  if (options.only.includes(TUTORIALS)) {
    const startedAt = performance.now();
    results.push(
      ...(await runTutorials(urlOf(1), await preparePython(), (line) => print(`  ${line}`))),
    );
    print(`${TUTORIALS}: run in ${seconds(performance.now() - startedAt)}`);
  }
  return results;
}

async function runAgainstOurs(options: Options): Promise<Result[]> {
  const broker = await startLeveret();
  print(`our broker: ${broker.url}`);
  const results: Result[] = [];
  try {
    results.push(...(await runAll(options, [broker.url])));
  } finally {
    results.push(...(await stopBroker(broker)));
  }
  return results;
}

async function runAgainstCluster(options: Options): Promise<Result[]> {
  const cluster = await startLeveretCluster();
  print(`our cluster: ${cluster.urls.join(" ")}`);
  try {
    return await runAll(options, cluster.urls);
  } finally {
    await cluster.stop();
  }
}

/** A broker that does not end as it should is a failure like any other. */
async function stopBroker(broker: BrokerProcess): Promise<Result[]> {
  try {
    await broker.stop();
    return [];
  } catch (error) {
    return [failedAsAWhole("broker", error instanceof Error ? error.message : String(error))];
  }
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function run(options: Options): Promise<Result[]> {
  if (options.url !== undefined) return runAll(options, [options.url]);
  return options.cluster ? runAgainstCluster(options) : runAgainstOurs(options);
}

async function main(): Promise<number> {
  const options = readOptions();
  const results = await run(options);
  const summary = summarize(results);
  print(formatTable(results));
  print(`client scenarios: ${summary.passed} passed, ${summary.failed} failed`);
  if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(summary)}\n`);
  return summary.failed === 0 && summary.passed > 0 ? 0 : 1;
}

process.exitCode = await main();
