import type { ChaosOutcome } from "../chaos-run.ts";
import type { Product } from "../cluster/chaos-cluster.ts";
import type { TimelineEntry } from "../timeline.ts";
import type { Finding, WorkloadFigures } from "../workloads/workload.ts";

/** What one run of a scenario did and found; an artefact as JSON. */
export interface ChaosResult extends Omit<ChaosOutcome, "findings"> {
  readonly product: Product;
  readonly version: string;
  /** Of the tests, and of the broker if it is ours; with a "+" if there were changes. */
  readonly commit: string;
  readonly scenario: string;
  readonly seed: number;
  readonly seconds: number;
  readonly nodes: number;
  readonly startedAt: string;
  readonly verdict: "pass" | "fail";
  readonly findings: readonly (Finding & { readonly workload: string })[];
  readonly workloads: readonly WorkloadReport[];
  readonly timeline: readonly TimelineEntry[];
  /** The line that repeats it. */
  readonly repeat: string;
}

interface WorkloadReport extends WorkloadFigures {
  readonly name: string;
  /** What the checkers looked at. */
  readonly counts: Readonly<Record<string, number>>;
}

/** Sum over the workloads. */
export function total(
  { workloads }: Pick<ChaosResult, "workloads">,
  name: keyof WorkloadFigures,
): number {
  return workloads.reduce((sum, each) => sum + each[name], 0);
}

/** How often something was found, in all workloads. */
export function foundOf(
  { findings }: Pick<ChaosResult, "findings">,
  ...kinds: readonly string[]
): number {
  const some = findings.filter(({ kind }) => kinds.includes(kind));
  return some.reduce((sum, { count }) => sum + count, 0);
}

/** Kinds that have a place of their own in the table. */
export const LOSS = ["lost"] as const;
export const UNEXPECTED = ["unexpected"] as const;
export const REPEATED = ["duplicated"] as const;

/** What is found that is not of these kinds, such as "not-drained", for people. */
export function otherFindings({ findings }: Pick<ChaosResult, "findings">): string[] {
  const known: readonly string[] = [...LOSS, ...UNEXPECTED, ...REPEATED];
  return findings
    .filter(({ kind }) => !known.includes(kind))
    .map(({ workload, kind, count }) => `${workload}: ${kind}${count === 1 ? "" : ` x ${count}`}`);
}

/** The verdict, for the end of a run. */
export function formatResult(result: ChaosResult): string {
  const { scenario, product, version, findings, verdict } = result;
  const lines = result.workloads.map(
    ({ name, published, confirmed, resent, delivered, longestGapMs }) => {
      const gap =
        longestGapMs > 0 ? `; longest gap in confirms ${Math.round(longestGapMs)} ms` : "";
      return `${name}: ${published} asked, ${confirmed} confirmed, ${resent} sent again, ${delivered} delivered${gap}`;
    },
  );
  for (const { workload, kind, count, text } of findings) {
    lines.push(
      `FOUND in ${workload}: ${kind} x ${count}`,
      ...text.split("\n").map((line) => `    ${line}`),
    );
  }
  const counts = `lost ${foundOf(result, ...LOSS)}, unexpected ${foundOf(result, ...UNEXPECTED)}, duplicated ${foundOf(result, ...REPEATED)}`;
  const times = `served after ${result.servedMs} ms, synced after ${result.syncedMs} ms, drained in ${result.drainMs} ms`;
  return [
    ...lines,
    `${scenario}, ${product} ${version}: ${result.faults} faults; ${counts}; ${times}`,
    `again: ${result.repeat}`,
    `verdict: ${verdict}`,
  ].join("\n");
}
