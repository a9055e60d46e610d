import { quantile, slopeOf } from "./slope.ts";
import type { OpenThings } from "./soak-nodes.ts";
import type { LoadSample, NodeSample } from "./soak-sample.ts";

/** A process grows while it gets to know its load: what it does after so long is its trend, s. */
const WARM_UP_S = 90;
/** Of a life that is looked at for a trend. */
const TREND_MIN_S = 60;
/** Growth by which a later time is still as an earlier one: shares, and MiB where that is more. */
const FLAT_SHARE = 0.3;
const FLAT_MIB = 64;
const HANDLES_MORE = 20;
/** Times that are too short to matter, ms. */
const LATENCY_FLOOR_MS = 100;
const SHOWN_EVERY_S = 60;

export interface SoakRestart {
  readonly atS: number;
  readonly node: number;
  readonly stopMs: number;
  readonly readyMs: number;
}

export interface SoakReport {
  readonly commit: string;
  readonly startedAt: string;
  readonly minutes: number;
  /** Confirms a second, found by publishing as fast as possible. */
  readonly maxRate: number;
  readonly targetRate: number;
  readonly nodes: readonly NodeSample[];
  readonly load: readonly LoadSample[];
  readonly restarts: readonly SoakRestart[];
  readonly confirmed: number;
  readonly delivered: number;
  /** Confirmed, and never delivered. */
  readonly lost: number;
  readonly duplicated: number;
  readonly churned: number;
  /** Before the churn, and after it. */
  readonly openBefore: OpenThings;
  readonly openAfter: OpenThings;
}

/** What one node did in one life, once it was warm. */
interface Trend {
  readonly node: number;
  readonly life: number;
  readonly fromS: number;
  readonly toS: number;
  readonly rssMibPerHour: number;
  readonly handlesPerHour: number;
  readonly diskMibPerHour: number;
}

function trendsOf(samples: readonly NodeSample[]): Trend[] {
  const lives = new Map<string, NodeSample[]>();
  for (const sample of samples) {
    if (sample.ageS < WARM_UP_S) continue;
    const key = `${sample.node} ${sample.life}`;
    const known = lives.get(key);
    if (known === undefined) lives.set(key, [sample]);
    else known.push(sample);
  }
  return [...lives.values()].flatMap((life): Trend[] => {
    const [first] = life;
    const last = life.at(-1);
    if (first === undefined || last === undefined || last.atS - first.atS < TREND_MIN_S) return [];
    const perHour = (of: (sample: NodeSample) => number): number =>
      slopeOf(life.map((sample) => ({ x: sample.atS / 3600, y: of(sample) })));
    const { node, life: number } = first;
    return [
      {
        node,
        life: number,
        fromS: first.atS,
        toS: last.atS,
        rssMibPerHour: perHour(({ rssMib }) => rssMib),
        handlesPerHour: perHour(({ handles }) => handles),
        diskMibPerHour: perHour(({ diskMib }) => diskMib),
      },
    ];
  });
}

/** What is not as it should be; empty: nothing. */
export function soakProblems(report: SoakReport): string[] {
  const problems: string[] = [];
  if (report.lost > 0) problems.push(`${report.lost} confirmed messages never came`);
  if (report.duplicated > 0) problems.push(`${report.duplicated} came twice without the mark`);
  for (const [what, before] of Object.entries(report.openBefore)) {
    const after = Number(Object.entries(report.openAfter).find(([name]) => name === what)?.[1]);
    if (after !== before) problems.push(`${what}: ${before} before the churn, ${after} after it`);
  }
  return [...problems, ...growth(report)];
}

/** The last third of the time against the first one, once all are warm. */
function growth({ nodes, load, minutes }: SoakReport): string[] {
  const thirdS = (minutes * 60) / 3;
  const early = nodes.filter(({ atS, ageS }) => atS < thirdS && ageS > WARM_UP_S);
  const late = nodes.filter(({ atS, ageS }) => atS > 2 * thirdS && ageS > WARM_UP_S);
  const problems: string[] = [];
  const compare = (what: string, of: (sample: NodeSample) => number, slack: number): void => {
    const before = quantile(early.map(of), 0.9);
    const after = quantile(late.map(of), 0.9);
    if (early.length === 0 || late.length === 0) return;
    if (after > before + slack && after > before * (1 + FLAT_SHARE)) {
      problems.push(`${what} grew from ${before.toFixed(0)} to ${after.toFixed(0)}`);
    }
  };
  compare("resident set, MiB,", ({ rssMib }) => rssMib, FLAT_MIB);
  compare("disk, MiB,", ({ diskMib }) => diskMib, FLAT_MIB);
  compare("file handles", ({ handles }) => handles, HANDLES_MORE);
  const first = load.filter(({ atS }) => atS < thirdS);
  const last = load.filter(({ atS }) => atS > 2 * thirdS);
  // On a machine that others made busier meanwhile, everybody is slower.
  if (busyness(last) > busyness(first) * (1 + FLAT_SHARE)) return problems;
  const latency = (some: readonly LoadSample[]): number =>
    quantile(
      some.map(({ p99Ms }) => p99Ms),
      0.5,
    );
  const before = latency(first);
  const after = latency(last);
  if (after > LATENCY_FLOOR_MS && after > before * 2) {
    problems.push(`p99 of confirms grew from ${before.toFixed(0)} to ${after.toFixed(0)} ms`);
  }
  return problems;
}

