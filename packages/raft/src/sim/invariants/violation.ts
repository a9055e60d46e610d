/** Names of what is checked; the numbers are those of fault-testing 4.3 in the design documents. */
export type Invariant =
  | "election-safety"
  | "leader-append-only"
  | "log-matching"
  | "committed-forever"
  | "leader-completeness"
  | "state-machine-safety"
  | "monotony"
  | "durability"
  | "quorum-commit"
  | "membership"
  | "fences"
  | "memory"
  | "linearizability"
  | "confirmed-forever"
  | "liveness"
  | "convergence"
  | "leak"
  | "recovery"
  | "crash"
  | "interface"
  | "determinism"
  | "workload";

/** A property that has to hold at each step does not. */
export class InvariantViolation extends Error {
  override readonly name = "InvariantViolation";
  readonly invariant: Invariant;

  constructor(invariant: Invariant, message: string) {
    super(`${invariant}: ${message}`);
    this.invariant = invariant;
  }
}

/** @throws InvariantViolation with what `describe` says unless `condition` holds; called for each step, so lazily */
export function ensure(
  condition: boolean,
  invariant: Invariant,
  describe: () => string,
): asserts condition {
  if (!condition) throw new InvariantViolation(invariant, describe());
}
