/** What a queue has to remember of time: when it was last used, and for when its one timer is armed. */
export class QueueDeadlines {
  #lastUsedMs: number;
  #armedAtMs = Infinity;

  constructor(nowMs: number) {
    this.#lastUsedMs = nowMs;
  }

  /** x-expires counts from here: the last declare, basic.get or loss of the last consumer. */
  get lastUsedMs(): number {
    return this.#lastUsedMs;
  }

  used(nowMs: number): void {
    this.#lastUsedMs = nowMs;
  }

  /**
   * Whether the timer has to be armed for `dueMs`. An earlier wish stays as it is: firing too early is harmless
   * and happens once, while moving the timer with every message would not be cheap.
   */
  arm(dueMs: number): boolean {
    if (dueMs >= this.#armedAtMs) return false;
    this.#armedAtMs = dueMs;
    return true;
  }

  /** The timer has fired and is not armed any more. */
  fired(): void {
    this.#armedAtMs = Infinity;
  }

  /** Forgets the timer; true: it was armed. */
  disarm(): boolean {
    const wasArmed = this.#armedAtMs !== Infinity;
    this.fired();
    return wasArmed;
  }
}
