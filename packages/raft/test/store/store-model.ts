import type { ConfState } from "../../src/core/conf-state.ts";
import type { Entry } from "../../src/core/entry.ts";
import type { HardState, IndexRange, LogPosition } from "../../src/core/hard-state.ts";
import type { SnapshotMeta } from "../../src/core/message.ts";
import type { Append } from "../../src/core/ready.ts";
import type { NodeLogStore } from "../../src/store/node-log-store.ts";

/** What a group's log has to hold, in the plainest form. */
export interface ModelGroup {
  readonly groupId: number;
  epoch: number;
  hardState: HardState;
  snapshot: SnapshotMeta;
  state: Buffer | undefined;
  live: readonly IndexRange[];
  compactedIndex: number;
  compactedTerm: number;
  lastIndex: number;
  promise: LogPosition | undefined;
  /** All entries ever written and not replaced, also dead ones. */
  readonly entries: Map<number, Entry>;
}

/** A change of the model. */
export type Change = (groups: Map<number, ModelGroup>) => void;

/** All groups, and the changes that may or may not have been durable when the power went. */
export class StoreModel {
  groups = new Map<number, ModelGroup>();
  /** Changes since the last that is known durable. */
  #base = new Map<number, ModelGroup>();
  #changes: Change[] = [];
  #ackedInChanges = 0;

