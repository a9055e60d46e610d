import type { HardState } from "../../../../raft/src/core/hard-state.ts";
import type { Random } from "../../../../raft/src/core/random.ts";
import type { Append } from "../../../../raft/src/core/ready.ts";
import {
  INITIAL_INDEX,
  INITIAL_TERM,
  type LogStore,
  type RecoveredGroup,
  type SnapshotSource,
} from "../../../../raft/src/store/log-store.ts";
import { CONF, entryAt, snapshotStateAt } from "./content.ts";
import type { AppendStep, OtherStep, SnapshotPosition } from "./journal.ts";

const ENTRIES_MAX = 16;
const OUTSTANDING_MAX = 8;
const JUMP_MAX = 50;

/** Tells the parent; has written the line out when it returns. */
export type Tell = (line: AppendStep | OtherStep | { kind: "done"; step: OtherStep }) => void;

/** Uses one group as a core would that has a wild life: appends, truncations, new terms, snapshots. */
export class GroupWriter {
  readonly groupId: number;
  readonly #store: LogStore;
  readonly #random: Random;
  readonly #tell: Tell;
  #hardState: HardState = { currentTerm: INITIAL_TERM, votedFor: 0, commitIndex: INITIAL_INDEX };
  #last: SnapshotPosition = { index: INITIAL_INDEX, term: INITIAL_TERM };
  #seq = 0;
  #durableSeq = 0;
  /** Last index of each append under way, by seq. */
  readonly #lastOf = new Map<number, number>();
  #durableLast: number = INITIAL_INDEX;
  #snapshotIndex: number = INITIAL_INDEX;
  #isSnapshotting = false;

  constructor(groupId: number, store: LogStore, random: Random, tell: Tell) {
    this.groupId = groupId;
    this.#store = store;
    this.#random = random;
    this.#tell = tell;
  }

  /** Goes on with what was recovered. */
  resume({ hardState, snapshot }: RecoveredGroup): void {
    if (hardState === "lost") throw new Error(`hard state of group ${this.groupId} is lost`);
    this.#hardState = hardState;
    const log = this.#store.log(this.groupId);
    const term = log.term(log.lastIndex);
    if (term === undefined) throw new Error(`the last term of group ${this.groupId} is unknown`);
    this.#last = { index: log.lastIndex, term };
    this.#durableLast = log.lastIndex;
    this.#snapshotIndex = snapshot.index;
  }

  get canWrite(): boolean {
    return this.#seq - this.#durableSeq < OUTSTANDING_MAX;
  }

  get isQuiet(): boolean {
    return this.#seq === this.#durableSeq && !this.#isSnapshotting;
  }

