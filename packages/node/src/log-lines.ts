/** Lines kept for tools that ask what has happened: about a screen full for each of the last incidents. */
const LINES_MAX = 1000;
/** Characters of all of them. */
const SIZE_MAX = 524_288;
/** Lines that wait for who follows the log; what comes then is left out. */
const WAITING_MAX = 1000;

/** The last lines of the log in memory, wherever it is written, for whoever wants to see them and what follows. */
export class LogLines {
  #lines: string[] = [];
  #size = 0;
  readonly #followers = new Set<LogFollower>();

  /** Takes a whole line, with or without its line feed. */
  add(line: string): void {
    const text = line.trimEnd();
    this.#lines.push(text);
    this.#size += text.length;
    if (this.#lines.length > 2 * LINES_MAX || this.#size > 2 * SIZE_MAX) this.#trim();
    for (const follower of this.#followers) follower.add(text);
  }

  /** The newest `count`, oldest first. */
  last(count: number): readonly string[] {
    this.#trim();
    return count === 0 ? [] : this.#lines.slice(-count);
  }

  /** Lines as they come, until the signal. A follower who is too slow misses some, and sees how many. */
  async *follow(signal: AbortSignal): AsyncIterable<string> {
    const follower = new LogFollower();
    this.#followers.add(follower);
    const onAbort = (): void => follower.end();
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      while (!signal.aborted) {
        const line = await follower.next();
        if (line === undefined) return;
        yield line;
      }
    } finally {
      signal.removeEventListener("abort", onAbort);
      this.#followers.delete(follower);
    }
  }

  #trim(): void {
    let size = 0;
    let from = this.#lines.length;
    while (from > 0 && this.#lines.length - from < LINES_MAX) {
      const next = size + (this.#lines[from - 1]?.length ?? 0);
      if (next > SIZE_MAX) break;
      size = next;
      from--;
    }
    this.#lines = this.#lines.slice(from);
    this.#size = size;
  }
}

class LogFollower {
  #waiting: string[] = [];
  #missed = 0;
  #isEnded = false;
  #wake: (() => void) | undefined;

  add(line: string): void {
    if (this.#waiting.length >= WAITING_MAX) this.#missed++;
    else this.#waiting.push(line);
    this.#notify();
  }

  end(): void {
    this.#isEnded = true;
    this.#notify();
  }

  /** undefined: nothing follows. */
  async next(): Promise<string | undefined> {
    for (;;) {
      const line = this.#waiting.shift();
      if (line !== undefined) return line;
      if (this.#missed > 0) return this.#missedText();
      if (this.#isEnded) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #missedText(): string {
    const text = `(${this.#missed} lines left out: the reader was too slow)`;
    this.#missed = 0;
    return text;
  }

  #notify(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}
