/** The last values of many things, by key, as a list page sees them come by; bounded. */
export class Trends {
  readonly #values = new Map<string, number[]>();
  readonly #length: number;
  readonly #keysMax: number;

  /** `length`: values kept for each key; `keysMax`: keys kept, those seen longest ago go first. */
  constructor(length: number, keysMax: number) {
    this.#length = length;
    this.#keysMax = keysMax;
  }

  add(key: string, value: number): void {
    const values = this.#values.get(key) ?? [];
    this.#values.delete(key);
    values.push(value);
    if (values.length > this.#length) {
      values.shift();
    }
    this.#values.set(key, values);
    if (this.#values.size > this.#keysMax) {
      const oldest = this.#values.keys().next().value;
      if (oldest !== undefined) {
        this.#values.delete(oldest);
      }
    }
  }

  of(key: string): readonly number[] {
    return this.#values.get(key) ?? [];
  }
}
