import { groupBy } from "../format/group-by.ts";
import { formatOperation, type Operation } from "../format/operation.ts";
import { Findings, type Verdict } from "../format/verdict.ts";
import { type Obstacle, type SearchLimits, searchLinearization } from "./linearization-search.ts";
import type { SequentialModel } from "./sequential-model.ts";

/** Bounds of a check; what exceeds them is unknown, never valid. */
export interface LinearizabilityLimits extends SearchLimits {
  readonly operationsPerKeyMax: number;
}

const MIB = 1024 * 1024;

export const LINEARIZABILITY_LIMITS: LinearizabilityLimits = {
  operationsPerKeyMax: 10_000,
  stepsMax: 200_000_000,
  memoryMax: 512 * MIB,
};

/** Operations at the end of the prefix that an explanation shows. */
const PREFIX_SHOWN = 20;
const CONCURRENT_SHOWN = 10;

/**
 * Whether the history could come from one copy of each object, used by one caller at a time, each operation taking effect at
 * one moment between its invocation and its answer (Herlihy and Wing 1990). Objects are told apart by `key` and checked
 * alone, which is as good (linearizability is local). Problem kind: "not-linearizable", with an explanation. A
 * history without a single answered operation, and one beyond the limits, is unknown.
 * @throws HistoryError if the model does not know an operation
 */
export function checkLinearizability<S>(
  history: readonly Operation[],
  model: SequentialModel<S>,
  limits: LinearizabilityLimits = LINEARIZABILITY_LIMITS,
): Verdict {
  const findings = new Findings<"not-linearizable">();
  const keys = groupBy(history, (each) => each.key);
  for (const [key, operations] of keys) checkKey({ key, operations }, model, limits, findings);
  const answered = history.filter((each) => each.outcome === "ok").length;
  if (answered === 0) findings.doubt("no operation was answered");
  findings.count("keys", keys.size);
  findings.count("operations", history.length);
  findings.count("answered", answered);
  return findings.verdict();
}

interface KeyHistory {
  readonly key: string;
  readonly operations: readonly Operation[];
}

function checkKey<S>(
  { key, operations }: KeyHistory,
  model: SequentialModel<S>,
  limits: LinearizabilityLimits,
  findings: Findings<"not-linearizable">,
): void {
  if (operations.length > limits.operationsPerKeyMax) {
    findings.doubt(`${key}: more than ${limits.operationsPerKeyMax} operations`);
    return;
  }
  const result = searchLinearization(operations, model, limits);
  findings.count("steps", result.steps);
  switch (result.kind) {
    case "linearizable":
      return;
    case "impossible": {
      const text = explainObstacle(`${model.name} ${key}`, result.obstacle);
      findings.problem("not-linearizable", text, [result.obstacle.blocked]);
      return;
    }
    case "given-up":
      findings.doubt(`${key}: search given up, ${result.why}`);
      return;
    default:
      result satisfies never;
  }
}

/** The obstacle as lines for people: how far it went, what the state was, what did not fit, what could have helped. */
export function explainObstacle(object: string, obstacle: Obstacle): string {
  const { prefix, state, blocked, concurrent } = obstacle;
  const hidden = Math.max(0, prefix.length - PREFIX_SHOWN);
  const lines = [
    `${object} is not linearizable. Longest order that works: ${prefix.length} operations`,
  ];
  if (hidden > 0) lines.push(`  ... ${hidden} operations`);
  for (const each of prefix.slice(hidden)) lines.push(`  ${formatOperation(each)}`);
  lines.push(`state then: ${state}`);
  lines.push(`no place for: ${formatOperation(blocked)}`);
  for (const each of concurrent.slice(0, CONCURRENT_SHOWN)) {
    lines.push(`  overlaps with: ${formatOperation(each)}`);
  }
  return lines.join("\n");
}
