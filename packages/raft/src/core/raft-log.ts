import { type Entry, EntryType, entrySize } from "./entry.ts";
import type { IndexRange, LogPosition } from "./hard-state.ts";
import { Holes } from "./holes.ts";
import { invariant } from "./invariant.ts";
import type { LogView } from "./log-view.ts";
import type { SnapshotMeta } from "./message.ts";

/** Dead entries at the front of the tail before it is copied. */
const TAIL_SLACK = 256;

/**
 * The log of a replica: what storage has (`view`) and, in memory, the tail that is not yet both durable and applied. Entries in
 * the tail may or may not be in storage already; the tail is right where both have an index.
 */
export class RaftLog {
  readonly holes: Holes;
  readonly #view: LogView;
  /** Entries `#tailFirst`..`lastIndex`, after `#dead` unused places. */
  #tail: Entry[] = [];
  #dead = 0;
  #tailFirst: number;
  #lastIndex: number;
  /** Term of the last entry, also if that cannot be read any more; undefined: it could not when this life began. */
  #lastTerm: number | undefined;
  /** Next index to hand to storage. */
  #nextToHand: number;
  #repairs: Entry[] = [];
  /** An accepted snapshot that the view may not show yet. */
  #base: LogPosition | undefined;
  /** At or above the index of the last ConfChange entry; exact for entries appended in this life. */
  #lastConfChangeIndex: number;
  /** First intact entries behind holes: part of the hole until a leader shows that they belong to its log, too. */
  #joins: number[] = [];

  constructor(view: LogView, holes: readonly IndexRange[]) {
    this.#view = view;
    this.holes = new Holes();
    this.#lastIndex = view.lastIndex;
    const isBase = view.lastIndex === view.compactedIndex;
    this.#lastTerm = isBase ? view.compactedTerm : view.term(view.lastIndex);
    this.#tailFirst = view.lastIndex + 1;
    this.#nextToHand = view.lastIndex + 1;
    this.#lastConfChangeIndex = view.lastIndex;
    for (const hole of holes) this.addHole(hole);
  }

  get lastIndex(): number {
    return this.#lastIndex;
  }

  /** Last index before the first hole: all that may be replicated, acknowledged or applied. */
  get contiguousLast(): number {
    const first = this.holes.first;
    return first === undefined ? this.#lastIndex : first - 1;
  }