  /** Makes a change; the function returned is to be called when the store reports it durable. */
  change(change: Change): () => void {
    change(this.groups);
    this.#changes.push(change);
    const position = this.#changes.length;
    const changes = this.#changes;
    return () => {
      // Of an earlier life: settled already.
      if (this.#changes === changes)
        this.#ackedInChanges = Math.max(this.#ackedInChanges, position);
    };
  }

  /** Finds the number of changes that survived; the model continues from there. Throws if no number fits. */
  settle(describeDifference: (groups: Map<number, ModelGroup>) => string | undefined): void {
    const state = clone(this.#base);
    let nearest = "";
    for (let count = 0; count <= this.#changes.length; count++) {
      if (count >= this.#ackedInChanges) {
        const difference = describeDifference(state);
        if (difference === undefined) {
          this.groups = state;
          this.#base = clone(state);
          this.#changes = [];
          this.#ackedInChanges = 0;
          return;
        }
        nearest += `\nafter ${count} of ${this.#changes.length}: ${difference}`;
      }
      this.#changes[count]?.(state);
    }
    throw new Error(`no state fits, ${this.#ackedInChanges} changes were acknowledged:${nearest}`);
  }

  /** Forgets how it came about, for speed. All changes made so far must be durable. */
  checkpoint(): void {
    if (this.#ackedInChanges < this.#changes.length) return;
    this.#base = clone(this.groups);
    this.#changes = [];
    this.#ackedInChanges = 0;
  }

  get changeCount(): number {
    return this.#changes.length;
  }
}

function clone(groups: Map<number, ModelGroup>): Map<number, ModelGroup> {
  const copies = new Map<number, ModelGroup>();
  for (const [id, group] of groups) {
    copies.set(id, { ...group, entries: new Map(group.entries) });
  }
  return copies;
}

export function createGroup(
  groups: Map<number, ModelGroup>,
  options: { groupId: number; epoch: number; conf: ConfState },
): void {
  const { groupId, epoch, conf } = options;
  const index = conf.voters.length === 0 ? 0 : 1;
  groups.set(groupId, {
    groupId,
    epoch,
    hardState: { currentTerm: index, votedFor: 0, commitIndex: index },
    snapshot: { index, term: index, conf },
    state: undefined,
    live: [],
    compactedIndex: index,
    compactedTerm: index,
    lastIndex: index,
    promise: undefined,
    entries: new Map(),
  });
}

export function applyAppend(
  group: ModelGroup,
  append: Append,
  received?: { state: Buffer; live: readonly IndexRange[]; entries: readonly Entry[] },
): void {
  if (append.hardState !== undefined) group.hardState = append.hardState;
  if (append.snapshot !== undefined && received !== undefined) {
    install(group, append, received);
  }
  for (const entry of append.entries) {
    for (let index = entry.index; index <= group.lastIndex; index++) group.entries.delete(index);
    group.entries.set(entry.index, entry);
    group.lastIndex = entry.index;
  }
  if (append.promise !== undefined) {
    group.promise = append.promise.index === 0 ? undefined : append.promise;
  }
}

function install(
  group: ModelGroup,
  append: Append,
  received: { state: Buffer; live: readonly IndexRange[]; entries: readonly Entry[] },
): void {
  const meta = append.snapshot;
  if (meta === undefined) return;
  group.snapshot = meta;
  group.state = received.state;
  group.live = received.live;
  if (!append.keepsSuffix || group.lastIndex <= meta.index) {
    for (const index of [...group.entries.keys()]) {
      if (index > meta.index) group.entries.delete(index);
    }
    group.lastIndex = meta.index;
  }
  for (const entry of received.entries) group.entries.set(entry.index, entry);
  group.compactedIndex = meta.index;
  group.compactedTerm = meta.term;
  const commitIndex = Math.max(group.hardState.commitIndex, meta.index);
  group.hardState = { ...group.hardState, commitIndex };
}

export function applySnapshot(
  group: ModelGroup,
  snapshot: { meta: SnapshotMeta; state: Buffer; live: readonly IndexRange[]; compactTo: number },
): void {
  group.snapshot = snapshot.meta;
  group.state = snapshot.state;
  group.live = snapshot.live;
  if (snapshot.compactTo <= group.compactedIndex) return;
  group.compactedTerm =
    snapshot.compactTo === snapshot.meta.index
      ? snapshot.meta.term
      : (group.entries.get(snapshot.compactTo)?.term ?? 0);
  group.compactedIndex = snapshot.compactTo;
}

/** What differs between a store and the model, by what the store knows without reading. */
export function difference(
  store: NodeLogStore,
  groups: Map<number, ModelGroup>,
): string | undefined {
  const found = new Map(store.groups().map((group) => [group.groupId, group]));
  if (found.size !== groups.size) {
    return `groups ${[...found.keys()].join()} instead of ${[...groups.keys()].join()}`;
  }
  for (const [groupId, group] of groups) {
    const recovered = found.get(groupId);
    if (recovered === undefined) return `no group ${groupId}`;
    const log = store.log(groupId);
    const expected = {
      epoch: group.epoch,
      hardState: group.hardState,
      snapshot: group.snapshot,
      holes: [],
      isSnapshotDamaged: false,
      promise: visiblePromise(group),
      compactedIndex: group.compactedIndex,
      compactedTerm: group.compactedTerm,
      lastIndex: group.lastIndex,
      terms: termsOf(group),
    };
    const actual = {
      epoch: recovered.epoch,
      hardState: recovered.hardState,
      snapshot: recovered.snapshot,
      holes: recovered.holes,
      isSnapshotDamaged: recovered.isSnapshotDamaged,
      promise: recovered.promise,
      compactedIndex: log.compactedIndex,
      compactedTerm: log.compactedTerm,
      lastIndex: log.lastIndex,
      terms: Array.from(
        { length: log.lastIndex - log.compactedIndex },
        (_, offset) => log.term(log.compactedIndex + 1 + offset) ?? -1,
      ),
    };
    const [a, b] = [JSON.stringify(expected), JSON.stringify(actual)];
    if (a !== b) return `group ${groupId}:\n  expected ${a}\n  actual   ${b}`;
  }
  return undefined;
}

/** A promise that is fulfilled is forgotten at a restart. */
function visiblePromise(group: ModelGroup): LogPosition | undefined {
  const { promise } = group;
  if (promise === undefined) return undefined;
  const term = group.entries.get(group.lastIndex)?.term ?? group.compactedTerm;
  const lastTerm = group.lastIndex === group.compactedIndex ? group.compactedTerm : term;
  const isFulfilled =
    lastTerm > promise.term || (lastTerm === promise.term && group.lastIndex >= promise.index);
  return isFulfilled ? undefined : promise;
}

function termsOf(group: ModelGroup): number[] {
  const terms: number[] = [];
  for (let index = group.compactedIndex + 1; index <= group.lastIndex; index++) {
    terms.push(group.entries.get(index)?.term ?? -1);
  }
  return terms;
}
