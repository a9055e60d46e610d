import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { startCluster } from "leveret";
import { type Browser, chromium } from "playwright-core";
import { formatTable, type Result, summarize } from "../clients/results.ts";
import { ADMIN_CASES } from "./admin-cases.ts";
import type { Case, CaseContext } from "./case.ts";
import { CLUSTER_CASES } from "./cluster-cases.ts";
import { startDemo } from "./demo-broker.ts";
import { KEYBOARD_CASE, LOGIN_CASES } from "./login-cases.ts";
import { OBJECT_CASES } from "./object-cases.ts";
import { LANGUAGE_CASE, LATE_CODE_CASE, PAGE_CASES } from "./page-cases.ts";
import { readmeCase } from "./readme-pictures.ts";
import { SIZE_CASES } from "./size-cases.ts";
import { WAITING_CASE } from "./waiting-case.ts";

const SUITE = "console";
const CASE_MS = 90_000;
const CASES: readonly Case[] = [
  ...LOGIN_CASES,
  KEYBOARD_CASE,
  ...OBJECT_CASES,
  ...ADMIN_CASES,
  ...PAGE_CASES,
  LANGUAGE_CASE,
  LATE_CODE_CASE,
  ...SIZE_CASES,
  ...CLUSTER_CASES,
  WAITING_CASE,
];

/** Debian's Chromium, or another by `--browser`. */
const BROWSER = "/usr/bin/chromium";

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function runCase({ name, run }: Case, context: CaseContext): Promise<Result> {
  const startedMs = performance.now();
  let failure: string | undefined;
  try {
    await withinTime(run(context));
  } catch (error) {
    failure = (error instanceof Error ? error.message : String(error)).replaceAll("\n", " | ");
  }
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  print(
    failure === undefined
      ? `ok ${SUITE} ${name} (${seconds} s)`
      : `not ok ${SUITE} ${name} (${seconds} s) - ${failure}`,
  );
  for (const window of context.browser.contexts()) await window.close();
  return { suite: SUITE, scenario: name, failure };
}

/** A case that hangs fails; what it waits for is left alone. */
async function withinTime(running: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tooLong = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done within ${CASE_MS} ms`)), CASE_MS);
  });
  await Promise.race([running, tooLong]).finally(() => clearTimeout(timer));
}

/** Runs the cases on a cluster of three nodes in this process, in their order. */
async function runAll(
  cases: readonly Case[],
  browser: Browser,
  pictures: string | undefined,
): Promise<readonly Result[]> {
  await using cluster = await startCluster(3, { management: true });
  const first = cluster.node(0);
  const address = {
    http: `http://localhost:${first.managementPort}/`,
    amqp: `amqp://localhost:${first.port}`,
  };
  const demo = await startDemo(address);
  const context: CaseContext = {
    browser,
    address,
    nodeName: first.name,
    tell: (line) => print(`  ${line}`),
    pictures,
    stopThirdNode: () => cluster.node(2).stop(),
  };
  try {
    const results: Result[] = [];
    for (const one of cases) results.push(await runCase(one, context));
    return results;
  } finally {
    await demo.stop();
  }
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: "string" },
      json: { type: "string" },
      pictures: { type: "string" },
      readme: { type: "string" },
      browser: { type: "string", default: BROWSER },
    },
  });
  const wanted = values.only?.split(",");
  const all = values.readme === undefined ? CASES : [readmeCase(values.readme)];
  const cases = all.filter(({ name }) => wanted?.some((part) => name.includes(part)) ?? true);
  // Containers run as root, where Chromium's own sandbox cannot.
  const browser = await chromium.launch({ executablePath: values.browser, args: ["--no-sandbox"] });
  try {
    const results = await runAll(cases, browser, values.pictures);
    const summary = summarize(results);
    print(formatTable(results));
    print(`console cases: ${summary.passed} passed, ${summary.failed} failed`);
    if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(summary)}\n`);
    return summary.failed === 0 ? 0 : 1;
  } finally {
    await browser.close();
  }
}

process.exit(await main());
