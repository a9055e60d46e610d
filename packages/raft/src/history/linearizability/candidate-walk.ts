import type { PendingOperations } from "./pending-operations.ts";
import type { SequentialModel } from "./sequential-model.ts";

/** No operation is left to try. */
export const NO_CANDIDATE = -1;

/** The order in which the operations that can come next are tried; see {@link CandidateWalk}. */
const STAGES = [
  "read-only",
  "deadline",
  "answered-enabling",
  "unanswered-enabling",
  "answered",
  "unanswered",
] as const;
type Stage = (typeof STAGES)[number] | "over";

/** What a walk needs to know of the search that it is part of. */
export interface WalkContext<S> {
  readonly pending: PendingOperations;
  readonly model: SequentialModel<S>;
  /** Counts the operations looked at. */
  steps: number;
}

/**
 * Gives, one after the other, the operations that may be placed after a given beginning, the most promising first:
 *
 * 1. An operation that changes no state and is possible now. There is no need to try anything else then: in whatever
 *    order the rest can be placed, it can be so with this one in front.
 * 2. The deadline, the operation whose answer came first. Placing others only when needed keeps them for later.
 * 3. Operations after which the deadline is possible, answered ones first.
 * 4. All others.
 *
 * Operations with unknown outcome need not be placed at all. So they are passed over when they change nothing, and
 * nothing blind is placed directly behind one (the same order without it would do), nor one before its twin.
 *
 * Some come up twice, in 3 and 4; the search's memory drops the second. While a walk is not the innermost one, whatever is
 * lifted out of the lists is put back before it goes on, so its place in them stays right.
 */
export class CandidateWalk<S> {
  readonly #context: WalkContext<S>;
  readonly #state: S;
  readonly #isBehindUnanswered: boolean;
  #stage: Stage = "read-only";
  /** The last one looked at in this stage, and how many candidates have been seen. */
  #cursor: number;
  #seen = 0;

  constructor(context: WalkContext<S>, state: S, isBehindUnanswered: boolean) {
    this.#context = context;
    this.#state = state;
    this.#isBehindUnanswered = isBehindUnanswered;
    this.#cursor = context.pending.answered.end;
  }

  get state(): S {
    return this.#state;
  }

  /** The next operation to try, possible in this state, or NO_CANDIDATE. */
  next(): number {
    for (;;) {
      const found = this.#nextOfStage();
      if (found !== NO_CANDIDATE) {
        if (this.#stage === "read-only") this.#stage = "over";
        return found;
      }
      if (this.#stage === "over") return NO_CANDIDATE;
      this.#enter(STAGES[STAGES.indexOf(this.#stage) + 1] ?? "over");
    }
  }

  #enter(stage: Stage): void {
    const { answered, unanswered } = this.#context.pending;
    this.#stage = stage;
    this.#seen = 0;
    this.#cursor = stage.startsWith("unanswered") ? unanswered.end : answered.end;
  }

  #nextOfStage(): number {
    switch (this.#stage) {
      case "deadline":
        return this.#tryDeadline();
      case "read-only":
      case "answered-enabling":
      case "answered":
        return this.#nextAnswered();
      case "unanswered-enabling":
      case "unanswered":
        return this.#nextUnanswered();
      case "over":
        return NO_CANDIDATE;
      default:
        return this.#stage satisfies never;
    }
  }

  #tryDeadline(): number {
    const { deadline } = this.#context.pending;
    if (this.#seen > 0) return NO_CANDIDATE;
    this.#seen = 1;
    return this.#isWanted(deadline) ? deadline : NO_CANDIDATE;
  }

  #nextAnswered(): number {
    const { pending } = this.#context;
    const { answered, candidateCount } = pending;
    while (this.#seen < candidateCount) {
      this.#cursor = answered.after(this.#cursor);
      this.#context.steps++;
      if (this.#cursor === answered.end) break;
      if (!pending.isCandidate(this.#cursor)) continue;
      this.#seen++;
      if (this.#isWanted(this.#cursor)) return this.#cursor;
    }
    return NO_CANDIDATE;
  }

  #nextUnanswered(): number {
    const { pending } = this.#context;
    const { unanswered, answeredCount } = pending;
    for (;;) {
      const after = unanswered.after(this.#cursor);
      this.#context.steps++;
      if (after === unanswered.end || !pending.isCandidate(answeredCount + after)) {
        return NO_CANDIDATE;
      }
      this.#cursor = after;
      if (this.#isWanted(answeredCount + after)) return answeredCount + after;
    }
  }

  #isWanted(number: number): boolean {
    const { pending, model } = this.#context;
    const operation = pending.operations[number];
    if (operation === undefined) return false;
    if (this.#stage === "read-only" && !model.isReadOnly(operation)) return false;
    if (this.#isBehindUnanswered && model.isBlind(operation)) return false;
    if (pending.isBehindTwin(number)) return false;
    const after = model.step(this.#state, operation);
    if (after === undefined) return false;
    if (!pending.isAnswered(number) && this.#isUnchanged(after)) return false;
    return !this.#stage.endsWith("enabling") || this.#isDeadlinePossible(number, after);
  }

  #isUnchanged(after: S): boolean {
    const { model } = this.#context;
    return after === this.#state || model.stateKey(after) === model.stateKey(this.#state);
  }

  #isDeadlinePossible(number: number, after: S): boolean {
    const { pending, model } = this.#context;
    const deadline = pending.operations[pending.deadline];
    if (deadline === undefined || number === pending.deadline) return false;
    // Behind a blind deadline nothing is gained by placing another one first.
    return !model.isBlind(deadline) && model.step(after, deadline) !== undefined;
  }
}
