import { formatOperation, type Operation } from "./operation.ts";

/** invalid: a promise was broken. unknown: the history cannot show that it was kept; a test must not pass on it. */
export type Validity = "valid" | "invalid" | "unknown";

/** One broken promise. */
export interface Problem {
  /** Of a closed list that each checker names, such as "lost". */
  readonly kind: string;
  readonly text: string;
  /** What it is seen in, at most a few. */
  readonly operations: readonly Operation[];
}

/** What a checker found. */
export interface Verdict {
  readonly validity: Validity;
  /** The first of each kind; `problemCounts` has all. */
  readonly problems: readonly Problem[];
  readonly problemCounts: { readonly [kind: string]: number };
  /** Why the validity is unknown, or would be if there were no problems. */
  readonly doubts: readonly string[];
  /** What was looked at: operations, messages, and so on. To be printed with the verdict. */
  readonly counts: { readonly [what: string]: number };
}

/** Problems of one kind that are kept with their operations. */
const PROBLEMS_KEPT = 10;
const OPERATIONS_KEPT = 8;
const DOUBTS_KEPT = 20;

/** Collects what a checker finds, within bounds. */
export class Findings<Kind extends string> {
  readonly #problems: Problem[] = [];
  readonly #problemCounts = new Map<string, number>();
  readonly #doubts: string[] = [];
  readonly #counts = new Map<string, number>();

  problem(kind: Kind, text: string, operations: readonly Operation[]): void {
    const count = this.#problemCounts.get(kind) ?? 0;
    this.#problemCounts.set(kind, count + 1);
    if (count >= PROBLEMS_KEPT) return;
    this.#problems.push({ kind, text, operations: operations.slice(0, OPERATIONS_KEPT) });
  }

  doubt(text: string): void {
    if (this.#doubts.length < DOUBTS_KEPT) this.#doubts.push(text);
  }

  count(what: string, by: number): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + by);
  }

  countOf(what: string): number {
    return this.#counts.get(what) ?? 0;
  }

  verdict(): Verdict {
    return {
      validity: this.#validity(),
      problems: this.#problems,
      problemCounts: Object.fromEntries(this.#problemCounts),
      doubts: this.#doubts,
      counts: Object.fromEntries(this.#counts),
    };
  }

  #validity(): Validity {
    if (this.#problems.length > 0) return "invalid";
    return this.#doubts.length > 0 ? "unknown" : "valid";
  }
}

/** The verdict as text for a failing test: problems with their operations, doubts, counts. */
export function formatVerdict(verdict: Verdict): string {
  const lines: string[] = [verdict.validity];
  for (const [kind, count] of Object.entries(verdict.problemCounts))
    lines.push(`${kind}: ${count}`);
  for (const problem of verdict.problems) {
    lines.push(`- ${problem.kind}: ${problem.text}`);
    for (const operation of problem.operations) lines.push(`    ${formatOperation(operation)}`);
  }
  for (const doubt of verdict.doubts) lines.push(`? ${doubt}`);
  for (const [what, count] of Object.entries(verdict.counts)) lines.push(`${what}: ${count}`);
  return lines.join("\n");
}
