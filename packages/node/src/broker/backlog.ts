/** Something that publishers can fill faster than it empties: a queue with consumers, a consumer's connection. */
export interface Backlog {
  readonly isBacklogged: boolean;
}

/** A publisher that is held back for a moment. */
export interface YieldingPublisher {
  /** The moment is over. */
  endYield(): void;
}

/** Who waits for which backlog, so that a publisher goes on as soon as it is worked off. */
export class YieldingPublishers {
  readonly #waiting = new Map<Backlog, Set<YieldingPublisher>>();

  /** Backlogs that somebody waits for. */
  get size(): number {
    return this.#waiting.size;
  }

  add(backlog: Backlog, publisher: YieldingPublisher): void {
    const waiting = this.#waiting.get(backlog);
    if (waiting === undefined) this.#waiting.set(backlog, new Set([publisher]));
    else waiting.add(publisher);
  }

  /** The publisher waits no longer; it must not be remembered for as long as the backlog lasts. */
  remove(backlog: Backlog, publisher: YieldingPublisher): void {
    const waiting = this.#waiting.get(backlog);
    if (waiting?.delete(publisher) === true && waiting.size === 0) this.#waiting.delete(backlog);
  }

  release(backlog: Backlog): void {
    if (this.#waiting.size === 0) return;
    const waiting = this.#waiting.get(backlog);
    if (waiting === undefined) return;
    this.#waiting.delete(backlog);
    for (const publisher of waiting) publisher.endYield();
  }
}
