/** A callback and what it is told. An object and not a closure: there is one for each proposal. */
class Completion<T> {
  readonly #done: (value: T) => void;
  readonly #value: T;

  constructor(done: (value: T) => void, value: T) {
    this.#done = done;
    this.#value = value;
  }

  run(): void {
    this.#done(this.#value);
  }
}

/** Callbacks that wait for the end of the turn, so that none runs inside a call of the code it belongs to. */
export class Completions {
  #waiting: { run(): void }[] = [];

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  add<T>(done: (value: T) => void, value: T): void {
    this.#waiting.push(new Completion(done, value));
  }

  /** Runs those that wait now. What they add waits for the next turn. */
  run(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    let at = 0;
    try {
      for (; at < waiting.length; at++) waiting[at]?.run();
    } catch (error) {
      // The caller's mistake is the caller's to see, but the others' outcomes must not be lost.
      this.#waiting = [...waiting.slice(at + 1), ...this.#waiting];
      throw error;
    }
  }
}
