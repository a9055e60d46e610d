import { INITIAL_INDEX, INITIAL_TERM } from "../../../../raft/src/store/log-store.ts";
import type { AppendStep, OtherStep, SnapshotPosition } from "./journal.ts";

/** What a log store shows of a group. */
export interface GroupState {
  readonly term: number;
  readonly vote: number;
  readonly commit: number;
  readonly compactedIndex: number;
  readonly lastIndex: number;
  termAt(index: number): number | undefined;
}

/** What is known of a group: what was reported durable, and what was handed to the store after that. */
export class GroupModel {
  readonly groupId: number;
  /** The store has reported it created: it has to be there, unless its deletion was asked for. */
  isCreated = false;
  isDeletionAsked = false;
  #hardState: readonly [term: number, vote: number, commit: number] = [
    INITIAL_TERM,
    0,
    INITIAL_INDEX,
  ];
  #terms = new Map<number, number>();
  #lastIndex: number = INITIAL_INDEX;
  readonly #pending: AppendStep[] = [];
  #durableSeq = 0;
  /** The newest snapshot that was reported saved or installed, and those that may have been. */
  #snapshots: SnapshotPosition[] = [{ index: INITIAL_INDEX, term: INITIAL_TERM }];
  #compactTo: number = INITIAL_INDEX;

  constructor(groupId: number) {
    this.groupId = groupId;
    this.#terms.set(INITIAL_INDEX, INITIAL_TERM);
  }

  /** Positions that the newest snapshot may have. */
  get snapshots(): readonly SnapshotPosition[] {
    return this.#snapshots;
  }

  onAppend(step: AppendStep): void {
    this.#pending.push(step);
    if (step.install === undefined) return;
    this.#snapshots.push(step.install);
    this.#compactTo = Math.max(this.#compactTo, step.install.index);
  }

  onDurable(seq: number): void {
    this.#durableSeq = seq;
    while ((this.#pending[0]?.seq ?? Number.POSITIVE_INFINITY) <= seq) {
      const step = this.#pending.shift();
      if (step === undefined) return;
      this.#apply(step);
      if (step.install !== undefined) this.#forgetSnapshotsBefore(step.install);
    }
  }

  onSnapshot(step: OtherStep & { readonly kind: "snapshot" }): void {
    this.#snapshots.push(step.position);
    this.#compactTo = Math.max(this.#compactTo, step.compactTo);
  }

  onSnapshotDone(step: OtherStep & { readonly kind: "snapshot" }): void {
    this.#forgetSnapshotsBefore(step.position);
  }

  /**
   * Finds the append up to which the store has the log, and takes that as what is there. The same must not be asked twice.
   * @returns what is wrong, if there is no such append; undefined: all is well
   */
  match(state: GroupState): string | undefined {
    let difference = this.#compare(state);
    const first = difference;
    let seq = this.#durableSeq;
    for (const step of this.#pending) {
      if (difference === undefined) break;
      this.#apply(step);
      seq = step.seq;
      difference = this.#compare(state);
    }
    if (difference !== undefined) {
      return `group ${this.groupId}, durable up to ${this.#durableSeq}: ${first}; with all up to ${seq}: ${difference}`;
    }
    this.#pending.length = 0;
    this.#durableSeq = 0;
    for (const index of this.#terms.keys()) {
      if (index < state.compactedIndex) this.#terms.delete(index);
    }
    return undefined;
  }

  /** Which of the snapshots was found. */
  settleSnapshot(found: SnapshotPosition): void {
    this.#snapshots = [found];
  }

  #apply({ hardState, entries, install }: AppendStep): void {
    if (hardState !== undefined) this.#hardState = hardState;
    if (install !== undefined) {
      this.#terms = new Map([[install.index, install.term]]);
      this.#lastIndex = install.index;
    }
    if (entries === undefined) return;
    const { first, count, term } = entries;
    for (let index = first; index <= this.#lastIndex; index++) this.#terms.delete(index);
    for (let nth = 0; nth < count; nth++) this.#terms.set(first + nth, term);
    this.#lastIndex = first + count - 1;
  }

  #compare(state: GroupState): string | undefined {
    const [term, vote, commit] = this.#hardState;
    if (state.term !== term || state.vote !== vote || state.commit !== commit) {
      return `hard state ${state.term}, ${state.vote}, ${state.commit} instead of ${this.#hardState.join(", ")}`;
    }
    if (state.lastIndex !== this.#lastIndex) {
      return `last index ${state.lastIndex} instead of ${this.#lastIndex}`;
    }
    if (state.compactedIndex > this.#compactTo) {
      return `compacted up to ${state.compactedIndex}, at most ${this.#compactTo} was asked for`;
    }
    for (let index = state.compactedIndex; index <= this.#lastIndex; index++) {
      const expected = this.#terms.get(index);
      if (state.termAt(index) === expected) continue;
      return `term ${state.termAt(index)} at ${index} instead of ${expected}`;
    }
    return undefined;
  }

  #forgetSnapshotsBefore(position: SnapshotPosition): void {
    const at = this.#snapshots.findIndex((each) => each.index === position.index);
    this.#snapshots = this.#snapshots.slice(Math.max(0, at));
  }
}
