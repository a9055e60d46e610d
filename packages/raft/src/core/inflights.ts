/**
 * The window of AppendEntries messages on the way to one follower: bounded in messages and in bytes. A single message
 * larger than the byte limit is let through when nothing else is on the way.
 */
export class Inflights {
  readonly #maxMessages: number;
  readonly #maxBytes: number;
  /** Pairs of last index and bytes of each message, oldest first, from `#head` on. */
  #window: number[] = [];
  #head = 0;
  #bytes = 0;

  constructor(maxMessages: number, maxBytes: number) {
    this.#maxMessages = maxMessages;
    this.#maxBytes = maxBytes;
  }

  get count(): number {
    return (this.#window.length - this.#head) / 2;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get isFull(): boolean {
    return this.count >= this.#maxMessages || this.#bytes >= this.#maxBytes;
  }

  /** A message with entries up to `lastIndex` was sent. */
  add(lastIndex: number, bytes: number): void {
    this.#window.push(lastIndex, bytes);
    this.#bytes += bytes;
  }

  /** Everything up to `index` has arrived. */
  freeUpTo(index: number): void {
    while (this.#head < this.#window.length && (this.#window[this.#head] ?? 0) <= index) {
      this.#bytes -= this.#window[this.#head + 1] ?? 0;
      this.#head += 2;
    }
    if (this.#head === this.#window.length) this.reset();
    else if (this.#head > 2 * this.#maxMessages) {
      this.#window = this.#window.slice(this.#head);
      this.#head = 0;
    }
  }

  reset(): void {
    if (this.#window.length > 0) this.#window = [];
    this.#head = 0;
    this.#bytes = 0;
  }

  /** Last indexes on the way, oldest first. */
  indexes(): number[] {
    const result: number[] = [];
    for (let at = this.#head; at < this.#window.length; at += 2) result.push(this.#window[at] ?? 0);
    return result;
  }
}