  onAppended(seq: number): void {
    this.#durableSeq = seq;
    this.#durableLast = this.#lastOf.get(seq) ?? this.#durableLast;
    for (const each of this.#lastOf.keys()) if (each <= seq) this.#lastOf.delete(each);
  }

  write(): void {
    const dice = this.#random.below(100);
    if (dice < 80) this.#appendEntries(this.#last.index + 1, this.#hardState.currentTerm);
    else if (dice < 88) this.#truncate();
    else if (dice < 94) this.#changeTerm();
    else if (!this.#isSnapshotting) this.#snapshot();
  }

  #snapshot(): void {
    if (this.#random.below(5) === 0) this.#receiveSnapshot();
    else this.#saveSnapshot();
  }

  #appendEntries(first: number, term: number): void {
    const count = 1 + this.#random.below(ENTRIES_MAX);
    const entries = Array.from({ length: count }, (_unused, nth) =>
      entryAt(this.groupId, first + nth, term),
    );
    // As in Raft, the commit index lags behind what is durable, and nothing before it changes.
    const room = Math.max(0, Math.min(this.#durableLast, first - 1) - this.#hardState.commitIndex);
    const commitIndex = this.#hardState.commitIndex + this.#random.below(room + 1);
    this.#last = { index: first + count - 1, term };
    this.#append({
      hardState: { ...this.#hardState, currentTerm: term, commitIndex },
      entries,
    });
  }

  /** A new leader's entries replace some that are not committed. */
  #truncate(): void {
    const { commitIndex, currentTerm } = this.#hardState;
    const lowest = Math.max(commitIndex, this.#snapshotIndex);
    const first = lowest + 1 + this.#random.below(Math.max(1, this.#last.index - lowest));
    // What becomes durable only now, and is replaced, must not count later.
    this.#durableLast = Math.min(this.#durableLast, first - 1);
    for (const [seq, last] of this.#lastOf) this.#lastOf.set(seq, Math.min(last, first - 1));
    this.#appendEntries(first, currentTerm + 1 + this.#random.below(3));
  }

  #changeTerm(): void {
    const currentTerm = this.#hardState.currentTerm + this.#random.below(2);
    const votedFor = CONF.voters[this.#random.below(CONF.voters.length)] ?? 0;
    this.#append({ hardState: { ...this.#hardState, currentTerm, votedFor } });
  }

  #append(parts: Partial<Append>): void {
    this.#seq++;
    const append: Append = {
      seq: this.#seq,
      hardState: undefined,
      entries: [],
      repairs: [],
      snapshot: undefined,
      keepsSuffix: false,
      promise: undefined,
      after: [],
      ...parts,
    };
    const { hardState, entries, snapshot } = append;
    if (hardState !== undefined) this.#hardState = hardState;
    this.#lastOf.set(append.seq, this.#last.index);
    const [first] = entries;
    this.#tell({
      kind: "append",
      group: this.groupId,
      seq: append.seq,
      hardState: hardState && [hardState.currentTerm, hardState.votedFor, hardState.commitIndex],
      entries: first && { first: first.index, count: entries.length, term: first.term },
      install: snapshot && { index: snapshot.index, term: snapshot.term },
    });
    this.#store.append(this.groupId, append);
  }

  #saveSnapshot(): void {
    const index = Math.min(this.#hardState.commitIndex, this.#durableLast);
    const term = this.#store.log(this.groupId).term(index);
    if (index <= this.#snapshotIndex || term === undefined) return;
    const compactTo = index - this.#random.below(Math.min(20, index - this.#snapshotIndex));
    const step = {
      kind: "snapshot",
      group: this.groupId,
      position: { index, term },
      compactTo,
    } as const;
    this.#tell(step);
    this.#isSnapshotting = true;
    this.#snapshotIndex = index;
    const source = sourceOf(snapshotStateAt(this.groupId, index));
    const meta = { index, term, conf: CONF };
    this.#store.saveSnapshot(this.groupId, { meta, source, compactTo }, (result) => {
      this.#isSnapshotting = false;
      if (result === "no-space") throw new Error("no space");
      if (result === "saved") this.#tell({ kind: "done", step });
    });
  }

  /** A leader that is far ahead sends its snapshot. */
  #receiveSnapshot(): void {
    const index = this.#last.index + 1 + this.#random.below(JUMP_MAX);
    const term = this.#hardState.currentTerm;
    const meta = { index, term, conf: CONF };
    const receiver = this.#store.receiveSnapshot(this.groupId, meta, []);
    const state = snapshotStateAt(this.groupId, index);
    receiver.addState(state.slice(0, state.length >> 1));
    receiver.addState(state.slice(state.length >> 1));
    this.#isSnapshotting = true;
    receiver.finish((result) => {
      this.#isSnapshotting = false;
      if (result !== "ready") throw new Error(`a received snapshot is ${result}`);
      // Entries that came meanwhile are replaced by it, unless they reach further: then it is of no use any more.
      if (this.#last.index >= index || this.#hardState.currentTerm !== term) receiver.abort();
      else this.#install(meta);
    });
  }

  #install(meta: SnapshotPosition & { readonly conf: typeof CONF }): void {
    this.#last = { index: meta.index, term: meta.term };
    this.#durableLast = meta.index;
    this.#snapshotIndex = meta.index;
    const hardState = { ...this.#hardState, commitIndex: meta.index };
    this.#append({ snapshot: meta, hardState });
    this.#store.kick();
  }
}

function sourceOf(state: Uint8Array): SnapshotSource {
  let position = 0;
  return {
    live: [],
    next(maxBytes) {
      if (position >= state.length) return undefined;
      const piece = state.slice(position, position + maxBytes);
      position += piece.length;
      return piece;
    },
    close() {
      position = state.length;
    },
  };
}
