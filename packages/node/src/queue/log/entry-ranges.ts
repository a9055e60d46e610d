/** Entries in a gap of a range at most: what stands in between, often progress, is too small to be worth a range of its own. */
export const RANGE_GAP_MAX = 8;

/**
 * Which entries of the log a page of messages needs, as ranges with small gaps closed. What a snapshot has once left out may be gone
 * from the log: it must never be named again, so a gap is only closed while the entries in it are surely there.
 */
export class EntryRanges {
  /** First and last in turn, ascending. */
  #bounds: number[] = [];
  /** End of the last range, if gaps behind it may still be closed; else -1. */
  #openEnd = -1;

  /** Adds the entry, the highest so far; all after the last one added are still in the log, unless `seal` was called. */
  add(entryIndex: number): void {
    if (entryIndex === this.#openEnd) return;
    const isNear = this.#openEnd >= 0 && entryIndex - this.#openEnd <= RANGE_GAP_MAX + 1;
    this.addNext(entryIndex, isNear);
    this.#openEnd = entryIndex;
  }

  /** Adds the entry, the highest so far, to the last range or as a range of its own. */
  addNext(entryIndex: number, joinsLast: boolean): void {
    const bounds = this.#bounds;
    const end = bounds[bounds.length - 1] ?? -2;
    if (bounds.length > 0 && (joinsLast || entryIndex <= end + 1))
      bounds[bounds.length - 1] = entryIndex;
    else bounds.push(entryIndex, entryIndex);
  }

  /** The last range goes up to this entry, as all in between are needed. */
  extendTo(entryIndex: number): void {
    const bounds = this.#bounds;
    bounds[bounds.length - 1] = entryIndex;
  }

  /** A snapshot is made: entries after the last range may be forgotten. */
  seal(): void {
    this.#openEnd = -1;
  }

  /** First and last in turn, as they are now. */
  bounds(): readonly number[] {
    return this.#bounds;
  }

  clear(): void {
    if (this.#bounds.length > 0) this.#bounds = [];
    this.#openEnd = -1;
  }

  /** Names nothing before this entry any more. */
  trim(first: number): void {
    const bounds = this.#bounds;
    if ((bounds[0] ?? 0) >= first) return;
    let dropped = 0;
    while (dropped < bounds.length && (bounds[dropped + 1] ?? 0) < first) dropped += 2;
    const kept = bounds.slice(dropped);
    if ((kept[0] ?? first) < first) kept[0] = first;
    this.#bounds = kept;
  }

  /** Drops what is not among the ascending `entries`, apart from gaps of up to `gapMax` entries. */
  narrow(entries: Iterable<number>, gapMax: number = RANGE_GAP_MAX): void {
    const old = this.#bounds;
    const wasOpen = this.#openEnd >= 0;
    let at = 0;
    let isSame = false;
    let end = -1;
    this.#bounds = [];
    for (const entry of entries) {
      for (; at < old.length && (old[at + 1] ?? 0) < entry; at += 2) isSame = false;
      this.addNext(entry, isSame && entry - end <= gapMax + 1);
      isSame = true;
      end = entry;
    }
    if (!wasOpen || end !== old.at(-1)) this.#openEnd = -1;
  }

  /** Adds the ranges of a page behind this one. */
  addAll(later: EntryRanges): void {
    for (let at = 0; at < later.#bounds.length; at += 2) {
      const first = later.#bounds[at] ?? 0;
      const last = later.#bounds[at + 1] ?? 0;
      this.addNext(first, false);
      this.#bounds[this.#bounds.length - 1] = last;
    }
    this.#openEnd = -1;
  }
}

/** Joins ranges that overlap or touch. @param bounds first and last in turn, in any order */
export function unionOf(bounds: readonly number[]): { first: number; last: number }[] {
  const ranges: { first: number; last: number }[] = [];
  for (let at = 0; at < bounds.length; at += 2) {
    ranges.push({ first: bounds[at] ?? 0, last: bounds[at + 1] ?? 0 });
  }
  if (!isAscending(bounds)) ranges.sort((a, b) => a.first - b.first);
  const union: { first: number; last: number }[] = [];
  for (const range of ranges) {
    const before = union.at(-1);
    if (before === undefined || range.first > before.last + 1) union.push(range);
    else before.last = Math.max(before.last, range.last);
  }
  return union;
}

function isAscending(bounds: readonly number[]): boolean {
  for (let at = 2; at < bounds.length; at += 2) {
    if ((bounds[at] ?? 0) < (bounds[at - 2] ?? 0)) return false;
  }
  return true;
}
