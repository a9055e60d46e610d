interface Remembered<T> {
  readonly value: T;
  readonly untilMs: number;
}

/** Remembers values for a time, at most so many: the one that was added first makes room. */
export class BoundedMemory<T> {
  readonly #ttlMs: number;
  readonly #countMax: number;
  readonly #now: () => number;
  readonly #values = new Map<string, Remembered<T>>();

  constructor(options: {
    readonly ttlMs: number;
    readonly countMax: number;
    readonly now: () => number;
  }) {
    this.#ttlMs = options.ttlMs;
    this.#countMax = options.countMax;
    this.#now = options.now;
  }

  get(key: string): T | undefined {
    const known = this.#values.get(key);
    if (known === undefined) return undefined;
    if (known.untilMs > this.#now()) return known.value;
    this.#values.delete(key);
    return undefined;
  }

  set(key: string, value: T): void {
    this.#values.delete(key);
    if (this.#values.size >= this.#countMax) this.#dropFirst();
    this.#values.set(key, { value, untilMs: this.#now() + this.#ttlMs });
  }

  clear(): void {
    this.#values.clear();
  }

  #dropFirst(): void {
    for (const key of this.#values.keys()) {
      this.#values.delete(key);
      return;
    }
  }
}
