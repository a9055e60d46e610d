/** What keeps the input of a connection waiting. */
export class InputSuspensions {
  #count = 0;
  /** Those of an epoch before have no effect any more. */
  #epoch = 0;

  get isActive(): boolean {
    return this.#count > 0;
  }

  /** Adds one; the function returned ends it, once. `onEnd` is called when the last one ends. */
  add(onEnd: () => void): () => void {
    const epoch = this.#epoch;
    let isOver = false;
    this.#count++;
    return () => {
      if (isOver || epoch !== this.#epoch) return;
      isOver = true;
      this.#count--;
      if (this.#count === 0) onEnd();
    };
  }

  /** Ends all; nobody is told. */
  clear(): void {
    this.#count = 0;
    this.#epoch++;
  }
}
