import { canonicalJson, type Operation } from "../format/operation.ts";
import { OperationList } from "./operation-list.ts";
import type { SequentialModel } from "./sequential-model.ts";

/**
 * The operations of one object that the search still has to place. Those that were answered are numbered from 0 in the
 * order of their answers, then come those with unknown outcome in the order of their invocation. Failed ones had no
 * effect and unknown reads tell nothing: both are left out.
 */
export class PendingOperations {
  /** By number. */
  readonly operations: readonly Operation[];
  readonly answeredCount: number;
  readonly answered: OperationList;
  /** Numbers of this list start at 0: take `answeredCount` off. */
  readonly unanswered: OperationList;
  /** For each answered operation: how many answered ones were invoked no later than it was answered. */
  readonly #invokedBefore: Int32Array;
  /** For each unanswered one: the last earlier one that is the same call, as numbers of that list; -1 if there is none. */
  readonly #twinBefore: Int32Array;
  readonly #isPlaced: Uint8Array;
  #placedAnswered = 0;

  constructor(
    history: readonly Operation[],
    model: Pick<SequentialModel<unknown>, "isReadOnly" | "isAboutProcess">,
  ) {
    const answered = history.filter((each) => each.outcome === "ok");
    answered.sort((left, right) => left.completedAt - right.completedAt);
    const unanswered = history.filter(
      (each) => each.outcome === "unknown" && !model.isReadOnly(each),
    );
    unanswered.sort((left, right) => left.invokedAt - right.invokedAt);
    this.operations = [...answered, ...unanswered];
    this.answeredCount = answered.length;
    this.answered = new OperationList(answered.length);
    this.unanswered = new OperationList(unanswered.length);
    this.#invokedBefore = countInvokedBefore(answered);
    this.#twinBefore = findTwins(unanswered, model.isAboutProcess);
    this.#isPlaced = new Uint8Array(this.operations.length);
  }

  get placedAnswered(): number {
    return this.#placedAnswered;
  }

  get isAllAnsweredPlaced(): boolean {
    return this.#placedAnswered === this.answeredCount;
  }

  /** The one whose answer came first: nothing that was invoked after that answer can be placed before it. */
  get deadline(): number {
    return this.answered.first;
  }

  /** Answered operations that can be placed next, the deadline among them. */
  get candidateCount(): number {
    return (this.#invokedBefore[this.deadline] ?? 0) - this.#placedAnswered;
  }

  isAnswered(operation: number): boolean {
    return operation < this.answeredCount;
  }

  /** Whether it can be placed next, its effect put aside: it was invoked before the first answer that is still to be placed. */
  isCandidate(operation: number): boolean {
    const deadline = this.operations[this.deadline];
    const asked = this.operations[operation];
    // At the same time stamp they may have overlapped: a coarse clock must not make a valid history invalid.
    return deadline !== undefined && asked !== undefined && asked.invokedAt <= deadline.completedAt;
  }

  /**
   * Unanswered operations that are the same call can take each other's place: only the first of them that is not placed
   * needs to be tried. True for another one.
   */
  isBehindTwin(operation: number): boolean {
    const twin = this.#twinBefore[operation - this.answeredCount] ?? -1;
    return twin !== -1 && this.#isPlaced[this.answeredCount + twin] === 0;
  }

  lift(operation: number): void {
    this.#isPlaced[operation] = 1;
    if (this.isAnswered(operation)) {
      this.answered.lift(operation);
      this.#placedAnswered++;
    } else {
      this.unanswered.lift(operation - this.answeredCount);
    }
  }

  unlift(operation: number): void {
    this.#isPlaced[operation] = 0;
    if (this.isAnswered(operation)) {
      this.answered.unlift(operation);
      this.#placedAnswered--;
    } else {
      this.unanswered.unlift(operation - this.answeredCount);
    }
  }

  /** The answered operations that could be placed next, in the order of their answers. */
  candidates(): Operation[] {
    const found: Operation[] = [];
    const count = this.candidateCount;
    let each = this.answered.first;
    while (found.length < count) {
      const operation = this.operations[each];
      if (operation === undefined) break;
      if (this.isCandidate(each)) found.push(operation);
      each = this.answered.after(each);
    }
    return found;
  }
}

function countInvokedBefore(answered: readonly Operation[]): Int32Array {
  const invocations = Float64Array.from(answered, (each) => each.invokedAt).sort();
  const counts = new Int32Array(answered.length);
  let count = 0;
  for (const [number, operation] of answered.entries()) {
    while ((invocations[count] ?? Number.POSITIVE_INFINITY) <= operation.completedAt) count++;
    counts[number] = count;
  }
  return counts;
}

function findTwins(unanswered: readonly Operation[], isAboutProcess: boolean): Int32Array {
  const last = new Map<string, number>();
  return Int32Array.from(unanswered, ({ kind, input, process }, number) => {
    const call = canonicalJson([kind, input, isAboutProcess ? process : null]);
    const twin = last.get(call) ?? -1;
    last.set(call, number);
    return twin;
  });
}
