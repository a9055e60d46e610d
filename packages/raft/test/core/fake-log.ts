import { type Entry, entrySize } from "../../src/core/entry.ts";
import type { LogPosition } from "../../src/core/hard-state.ts";
import type { LogView } from "../../src/core/log-view.ts";
import type { Append } from "../../src/core/ready.ts";

/** What storage was given, as plain fields that a test may change. */
export class FakeLog implements LogView {
  compactedIndex: number;
  compactedTerm: number;
  snapshotIndex: number;
  /** Entries by index; damaged ones are missing. */
  readonly entries = new Map<number, Entry>();
  lastIndex: number;
  /** Entries up to here are not in memory. */
  evictedTo = 0;

  constructor(base: LogPosition, entries: readonly Entry[]) {
    this.compactedIndex = base.index;
    this.compactedTerm = base.term;
    this.snapshotIndex = base.index;
    this.lastIndex = base.index;
    for (const entry of entries) this.#put(entry);
  }

  term(index: number): number | undefined {
    if (index === this.compactedIndex) return this.compactedTerm;
    return index > this.lastIndex ? undefined : this.entries.get(index)?.term;
  }

  cached(from: number, to: number, maxBytes: number): readonly Entry[] | undefined {
    if (from <= this.evictedTo) return undefined;
    const entries = this.run(from, to, maxBytes);
    return entries.length === 0 ? undefined : entries;
  }

  /** Entries from `from` on, as a read from the disk gives them. */
  run(from: number, to: number, maxBytes: number): Entry[] {
    const found: Entry[] = [];
    let bytes = 0;
    for (let index = from; index <= Math.min(to, this.lastIndex); index++) {
      const entry = this.entries.get(index);
      if (entry === undefined) break;
      bytes += entrySize(entry);
      if (bytes > maxBytes && found.length > 0) break;
      found.push(entry);
    }
    return found;
  }

  /** Takes over what an append says. */
  write(append: Append): void {
    const { snapshot } = append;
    if (snapshot !== undefined) {
      if (!append.keepsSuffix) this.#cut(0);
      this.compact(snapshot.index, snapshot.term);
      this.snapshotIndex = snapshot.index;
      this.lastIndex = Math.max(this.lastIndex, snapshot.index);
    }
    for (const entry of append.repairs) this.entries.set(entry.index, entry);
    const first = append.entries[0];
    if (first !== undefined) this.#cut(first.index);
    for (const entry of append.entries) this.#put(entry);
  }

  /** Forgets entries up to `index`. */
  compact(index: number, term = this.term(index) ?? 0): void {
    for (const known of [...this.entries.keys()]) if (known <= index) this.entries.delete(known);
    this.compactedIndex = index;
    this.compactedTerm = term;
    this.snapshotIndex = Math.max(this.snapshotIndex, index);
  }

  #put(entry: Entry): void {
    this.entries.set(entry.index, entry);
    this.lastIndex = entry.index;
  }

  #cut(from: number): void {
    for (const known of [...this.entries.keys()]) if (known >= from) this.entries.delete(known);
    this.lastIndex = Math.max(from - 1, this.compactedIndex);
  }
}
