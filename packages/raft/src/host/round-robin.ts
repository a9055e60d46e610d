/** A thing that has its turn, at most once in the list at a time. */
export interface Turnable {
  /** Comes before all that are not urgent. */
  readonly isUrgent: boolean;
}

/** Groups that wait for their turn: first in, first out, the urgent ones first. The caller keeps out duplicates. */
export class RoundRobin<T extends Turnable> {
  readonly #urgent = new Fifo<T>();
  readonly #others = new Fifo<T>();

  get count(): number {
    return this.#urgent.count + this.#others.count;
  }

  push(item: T): void {
    (item.isUrgent ? this.#urgent : this.#others).push(item);
  }

  shift(): T | undefined {
    return this.#urgent.shift() ?? this.#others.shift();
  }
}

/** Removing from the front of an array costs its length: it is done for many at once. */
const COMPACT_AT = 1024;

class Fifo<T> {
  readonly #items: T[] = [];
  #head = 0;

  get count(): number {
    return this.#items.length - this.#head;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    const item = this.#items[this.#head];
    if (item === undefined) return undefined;
    this.#head++;
    if (this.#head === this.#items.length || this.#head === COMPACT_AT) {
      this.#items.splice(0, this.#head);
      this.#head = 0;
    }
    return item;
  }
}
