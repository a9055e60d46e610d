import { SCENARIOS } from "../scenarios.ts";
import {
  type ChaosResult,
  foundOf,
  LOSS,
  otherFindings,
  REPEATED,
  total,
  UNEXPECTED,
} from "./chaos-result.ts";

const HEAD = `# Chaos results

What became of Leveret under faults, and of RabbitMQ where it was run beside it. How to run and read this: [chaos tests](chaos.md). Made by
\`npm run chaos:report\`; not edited by hand. Times are those of the machine that it ran on, two cores, with whatever else these had to do.

`;

/** The page with the table: a scenario a line, RabbitMQ's column where it was run. */
export function resultsPage(results: readonly ChaosResult[]): string {
  const ours = results.filter(({ product }) => product === "leveret");
  const theirs = results.filter(({ product }) => product === "rabbitmq");
  const order = SCENARIOS.map(({ name }) => name);
  const full = ours
    .filter((result) => !isComparison(result, theirs))
    .sort((a, b) => order.indexOf(a.scenario) - order.indexOf(b.scenario));
  const compared = ours.filter((result) => isComparison(result, theirs));
  return [
    HEAD,
    summary("Leveret", ours),
    theirs.length === 0 ? "" : summary(`RabbitMQ ${versionsOf(theirs)}`, theirs),
    "## All scenarios\n\n",
    table(full),
    theirs.length === 0 ? "" : `\n## Beside RabbitMQ\n\n${COMPARED}${comparison(compared, theirs)}`,
    recovery(ours),
    "\n## Repeating one\n\nA scenario, its seed and its seconds decide what is done when: ",
    "`npm run chaos -- --scenario NAME --seed N --seconds N`; those beside RabbitMQ with `--workload mirrored --workload quorum`, ",
    "and `--product rabbitmq` for its line.\n",
  ].join("");
}

const COMPARED = `The same faults at the same times, the same two workloads: a mirrored classic queue (\`ha-mode: all\`, automatic synchronisation) and a
quorum queue. RabbitMQ with \`cluster_partition_handling = pause_minority\` and \`net_ticktime = 15\`.

`;

function isComparison(result: ChaosResult, theirs: readonly ChaosResult[]): boolean {
  return theirs.some((each) => keyOf(each) === keyOf(result));
}

function keyOf({ scenario, seed, seconds }: ChaosResult): string {
  return `${scenario} ${seed} ${seconds}`;
}

function versionsOf(results: readonly ChaosResult[]): string {
  return [...new Set(results.map(({ version }) => version))].join(", ");
}

function summary(name: string, results: readonly ChaosResult[]): string {
  const passed = results.filter(({ verdict }) => verdict === "pass").length;
  const sum = (...kinds: readonly string[]): number =>
    results.reduce((all, result) => all + foundOf(result, ...kinds), 0);
  const confirmed = results.reduce((all, result) => all + total(result, "confirmed"), 0);
  const faults = results.reduce((all, result) => all + result.faults, 0);
  const commits = [...new Set(results.map(({ commit }) => commit))].join(", ");
  const unknown = results.filter((result) => !isDrained(result)).length;
  const doubt = unknown === 0 ? "" : ` (not known of ${unknown})`;
  const counts = `lost ${sum(...LOSS)}${doubt}, unexpected ${sum(...UNEXPECTED)}, duplicated without mark ${sum(...REPEATED)}`;
  return `**${name}**: ${passed} of ${results.length} runs passed; ${faults} faults, ${confirmed} confirmed; ${counts}. Commit ${commits}${commits.includes("+") ? " (+: some files differed)" : ""}.\n\n`;
}

function table(results: readonly ChaosResult[]): string {
  const rows = results.map((result) => [
    result.scenario,
    `${result.seed}`,
    `${result.seconds}`,
    `${result.nodes}`,
    `${result.faults}`,
    ...cells(result),
    `${(result.servedMs / 1000).toFixed(1)}`,
    verdictOf(result),
  ]);
  const heads = [
    "scenario",
    "seed",
    "seconds",
    "nodes",
    "faults",
    ...COUNTS,
    "served after, s",
    "verdict",
  ];
  return format(heads, rows);
}

const COUNTS: readonly string[] = ["confirmed", "lost", "unexpected", "duplicated"];

function isDrained(result: ChaosResult): boolean {
  return foundOf(result, "not-drained", "not-shown") === 0;
}

function cells(result: ChaosResult): string[] {
  // Of a queue that could not be drained nobody knows.
  const isKnown = isDrained(result);
  const lost = foundOf(result, ...LOSS);
  const numbers = [
    total(result, "confirmed"),
    isKnown || lost > 0 ? lost : "not known",
    foundOf(result, ...UNEXPECTED),
    foundOf(result, ...REPEATED),
  ];
  return numbers.map(String);
}

function comparison(ours: readonly ChaosResult[], theirs: readonly ChaosResult[]): string {
  const rows = theirs.flatMap((other) => {
    const own = ours.find((each) => keyOf(each) === keyOf(other));
    const lines = own === undefined ? [other] : [own, other];
    return lines.map((result) => [
      result.scenario,
      `${result.seed}`,
      `${result.seconds}`,
      result.product === "leveret" ? "Leveret" : `RabbitMQ ${result.version}`,
      ...cells(result),
      `${(result.servedMs / 1000).toFixed(1)}`,
      `${(Math.max(...result.workloads.map(({ longestGapMs }) => longestGapMs)) / 1000).toFixed(1)}`,
      verdictOf(result),
    ]);
  });
  const heads = ["scenario", "seed", "seconds", "broker", ...COUNTS];
  return format([...heads, "served after, s", "longest gap in confirms, s", "verdict"], rows);
}

function verdictOf(result: ChaosResult): string {
  const others = otherFindings(result);
  return others.length === 0 ? result.verdict : `${result.verdict}: ${others.join("; ")}`;
}

function recovery(results: readonly ChaosResult[]): string {
  const times = results.map(({ servedMs }) => servedMs).sort((a, b) => a - b);
  const at = (share: number): string => {
    const index = Math.min(times.length - 1, Math.floor(share * times.length));
    return ((times[index] ?? 0) / 1000).toFixed(1);
  };
  return `\nAfter the last fault, all clients of Leveret at all nodes were served within ${at(0.5)} s (median), ${at(0.99)} s at most. That counts the start of the nodes that were down, and clients that come back.\n`;
}

function format(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [heads, heads.map(() => "---"), ...rows];
  return lines.map((cells) => `| ${cells.join(" | ")} |\n`).join("");
}
