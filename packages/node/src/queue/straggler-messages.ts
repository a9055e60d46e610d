import type { MachineMessage } from "./queue-effects.ts";
import type { QueueEntry } from "./queue-entry.ts";

/** Below this length settled places are not swept out. */
const SWEEP_MIN = 32;

/** Unacknowledged messages left far behind by later deliveries, sorted by delivery number. */
export class StragglerMessages<M extends MachineMessage> {
  #numbers: number[] = [];
  /** Parallel to `#numbers`; undefined: settled. */
  #entries: (QueueEntry<M> | undefined)[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** `number` is higher than all added before. */
  push(number: number, entry: QueueEntry<M>): void {
    this.#numbers.push(number);
    this.#entries.push(entry);
    this.#count++;
  }

  take(number: number): QueueEntry<M> | undefined {
    const index = this.#lowerBound(number);
    if (this.#numbers[index] !== number) return undefined;
    const entry = this.#entries[index];
    if (entry === undefined) return undefined;
    this.#entries[index] = undefined;
    this.#count--;
    if (this.#numbers.length >= SWEEP_MIN && this.#count < this.#numbers.length / 2) this.#sweep();
    return entry;
  }

  /** The lowest number held in `from..to`; -1: none. */
  find(from: number, to: number): number {
    for (let index = this.#lowerBound(from); index < this.#numbers.length; index++) {
      const number = this.#numbers[index] ?? Infinity;
      if (number > to) return -1;
      if (this.#entries[index] !== undefined) return number;
    }
    return -1;
  }

  forEach(visit: (number: number, entry: QueueEntry<M>) => void): void {
    for (const [index, entry] of this.#entries.entries()) {
      if (entry !== undefined) visit(this.#numbers[index] ?? 0, entry);
    }
  }

  /** Index of the first number that is not below `number`. */
  #lowerBound(number: number): number {
    let low = 0;
    let high = this.#numbers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#numbers[middle] ?? Infinity) < number) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #sweep(): void {
    const entries = this.#entries;
    this.#numbers = this.#numbers.filter((_, index) => entries[index] !== undefined);
    this.#entries = entries.filter((entry) => entry !== undefined);
  }
}
