/** Callbacks that wait for the end of the turn, so that none runs inside a call of the code it belongs to. */
export class Completions {
  #waiting: (() => void)[] = [];

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  add<T>(done: (value: T) => void, value: T): void {
    this.#waiting.push(() => done(value));
  }

  /** Runs those that wait now. What they add waits for the next turn. */
  run(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const [at, done] of waiting.entries()) {
      try {
        done();
      } catch (error) {
        // The caller's mistake is the caller's to see, but the others' outcomes must not be lost.
        this.#waiting = [...waiting.slice(at + 1), ...this.#waiting];
        throw error;
      }
    }
  }
}
