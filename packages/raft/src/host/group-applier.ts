import { type Entry, EntryType, entrySize } from "../core/entry.ts";
import type { SnapshotMeta } from "../core/message.ts";
import type { RaftCore } from "../core/raft-core.ts";
import { ApplyQueue } from "./apply-queue.ts";
import type { HostMetrics } from "./metrics.ts";
import type { HostObserver } from "./node-options.ts";
import type { PendingProposals } from "./pending-proposals.ts";
import type { StateMachine } from "./state-machine.ts";

/** Entries applied between two looks at the clock. */
const ENTRIES_PER_LOOK = 16;

/** How much may be applied in one slice. */
export interface SliceBudget {
  readonly entries: number;
  isUsedUp(): boolean;
}

/** Feeds committed entries to the state machine of one group, in order and in slices. */
export class GroupApplier {
  readonly machine: StateMachine;
  /** Changes of members up to here mean nothing: forced recovery has replaced them. 0: none. */
  readonly forcedIndex: number;
  readonly #queue = new ApplyQueue();
  readonly #metrics: HostMetrics;
  readonly #observer: HostObserver | undefined;
  #appliedIndex: number;
  #appliedTerm: number;
  /** Up to here the core has been told. */
  #reportedIndex: number;
  #failure: { readonly error: unknown } | undefined;
  /** Of what was applied since the start: for the mean size of an entry. */
  #appliedBytes = 0;
  #appliedEntries = 0;
  #isHeld = false;
  #isReplacing = false;

  constructor(
    machine: StateMachine,
    applied: { readonly index: number; readonly term: number; readonly forcedIndex: number },
    host: { readonly metrics: HostMetrics; readonly observer: HostObserver | undefined },
  ) {
    this.machine = machine;
    this.#appliedIndex = applied.index;
    this.#appliedTerm = applied.term;
    this.#reportedIndex = applied.index;
    this.forcedIndex = applied.forcedIndex;
    this.#metrics = host.metrics;
    this.#observer = host.observer;
  }

  /** The machine's state is that after this entry. */
  get appliedIndex(): number {
    return this.#appliedIndex;
  }

  get appliedTerm(): number {
    return this.#appliedTerm;
  }

  /** Mean size of the entries applied here, bytes. */
  get meanEntrySize(): number {
    return this.#appliedEntries === 0 ? 0 : this.#appliedBytes / this.#appliedEntries;
  }

  /** There is something to apply, and it may be applied now. */
  get hasWork(): boolean {
    return !this.#queue.isEmpty && !this.#isHeld && !this.#isReplacing;
  }

  /** What the machine or the core threw. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  get isIdle(): boolean {
    return this.#queue.isEmpty && !this.#isReplacing;
  }

  /** A snapshot is about to replace the state. */
  get isReplacing(): boolean {
    return this.#isReplacing;
  }

  enqueue(entries: readonly Entry[]): void {
    this.#queue.push(entries);
  }

  /** Nothing is applied until it is called with false: the state must not move past its durable part. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
  }

  /** The core has accepted a snapshot: what waits is older than it, and nothing is applied until `replaced`. */
  startReplacing(): void {
    this.#queue.clear();
    this.#isReplacing = true;
  }

  /** The machine was restored from the snapshot. */
  replaced(meta: SnapshotMeta): void {
    this.#queue.dropTo(meta.index);
    this.#isReplacing = false;
    this.#appliedIndex = meta.index;
    this.#appliedTerm = meta.term;
    // The core knows since it accepted the snapshot.
    this.#reportedIndex = meta.index;
  }

  clear(): void {
    this.#queue.clear();
  }

  /**
   * Applies up to the budget; returns how many entries. Afterwards `failure` tells whether the machine or the core threw: then
   * the state may be half changed, and the group must not go on.
   */
  applySlice(core: RaftCore, proposals: PendingProposals | undefined, budget: SliceBudget): number {
    let count = 0;
    for (; count < budget.entries; count++) {
      const entry = this.#queue.peek();
      if (entry === undefined) break;
      if (count % ENTRIES_PER_LOOK === ENTRIES_PER_LOOK - 1 && budget.isUsedUp()) break;
      if (!this.#apply(core, entry)) break;
      this.#queue.shift();
      this.#appliedIndex = entry.index;
      this.#appliedTerm = entry.term;
      this.#appliedBytes += entrySize(entry);
      proposals?.onApplied(entry.index, entry.term);
      this.#observer?.onApply(core, entry, this.machine.digest());
    }
    this.#appliedEntries += count;
    this.#metrics.entriesApplied += count;
    this.#reportApplied(core);
    return count;
  }

  #apply(core: RaftCore, entry: Entry): boolean {
    if (entry.type === EntryType.ConfChange) return this.#applyChange(core, entry);
    if (entry.type !== EntryType.Command) return true;
    try {
      this.machine.apply(entry);
    } catch (error) {
      this.#failure = { error };
      return false;
    }
    return true;
  }

  #applyChange(core: RaftCore, entry: Entry): boolean {
    if (entry.index <= this.forcedIndex) return true;
    // The core may only learn of a change of members when it knows that all before it is applied.
    if (!this.#reportApplied(core)) return false;
    try {
      core.applyConfChange(entry);
    } catch (error) {
      this.#failure = { error };
      return false;
    }
    this.#observer?.onCoreCall(core, "applyConfChange");
    return true;
  }

  #reportApplied(core: RaftCore): boolean {
    if (this.#failure !== undefined) return false;
    if (this.#reportedIndex === this.#appliedIndex) return true;
    this.#reportedIndex = this.#appliedIndex;
    try {
      core.onApplied(this.#appliedIndex);
    } catch (error) {
      this.#failure = { error };
      return false;
    }
    this.#observer?.onCoreCall(core, "onApplied");
    return true;
  }
}
