import type { Entry } from "../core/entry.ts";

/** Committed entries of a group that wait to be applied, in order. Bounded by the core's maxApplyingBytes. */
export class ApplyQueue {
  #runs: (readonly Entry[])[] = [];
  /** Position of the next entry in the first run. */
  #next = 0;

  get isEmpty(): boolean {
    return this.#runs.length === 0;
  }

  push(entries: readonly Entry[]): void {
    if (entries.length > 0) this.#runs.push(entries);
  }

  peek(): Entry | undefined {
    return this.#runs[0]?.[this.#next];
  }

  shift(): void {
    const run = this.#runs[0];
    if (run === undefined) return;
    this.#next++;
    if (this.#next < run.length) return;
    this.#runs.shift();
    this.#next = 0;
  }

  /** Forgets entries up to `index`: a snapshot has taken their place. */
  dropTo(index: number): void {
    for (
      let entry = this.peek();
      entry !== undefined && entry.index <= index;
      entry = this.peek()
    ) {
      this.shift();
    }
  }

  clear(): void {
    this.#runs = [];
    this.#next = 0;
  }
}
