/** Whole numbers from 1 on, most of them up to some place without a gap: memory for those beyond the first gap only. */
export class NumberSet {
  #complete = 0;
  readonly #beyond = new Set<number>();

  get size(): number {
    return this.#complete + this.#beyond.size;
  }

  has(number: number): boolean {
    return number <= this.#complete || this.#beyond.has(number);
  }

  /** False: it was there already. */
  add(number: number): boolean {
    if (this.has(number)) return false;
    this.#beyond.add(number);
    while (this.#beyond.delete(this.#complete + 1)) this.#complete++;
    return true;
  }

  /** How many of these numbers `other` lacks. */
  countMissingIn(other: NumberSet): number {
    let missing = 0;
    for (let number = other.#complete + 1; number <= this.#complete; number++) {
      if (!other.has(number)) missing++;
    }
    for (const number of this.#beyond) if (!other.has(number)) missing++;
    return missing;
  }
}
