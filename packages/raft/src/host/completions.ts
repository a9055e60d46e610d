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

/** Run callbacks stay in the list until there are so many: removing from the front costs. */
const COMPACT_AT = 512;

/** Callbacks that wait for the end of the turn, so that none runs inside a call of the code it belongs to. */
export class Completions {
  #waiting: ({ run(): void } | undefined)[] = [];
  /** Before this all have run. */
  #head = 0;

  get isEmpty(): boolean {
    return this.#head === this.#waiting.length;
  }

  add<T>(done: (value: T) => void, value: T): void {
    this.#waiting.push(new Completion(done, value));
  }

  /** Runs those that wait now, `maxCount` at most. What they add waits for the next turn. */
  run(maxCount: number): void {
    const end = Math.min(this.#waiting.length, this.#head + maxCount);
    try {
      while (this.#head < end) {
        const next = this.#waiting[this.#head];
        this.#waiting[this.#head] = undefined;
        // Before the call: what it throws is its caller's mistake to see, and the others' outcomes must not be lost.
        this.#head++;
        next?.run();
      }
    } finally {
      this.#compact();
    }
  }

  #compact(): void {
    if (this.isEmpty) this.#waiting = [];
    else if (this.#head < COMPACT_AT || this.#head * 2 < this.#waiting.length) return;
    else this.#waiting = this.#waiting.slice(this.#head);
    this.#head = 0;
  }
}
