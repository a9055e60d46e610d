/** Term of an entry that cannot be read. */
export const UNKNOWN_TERM = 0;

/**
 * The terms of all entries of a log, as runs of equal terms: a group that is idle has one or two, so they can always be in
 * memory. Pairs of first index and term; a run ends where the next one starts.
 */
export class TermRuns {
  #runs: number[] = [];

  static of(runs: readonly number[]): TermRuns {
    const terms = new TermRuns();
    terms.#runs = [...runs];
    return terms;
  }

  get list(): readonly number[] {
    return this.#runs;
  }

  /** Of an index that is in the log; the caller knows its bounds. */
  at(index: number): number {
    const runs = this.#runs;
    const last = runs.length - 2;
    if (last < 0) return UNKNOWN_TERM;
    if ((runs[last] ?? 0) <= index) return runs[last + 1] ?? UNKNOWN_TERM;
    const run = this.#search(index);
    return run < 0 ? UNKNOWN_TERM : (runs[run + 1] ?? UNKNOWN_TERM);
  }

  /** The entry behind the last one has this term. */
  append(index: number, term: number): void {
    const runs = this.#runs;
    if (runs[runs.length - 1] !== term || runs.length === 0) runs.push(index, term);
  }

  /** Forgets `index` and everything behind it. */
  truncateFrom(index: number): void {
    const runs = this.#runs;
    while (runs.length > 0 && (runs[runs.length - 2] ?? 0) >= index) runs.length -= 2;
  }

  /** Forgets everything up to `index`, which is before `lastIndex`, or all if it is not. */
  dropThrough(index: number, lastIndex: number): void {
    if (index >= lastIndex) {
      this.#runs = [];
      return;
    }
    const run = this.#search(index + 1);
    if (run < 0) return;
    if (run > 0) this.#runs = this.#runs.slice(run);
    this.#runs[0] = Math.max(index + 1, this.#runs[0] ?? 0);
  }

  /** Sets the term of entries in the middle. */
  set(first: number, last: number, bounds: { term: number; lastIndex: number }): void {
    const old = this.#runs;
    const after = last < bounds.lastIndex ? this.at(last + 1) : undefined;
    const runs: number[] = [];
    for (let run = 0; run < old.length && (old[run] ?? 0) < first; run += 2) {
      runs.push(old[run] ?? 0, old[run + 1] ?? 0);
    }
    push(runs, first, bounds.term);
    if (after !== undefined) push(runs, last + 1, after);
    for (let run = 0; run < old.length; run += 2) {
      if ((old[run] ?? 0) > last + 1) push(runs, old[run] ?? 0, old[run + 1] ?? 0);
    }
    this.#runs = runs;
  }

  /** Position of the run that has `index`, or negative. */
  #search(index: number): number {
    const runs = this.#runs;
    let low = 0;
    let high = runs.length / 2;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((runs[middle * 2] ?? 0) <= index) low = middle + 1;
      else high = middle;
    }
    return (low - 1) * 2;
  }
}

function push(runs: number[], first: number, term: number): void {
  if (runs.length === 0 || runs[runs.length - 1] !== term) runs.push(first, term);
}
