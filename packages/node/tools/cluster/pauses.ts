/** How long nothing happened, at most. Milliseconds. */
export class Pauses {
  #lastMs: number | undefined;
  #longestMs = 0;

  /** The longest one, that of this moment included. */
  get longestMs(): number {
    return this.#lastMs === undefined
      ? this.#longestMs
      : Math.max(this.#longestMs, performance.now() - this.#lastMs);
  }

  happened(): void {
    const nowMs = performance.now();
    if (this.#lastMs !== undefined) {
      this.#longestMs = Math.max(this.#longestMs, nowMs - this.#lastMs);
    }
    this.#lastMs = nowMs;
  }

  /** What was before does not count any more. */
  reset(): void {
    this.#longestMs = 0;
    this.#lastMs = performance.now();
  }
}
