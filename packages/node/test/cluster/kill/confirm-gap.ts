/** Watches for how long nothing was confirmed. Times in ms, of one clock. */
export class ConfirmGap {
  #last: number | undefined;
  #longest = 0;
  #count = 0;

  /** Forgets what was before; the time since the last confirm still counts. */
  restart(): void {
    this.#longest = 0;
    this.#count = 0;
  }

  confirmed(now: number): void {
    if (this.#last !== undefined) this.#longest = Math.max(this.#longest, now - this.#last);
    this.#last = now;
    this.#count++;
  }

  /** The client does not publish for a while: that is nobody's gap. */
  pause(): void {
    this.#last = undefined;
  }

  /** Confirms since `restart`. */
  get count(): number {
    return this.#count;
  }

  get longestMs(): number {
    return this.#longest;
  }
}
