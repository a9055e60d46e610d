import type { PendingOperations } from "./pending-operations.ts";
import type { SequentialModel } from "./sequential-model.ts";
import type { StateTable } from "./state-table.ts";

const NO_STATE = -1;

/**
 * Which states the operations that are not placed yet can only be placed in, and which they can bring about. A state that
 * is still needed must not be left when nothing can bring it back: that order leads nowhere, however long the search would
 * go on with it. (A register that is written each value once becomes easy by this.)
 */
export class StateNeeds {
  /** By operation: number of a state, or NO_STATE. Only answered operations need something. */
  readonly #neededBy: Int32Array;
  readonly #leftBy: Int32Array;
  /** By state: operations not placed yet. */
  readonly #needing: Int32Array;
  readonly #leaving: Int32Array;
  /** The model cannot tell what some operation leaves behind: then nothing is known to be lost. */
  readonly #isGuessing: boolean;

  constructor(
    pending: PendingOperations,
    model: Pick<SequentialModel<unknown>, "needs" | "leaves" | "isReadOnly">,
    states: StateTable,
  ) {
    const numberOf = (key: string | undefined): number =>
      key === undefined ? NO_STATE : states.numberOf(key);
    const { operations, answeredCount } = pending;
    this.#neededBy = Int32Array.from(operations, (each, number) =>
      number < answeredCount ? numberOf(model.needs(each)) : NO_STATE,
    );
    this.#leftBy = Int32Array.from(operations, (each) =>
      model.isReadOnly(each) ? NO_STATE : numberOf(model.leaves(each)),
    );
    this.#isGuessing = operations.some(
      (each) => !model.isReadOnly(each) && model.leaves(each) === undefined,
    );
    this.#needing = new Int32Array(states.count);
    this.#leaving = new Int32Array(states.count);
    for (const number of operations.keys()) this.unlift(number);
  }

  lift(operation: number): void {
    this.#add(operation, -1);
  }

  unlift(operation: number): void {
    this.#add(operation, 1);
  }

  /** Some operation is possible in this state only, and none left can bring it about. */
  isIrreplaceable(state: number): boolean {
    return !this.#isGuessing && (this.#needing[state] ?? 0) > 0 && this.#leaving[state] === 0;
  }

  /** Like isIrreplaceable, of any state but this one. */
  isAnyMissing(state: number): boolean {
    return this.#needing.some((_count, each) => each !== state && this.isIrreplaceable(each));
  }

  #add(operation: number, by: number): void {
    const needed = this.#neededBy[operation] ?? NO_STATE;
    if (needed !== NO_STATE) this.#needing[needed] = (this.#needing[needed] ?? 0) + by;
    const left = this.#leftBy[operation] ?? NO_STATE;
    if (left !== NO_STATE) this.#leaving[left] = (this.#leaving[left] ?? 0) + by;
  }
}