  get compactedIndex(): number {
    return Math.max(this.#view.compactedIndex, this.#base?.index ?? 0);
  }

  get compactedTerm(): number {
    const base = this.#base;
    if (base !== undefined && base.index >= this.#view.compactedIndex) return base.term;
    return this.#view.compactedTerm;
  }

  get snapshotIndex(): number {
    return Math.max(this.#view.snapshotIndex, this.#base?.index ?? 0);
  }

  get lastConfChangeIndex(): number {
    return this.#lastConfChangeIndex;
  }

  get hasUnhanded(): boolean {
    return this.#nextToHand <= this.#lastIndex || this.#repairs.length > 0;
  }

  /** First index that is held in memory. */
  get tailFirst(): number {
    return this.#tailFirst;
  }

  /** undefined: compacted, damaged or beyond the end. */
  term(index: number): number | undefined {
    if (index > this.#lastIndex) return undefined;
    if (index >= this.#tailFirst) return this.#tailEntry(index).term;
    const base = this.#base;
    if (base !== undefined && index <= base.index) {
      // Storage may have compacted beyond it since.
      return index === base.index && index >= this.#view.compactedIndex ? base.term : undefined;
    }
    if (!this.holes.isEmpty && this.holes.has(index)) return undefined;
    const repair = this.#repairs.find((entry) => entry.index === index);
    return repair?.term ?? this.#view.term(index);
  }

  /** As {@link term}, and also of an intact entry that only waits to be joined to what fills the hole before it. */
  readableTerm(index: number): number | undefined {
    const term = this.term(index);
    return term === undefined && this.#joins.includes(index) ? this.#view.term(index) : term;
  }

  /** Lowest index that was filled and not handed to storage yet; Infinity: none. */
  firstRepair(): number {
    let first = Number.POSITIVE_INFINITY;
    for (const entry of this.#repairs) first = Math.min(first, entry.index);
    return first;
  }

  /**
   * Marks entries that cannot be read. What fills them may come from another history than what stands behind them, and one
   * leader's word for both is needed: so the first entry behind them is missing, too, until a leader has sent it.
   */
  addHole(range: IndexRange): void {
    this.holes.add(range);
    this.#joins = this.#joins.filter((join) => join < range.first || join > range.last);
    const join = range.last + 1;
    if (join > this.#lastIndex || this.holes.has(join)) return;
    this.holes.add({ first: join, last: join });
    this.#joins.push(join);
  }

  /** The leader's entry at `index` is the one that is here. */
  confirm(index: number): void {
    if (!this.holes.isEmpty) this.#removeHoles(index, index);
  }

  #removeHoles(first: number, last: number): void {
    this.holes.remove(first, last);
    this.#joins = this.#joins.filter((join) => join < first || join > last);
  }

  /** Where the log ends, for votes. The term of a damaged end is unknown: then the promise decides, and this is lower. */
  lastPosition(): LogPosition {
    const term = this.#lastTerm;
    if (term !== undefined) return { term, index: this.#lastIndex };
    const index = this.contiguousLast;
    return { term: this.term(index) ?? 0, index };
  }

  /** Adds an entry at the end. */
  append(entry: Entry): void {
    invariant(entry.index === this.#lastIndex + 1, "an entry is appended out of order");
    this.#tail.push(entry);
    this.#lastIndex = entry.index;
    this.#lastTerm = entry.term;
    if (entry.type === EntryType.ConfChange) this.#lastConfChangeIndex = entry.index;
  }

  /** Drops `from` and everything after it. */
  truncate(from: number): void {
    if (from > this.#lastIndex) return;
    this.#lastTerm = this.readableTerm(from - 1);
    if (from < this.#tailFirst) {
      this.#tail = [];
      this.#dead = 0;
      this.#tailFirst = from;
    } else {
      this.#tail.length = this.#dead + (from - this.#tailFirst);
    }
    this.#repairs = this.#repairs.filter((entry) => entry.index < from);
    this.#removeHoles(from, this.#lastIndex);
    this.#lastIndex = from - 1;
    this.#nextToHand = Math.min(this.#nextToHand, from);
    this.#lastConfChangeIndex = Math.min(this.#lastConfChangeIndex, from - 1);
  }

  /** Fills a damaged index. */
  repair(entry: Entry): void {
    this.#removeHoles(entry.index, entry.index);
    this.#repairs.push(entry);
    if (entry.index === this.#lastIndex) this.#lastTerm = entry.term;
    if (entry.type === EntryType.ConfChange) {
      this.#lastConfChangeIndex = Math.max(this.#lastConfChangeIndex, entry.index);
    }
  }

  /** Entries that storage has lost and memory still holds are written once more. */
  rewrite(first: number, last: number): void {
    const until = Math.min(last, this.#nextToHand - 1);
    for (let index = Math.max(first, this.#tailFirst); index <= until; index++) {
      if (this.#repairs.some((entry) => entry.index === index)) continue;
      this.#repairs.push(this.#tailEntry(index));
    }
  }

  /** What storage has not got yet. */
  takeUnhanded(): { readonly entries: readonly Entry[]; readonly repairs: readonly Entry[] } {
    const entries = this.#tail.slice(this.#dead + (this.#nextToHand - this.#tailFirst));
    // The log may have been compacted since they came.
    const repairs = this.#repairs.filter((entry) => entry.index > this.compactedIndex);
    this.#nextToHand = this.#lastIndex + 1;
    if (this.#repairs.length > 0) this.#repairs = [];
    return { entries, repairs };
  }

  /** A snapshot takes the place of everything up to its index; what follows stays if `keepsSuffix`. */
  restore(meta: SnapshotMeta, keepsSuffix: boolean): void {
    this.#base = { term: meta.term, index: meta.index };
    this.#repairs = this.#repairs.filter((entry) => keepsSuffix && entry.index > meta.index);
    this.#removeHoles(0, keepsSuffix ? meta.index : Number.MAX_SAFE_INTEGER);
    if (keepsSuffix) {
      if (this.#tailFirst <= meta.index) this.#dropTailUpTo(meta.index);
      this.#nextToHand = Math.max(this.#nextToHand, meta.index + 1);
      if (meta.index === this.#lastIndex) this.#lastTerm = meta.term;
      return;
    }
    this.#tail = [];
    this.#dead = 0;
    this.#tailFirst = meta.index + 1;
    this.#lastIndex = meta.index;
    this.#lastTerm = meta.term;
    this.#nextToHand = meta.index + 1;
    this.#lastConfChangeIndex = meta.index;
  }

  /** Entries up to `index` are durable and applied: memory need not hold them. */
  trim(index: number): void {
    if (index >= this.#tailFirst) this.#dropTailUpTo(Math.min(index, this.#nextToHand - 1));
  }

  /** Damage of entries that are both applied and compacted away is over: nobody will ask for them again. */
  forgetOldHoles(appliedIndex: number): void {
    if (this.holes.isEmpty) return;
    this.#removeHoles(0, Math.min(this.#view.compactedIndex, appliedIndex));
  }

  #dropTailUpTo(index: number): void {
    const count = Math.min(index, this.#lastIndex) + 1 - this.#tailFirst;
    if (count <= 0) return;
    this.#dead += count;
    this.#tailFirst += count;
    if (this.#dead === this.#tail.length) {
      this.#tail = [];
      this.#dead = 0;
    } else if (this.#dead >= TAIL_SLACK && this.#dead * 2 >= this.#tail.length) {
      this.#tail = this.#tail.slice(this.#dead);
      this.#dead = 0;
    }
  }

  #tailEntry(index: number): Entry {
    const entry = this.#tail[this.#dead + (index - this.#tailFirst)];
    invariant(entry !== undefined, "an entry of the tail is missing");
    return entry;
  }

  /** An entry that is in memory. */
  inTail(index: number): Entry | undefined {
    return index >= this.#tailFirst && index <= this.#lastIndex
      ? this.#tailEntry(index)
      : undefined;
  }

  /** Entries `from`..`to` as far as they fit (at least one); undefined: they have to be fetched. */
  slice(from: number, to: number, maxBytes: number): readonly Entry[] | undefined {
    if (from > to) return [];
    if (from < this.#tailFirst) {
      const until = Math.min(to, this.#tailFirst - 1);
      return this.#view.cached(from, until, maxBytes);
    }
    let bytes = 0;
    const start = this.#dead + (from - this.#tailFirst);
    const limit = this.#dead + (Math.min(to, this.#lastIndex) - this.#tailFirst);
    let end = start;
    while (end <= limit) {
      const entry = this.#tail[end];
      if (entry === undefined) break;
      bytes += entrySize(entry);
      if (bytes > maxBytes && end > start) break;
      end++;
    }
    return this.#tail.slice(start, end);
  }

  /**
   * The highest index at or below `index` whose term is at most `term`, as far as terms are known: where a log whose entry
   * there has `term` may agree with ours. One probe for each term instead of one for each entry (Raft paper 5.3).
   */
  findConflictByTerm(index: number, term: number): LogPosition {
    let at = Math.min(index, this.contiguousLast);
    while (at > this.compactedIndex) {
      const known = this.term(at);
      if (known === undefined || known <= term) break;
      at--;
    }
    return { index: at, term: this.term(at) ?? 0 };
  }
}
