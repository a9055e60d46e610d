import { groupBy } from "./format/group-by.ts";
import { member, type Operation } from "./format/operation.ts";
import { Findings, type Verdict } from "./format/verdict.ts";

/** A stretch of time in which a process was sure to be the one. */
interface ActiveInterval {
  readonly from: number;
  readonly to: number;
  readonly operation: Operation;
}

/**
 * Whether each key had one active holder at a time: the single active consumer of a queue, the leader of a group. An
 * operation of kind `active` is one stretch: invoked when the process learnt that it is active, completed when it learnt that
 * it is not any more. Unknown: it never learnt; then it was active as long as `output.lastActiveAt` says, if that is there,
 * and for a moment otherwise. Failed: it never was. `slackMs`: overlap that the way of the news explains.
 * Problem kind: "overlap". Without any stretch the verdict is unknown.
 */
export function checkExclusivity(history: readonly Operation[], slackMs = 0): Verdict {
  const findings = new Findings<"overlap">();
  const active = history.filter((each) => each.kind === "active" && each.outcome !== "fail");
  for (const [key, operations] of groupBy(active, (each) => each.key)) {
    const intervals = operations.map(intervalOf);
    intervals.sort((left, right) => left.from - right.from);
    checkKey(key, intervals, slackMs, findings);
  }
  findings.count("active intervals", active.length);
  if (active.length === 0) findings.doubt("nothing was active");
  return findings.verdict();
}

function intervalOf(operation: Operation): ActiveInterval {
  const { invokedAt: from, completedAt, outcome, output } = operation;
  if (outcome === "ok") return { from, to: completedAt, operation };
  const last = member(output, "lastActiveAt");
  return { from, to: typeof last === "number" ? Math.max(from, last) : from, operation };
}

function checkKey(
  key: string,
  intervals: readonly ActiveInterval[],
  slackMs: number,
  findings: Findings<"overlap">,
): void {
  /** The one that ends last of those before. */
  let longest: ActiveInterval | undefined;
  for (const interval of intervals) {
    const overlap = Math.min(longest?.to ?? 0, interval.to) - interval.from;
    // The same process may be told twice.
    const isOther = longest?.operation.process !== interval.operation.process;
    if (longest !== undefined && isOther && overlap > slackMs) {
      const text = `${key} had two active at a time for ${overlap} ms`;
      findings.problem("overlap", text, [longest.operation, interval.operation]);
    }
    if (longest === undefined || interval.to > longest.to) longest = interval;
  }
}
