/** The terms of a replica's log from some index on, with room for damaged entries. Index `base` is known by its term only. */
export class TermList {
  #base: number;
  #terms: (number | undefined)[];

  constructor(base: number, baseTerm: number | undefined) {
    this.#base = base;
    this.#terms = [baseTerm];
  }

  get base(): number {
    return this.#base;
  }

  get last(): number {
    return this.#base + this.#terms.length - 1;
  }

  get(index: number): number | undefined {
    return this.#terms[index - this.#base];
  }

  /** Puts `term` at `index`, dropping what follows. Indexes in between that were never set read as undefined. */
  setLast(index: number, term: number | undefined): void {
    if (index < this.#base) {
      this.restart(index, term);
      return;
    }
    this.#terms.length = Math.min(this.#terms.length, index - this.#base);
    while (this.last < index - 1) this.#terms.push(undefined);
    this.#terms.push(term);
  }

  /** Fills a hole; what follows stays. */
  fill(index: number, term: number): void {
    if (index >= this.#base && index <= this.last) this.#terms[index - this.#base] = term;
    else if (index > this.last) this.setLast(index, term);
  }

  /** Drops what follows `index`. */
  truncate(index: number): void {
    if (index < this.last) this.#terms.length = Math.max(1, index - this.#base + 1);
  }

  /** The log starts at `base` now and has nothing else. */
  restart(base: number, baseTerm: number | undefined): void {
    this.#base = base;
    this.#terms = [baseTerm];
  }

  /** A snapshot at `index`: what was before is gone, what follows may stay. */
  compact(index: number, term: number, keepsSuffix: boolean): void {
    if (!keepsSuffix || index > this.last || index < this.#base) {
      this.restart(index, term);
      return;
    }
    this.#terms = this.#terms.slice(index - this.#base);
    this.#terms[0] = term;
    this.#base = index;
  }
}
