import type { IndexRange } from "./hard-state.ts";

/** Ranges of a log that cannot be read. Nearly always empty, so nothing is done for speed. */
export class Holes {
  #ranges: IndexRange[] = [];

  get isEmpty(): boolean {
    return this.#ranges.length === 0;
  }

  /** Lowest damaged index; undefined if there is none. */
  get first(): number | undefined {
    return this.#ranges[0]?.first;
  }

  get ranges(): readonly IndexRange[] {
    return this.#ranges;
  }

  has(index: number): boolean {
    return this.#ranges.some((range) => range.first <= index && index <= range.last);
  }

  /** Adds a range; ranges that touch become one. */
  add(added: IndexRange): void {
    let { first, last } = added;
    const apart = this.#ranges.filter((range) => {
      if (range.last < first - 1 || range.first > last + 1) return true;
      first = Math.min(first, range.first);
      last = Math.max(last, range.last);
      return false;
    });
    apart.push({ first, last });
    this.#ranges = apart.sort((left, right) => left.first - right.first);
  }

  /** Takes `first`..`last` out: it was repaired, cut off or compacted. */
  remove(first: number, last: number): void {
    if (this.#ranges.length === 0) return;
    const left: IndexRange[] = [];
    for (const range of this.#ranges) {
      if (range.last < first || range.first > last) {
        left.push(range);
        continue;
      }
      if (range.first < first) left.push({ first: range.first, last: first - 1 });
      if (range.last > last) left.push({ first: last + 1, last: range.last });
    }
    this.#ranges = left;
  }
}
