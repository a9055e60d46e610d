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
  readonly #waiting = new Map<Backlog, YieldingPublisher[]>();

  add(backlog: Backlog, publisher: YieldingPublisher): void {
    const waiting = this.#waiting.get(backlog);
    if (waiting === undefined) this.#waiting.set(backlog, [publisher]);
    else if (!waiting.includes(publisher)) waiting.push(publisher);
  }

  release(backlog: Backlog): void {
    if (this.#waiting.size === 0) return;
    const waiting = this.#waiting.get(backlog);
    if (waiting === undefined) return;
    this.#waiting.delete(backlog);
    for (const publisher of waiting) publisher.endYield();
  }
}
