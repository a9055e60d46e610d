import { HistoryError, type Json, type Operation, type Outcome } from "./operation.ts";

/** What is known of an operation when it starts. */
export interface Invocation {
  readonly process: number;
  readonly kind: string;
  readonly key: string;
  readonly input: Json;
  readonly at: number;
}

/** What is known when it ended. */
export interface Completion {
  readonly outcome: Outcome;
  readonly output: Json;
  readonly at: number;
}

/** Operations of one recorder; more is a mistake in the test's size. */
export const OPERATIONS_MAX = 5_000_000;

/** Collects a history while it happens. Operations that never complete have an unknown outcome. */
export class HistoryRecorder {
  readonly #operationsMax: number;
  /** In order of invocation: an Invocation while the operation is under way. */
  readonly #operations: (Operation | Invocation)[] = [];

  constructor(operationsMax: number = OPERATIONS_MAX) {
    this.#operationsMax = operationsMax;
  }

  get count(): number {
    return this.#operations.length;
  }

  /** Starts an operation; returns the number by which it is completed. @throws HistoryError if there are too many */
  invoke(invocation: Invocation): number {
    this.#checkRoom();
    return this.#operations.push(invocation) - 1;
  }

  /** @throws HistoryError if the number is unknown, was completed before, or ends before it started */
  complete(id: number, completion: Completion): void {
    const started = this.#operations[id];
    if (started === undefined) throw new HistoryError(`operation ${id} was never invoked`);
    if ("outcome" in started) throw new HistoryError(`operation ${id} is completed twice`);
    this.#operations[id] = finish(started, completion);
  }

  /** Adds an operation that is over, such as a delivery. @throws HistoryError as invoke and complete do */
  add(invocation: Invocation, completion: Completion): void {
    this.#checkRoom();
    this.#operations.push(finish(invocation, completion));
  }

  /** All operations so far, in the order of their invocation as far as it was recorded so. */
  operations(): Operation[] {
    return this.#operations.map((each) => ("outcome" in each ? each : finish(each, NO_ANSWER)));
  }

  #checkRoom(): void {
    if (this.#operations.length >= this.#operationsMax) {
      throw new HistoryError(`more than ${this.#operationsMax} operations`);
    }
  }
}

const NO_ANSWER: Completion = { outcome: "unknown", output: null, at: Number.POSITIVE_INFINITY };

function finish(started: Invocation, completion: Completion): Operation {
  const { process, kind, key, input, at: invokedAt } = started;
  const { outcome, output } = completion;
  // The caller gave up at that time, but the operation goes on without it.
  const completedAt = outcome === "unknown" ? Number.POSITIVE_INFINITY : completion.at;
  if (!(completedAt >= invokedAt)) {
    throw new HistoryError(`operation invoked at ${invokedAt} is completed at ${completedAt}`);
  }
  return { process, kind, key, input, output, invokedAt, completedAt, outcome };
}
