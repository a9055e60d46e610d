/**
 * The operations that are not placed yet, as a doubly linked list of their numbers in ascending order. `lift` takes one
 * out and `unlift` puts it back where it was, both in constant time, if they are called like brackets.
 */
export class OperationList {
  /** One more than the highest number stands for the head, and for the end. */
  readonly end: number;
  readonly #next: Int32Array;
  readonly #previous: Int32Array;

  constructor(count: number) {
    this.end = count;
    this.#next = new Int32Array(count + 1);
    this.#previous = new Int32Array(count + 1);
    for (let each = 0; each <= count; each++) {
      this.#next[each] = each === count ? 0 : each + 1;
      this.#previous[each] = each === 0 ? count : each - 1;
    }
  }

  /** The first one; `end` if there is none. */
  get first(): number {
    return this.after(this.end);
  }

  after(operation: number): number {
    return this.#next[operation] ?? this.end;
  }

  lift(operation: number): void {
    const next = this.#next[operation] ?? this.end;
    const previous = this.#previous[operation] ?? this.end;
    this.#next[previous] = next;
    this.#previous[next] = previous;
  }

  unlift(operation: number): void {
    this.#next[this.#previous[operation] ?? this.end] = operation;
    this.#previous[this.#next[operation] ?? this.end] = operation;
  }
}
