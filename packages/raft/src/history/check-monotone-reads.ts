import { groupBy } from "./format/group-by.ts";
import { formatOperation, HistoryError, type Operation } from "./format/operation.ts";
import { Findings, type Verdict } from "./format/verdict.ts";

/** How strong reads are meant to be. */
export interface MonotoneOptions {
  /** session: each process never goes back. strong: no read shows less than any read that was over before it began. */
  readonly scope: "session" | "strong";
}

/**
 * Whether a number that only grows (a version, an offset, an applied index) never goes back for its readers: operations of
 * kind `read` with the number as output. Problem kind: "went-back". Fewer than two reads of a key show nothing.
 * @throws HistoryError if an output is no number
 */
export function checkMonotoneReads(
  history: readonly Operation[],
  options: MonotoneOptions = { scope: "session" },
): Verdict {
  const findings = new Findings<"went-back">();
  const reads = history.filter((each) => each.kind === "read" && each.outcome === "ok");
  const isStrong = options.scope === "strong";
  const lanes = groupBy(reads, (each) => (isStrong ? each.key : `${each.key} ${each.process}`));
  for (const lane of lanes.values()) checkLane(lane, findings);
  findings.count("reads", reads.length);
  if (!Array.from(lanes.values()).some((lane) => lane.length > 1)) {
    findings.doubt("no reader read twice");
  }
  return findings.verdict();
}

/** Compares each read with the highest of those that were over before it began; the same time stamp is no order. */
function checkLane(reads: readonly Operation[], findings: Findings<"went-back">): void {
  const begun = reads.toSorted((left, right) => left.invokedAt - right.invokedAt);
  const ended = reads.toSorted((left, right) => left.completedAt - right.completedAt);
  let endedCount = 0;
  let highest: Operation | undefined;
  for (const read of begun) {
    let over = ended[endedCount];
    while (over !== undefined && over.completedAt < read.invokedAt) {
      if (highest === undefined || numberOf(over) > numberOf(highest)) highest = over;
      endedCount++;
      over = ended[endedCount];
    }
    if (highest === undefined || numberOf(read) >= numberOf(highest)) continue;
    const text = `${read.key} went back from ${numberOf(highest)} to ${numberOf(read)}`;
    findings.problem("went-back", text, [highest, read]);
  }
}

function numberOf(read: Operation): number {
  if (typeof read.output === "number") return read.output;
  throw new HistoryError(`no number was read: ${formatOperation(read)}`);
}
