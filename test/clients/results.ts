import { readFile } from "node:fs/promises";

/** How one scenario of one suite, or one tutorial, went. */
export interface Result {
  readonly suite: string;
  readonly scenario: string;
  /** undefined: it held. */
  readonly failure: string | undefined;
}

/** What `.ci/run` reads. */
export interface Summary {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: 0;
  readonly results: readonly Result[];
}

/** The scenario names of the README's table, the one list of them. */
export async function scenarioNames(): Promise<readonly string[]> {
  const readme = await readFile(new URL("README.md", import.meta.url), "utf8");
  const section = readme.split("\n## ").find((part) => part.startsWith("Scenarios\n")) ?? "";
  const names = [...section.matchAll(/^\| `([a-z-]+)` \|/gm)].map((match) => match[1] ?? "");
  if (names.length === 0) throw new Error("README.md has no table of scenarios");
  return names;
}

/** Reads the lines of a suite; a scenario without a line, and a line without a scenario, count as failed. */
export function resultsOf(
  suite: string,
  expected: readonly string[],
  lines: readonly string[],
): Result[] {
  const reported = new Map<string, Result>();
  for (const line of lines) {
    const result = parseLine(suite, line);
    if (result === undefined) continue;
    const isKnown = expected.includes(result.scenario);
    const failure = isKnown ? result.failure : "not in the README's table";
    reported.set(result.scenario, { ...result, failure });
  }
  for (const scenario of expected) {
    if (!reported.has(scenario)) reported.set(scenario, { suite, scenario, failure: "not run" });
  }
  return [...reported.values()];
}

function parseLine(suite: string, line: string): Result | undefined {
  const match = /^(ok|not ok) (\S+) (\S+)(?: - (.*))?$/.exec(line);
  if (match === null || match[2] !== suite || match[3] === undefined) return undefined;
  const failure = match[1] === "ok" ? undefined : (match[4] ?? "no reason given");
  return { suite, scenario: match[3], failure };
}

/** Counts the results. */
export function summarize(results: readonly Result[]): Summary {
  const failed = results.filter((result) => result.failure !== undefined).length;
  return { passed: results.length - failed, failed, skipped: 0, results };
}

/** A table for a person: a line for each scenario, a column for each suite, and the reasons of failures. */
export function formatTable(results: readonly Result[]): string {
  const suites = [...new Set(results.map((result) => result.suite))];
  const scenarios = [...new Set(results.map((result) => result.scenario))];
  const width = Math.max(...scenarios.map((scenario) => scenario.length));
  const widths = suites.map((suite) => Math.max(suite.length, "FAILED".length));
  const cell = (suite: string, scenario: string): string => {
    const result = results.find((each) => each.suite === suite && each.scenario === scenario);
    if (result === undefined) return "";
    return result.failure === undefined ? "ok" : "FAILED";
  };
  const row = (title: string, cells: readonly string[]): string =>
    [title.padEnd(width), ...cells.map((each, at) => each.padEnd(widths[at] ?? 0))]
      .join("  ")
      .trimEnd();
  const lines = [row("", suites)];
  for (const scenario of scenarios) {
    lines.push(
      row(
        scenario,
        suites.map((suite) => cell(suite, scenario)),
      ),
    );
  }
  for (const { suite, scenario, failure } of results) {
    if (failure !== undefined) lines.push(`FAILED ${suite} ${scenario}: ${failure}`);
  }
  return lines.join("\n");
}