function busyness(some: readonly LoadSample[]): number {
  return quantile(
    some.map(({ loadAverage }) => loadAverage),
    0.5,
  );
}

/** Figures for the documents. */
export function soakPage(report: SoakReport, remark: string): string {
  const { commit, startedAt, minutes, maxRate, targetRate } = report;
  const problems = soakProblems(report);
  return [
    "# Soak results\n\nThree nodes on one machine under steady load, with clients and queues that come and go, and rolling restarts. Made by ",
    "`npm run soak`; not edited by hand. What it does: [chaos tests](chaos.md#soak). Times and rates are those of the machine, two cores, with whatever else these had to do.\n\n",
    `Commit ${commit}, ${startedAt}, ${minutes} minutes. As fast as possible: ${Math.round(maxRate)} confirms/s; load: ${Math.round(targetRate)}/s (70 %). `,
    `${report.confirmed} confirmed, ${report.delivered} delivered, ${report.lost} lost, ${report.duplicated} doubled without mark; `,
    `${report.churned} clients came and went; ${report.restarts.length} restarts.\n\n`,
    problems.length === 0
      ? "Nothing grew, nothing was left over.\n\n"
      : `Problems: ${problems.join("; ")}.\n\n`,
    remark === "" ? "" : `${remark}\n\n`,
    "## Trends\n\nOf each life of a node longer than that, from its 90th second on.\n\n",
    trendTable(trendsOf(report.nodes)),
    "\n## Each minute\n\n",
    minuteTable(report),
    "\n## Restarts\n\n",
    restartTable(report.restarts),
    "\n## Open before and after the churn\n\n",
    openTable(report),
  ].join("");
}

function trendTable(trends: readonly Trend[]): string {
  const rows = trends.map((trend) => [
    `${trend.node + 1}`,
    `${Math.round(trend.fromS)} to ${Math.round(trend.toS)}`,
    trend.rssMibPerHour.toFixed(1),
    trend.handlesPerHour.toFixed(1),
    trend.diskMibPerHour.toFixed(1),
  ]);
  return format(["node", "seconds", "resident set, MiB/h", "handles/h", "disk, MiB/h"], rows);
}

function minuteTable({ nodes, load, minutes }: SoakReport): string {
  const rows: string[][] = [];
  for (let atS = 0; atS < minutes * 60; atS += SHOWN_EVERY_S) {
    const within = ({ atS: each }: { readonly atS: number }): boolean =>
      each >= atS && each < atS + SHOWN_EVERY_S;
    const loads = load.filter(within);
    const samples = nodes.filter(within);
    if (loads.length === 0) continue;
    const of = (node: number, what: (sample: NodeSample) => number): string =>
      quantile(samples.filter((each) => each.node === node).map(what), 0.5).toFixed(0);
    const all = (what: (sample: NodeSample) => number): string =>
      [0, 1, 2].map((node) => of(node, what)).join(" / ");
    rows.push([
      `${atS / SHOWN_EVERY_S}`,
      quantile(
        loads.map(({ confirmsPerS }) => confirmsPerS),
        0.5,
      ).toFixed(0),
      quantile(
        loads.map(({ p50Ms }) => p50Ms),
        0.5,
      ).toFixed(1),
      quantile(
        loads.map(({ p99Ms }) => p99Ms),
        0.5,
      ).toFixed(1),
      // Nobody has looked.
      busyness(loads) === 0 ? "?" : busyness(loads).toFixed(1),
      all(({ rssMib }) => rssMib),
      all(({ handles }) => handles),
      all(({ diskMib }) => diskMib),
    ]);
  }
  const heads = [
    "minute",
    "confirms/s",
    "p50, ms",
    "p99, ms",
    "load average",
    "resident set, MiB",
    "handles",
    "disk, MiB",
  ];
  return format(heads, rows);
}

function restartTable(restarts: readonly SoakRestart[]): string {
  const rows = restarts.map(({ atS, node, stopMs, readyMs }) => [
    `${Math.round(atS)}`,
    `${node + 1}`,
    `${stopMs}`,
    `${readyMs}`,
  ]);
  return format(["second", "node", "stopped after, ms", "serves after, ms"], rows);
}

function openTable({ openBefore, openAfter }: SoakReport): string {
  const after = new Map(Object.entries(openAfter));
  const rows = Object.entries(openBefore).map(([what, count]) => [
    what,
    `${count}`,
    `${after.get(what)}`,
  ]);
  return format(["what", "before", "after"], rows);
}

function format(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [heads, heads.map(() => "---"), ...rows];
  return lines.map((cells) => `| ${cells.join(" | ")} |\n`).join("");
}
