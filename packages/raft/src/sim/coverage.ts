/** How often each event and each kind of fault happened: a simulation in which nothing happened proves nothing. */
export class Coverage {
  readonly #counts = new Map<string, number>();

  count(event: string, times = 1): void {
    this.#counts.set(event, (this.#counts.get(event) ?? 0) + times);
  }

  get(event: string): number {
    return this.#counts.get(event) ?? 0;
  }

  add(other: Iterable<readonly [string, number]>): void {
    for (const [event, times] of other) this.count(event, times);
  }

  /** Sorted by name. */
  entries(): [string, number][] {
    return [...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1));
  }
}
