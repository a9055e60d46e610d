import type { Operation } from "../format/operation.ts";

/**
 * How one object (register, lock, element of a set) behaves when it is used by one caller at a time. `S`: its state, a
 * plain value that is never changed in place. The output of an operation with unknown outcome means nothing.
 */
export interface SequentialModel<S> {
  readonly name: string;
  readonly initial: S;
  /**
   * The state after `operation`, or undefined if it cannot have happened in `state` with that output. An operation with
   * unknown outcome that has no effect in `state` leaves it as it is.
   * @throws HistoryError for a kind or an input that the model does not know
   */
  step(state: S, operation: Operation): S | undefined;
  /** Equal for equal states only. Also shown to people. */
  stateKey(state: S): string;
  /** It changes no state, whichever it meets. Such operations need no search: see linearization-search.ts. */
  isReadOnly(operation: Operation): boolean;
  /** The key of the one state in which it is possible with its output; undefined if there are several. */
  needs(operation: Operation): string | undefined;
  /** The key of the state behind it, if it has an effect at all; undefined if that depends on the state before. */
  leaves(operation: Operation): string | undefined;
  /** `step` looks at the process, so that the same call by another one is another operation. */
  readonly isAboutProcess: boolean;
  /** It is possible in each state and leaves the same one behind, so that what came before it stays unseen. */
  isBlind(operation: Operation): boolean;
}
