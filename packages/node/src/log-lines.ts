import { follow } from "./follow.ts";

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
  readonly #followers = new Set<(line: string) => void>();

  /** Takes a whole line, with or without its line feed. */
  add(line: string): void {
    const text = line.trimEnd();
    this.#lines.push(text);
    this.#size += text.length;
    if (this.#lines.length > 2 * LINES_MAX || this.#size > 2 * SIZE_MAX) this.#trim();
    for (const onLine of this.#followers) onLine(text);
  }

  /** The newest `count`, oldest first. */
  last(count: number): readonly string[] {
    this.#trim();
    return count === 0 ? [] : this.#lines.slice(-count);
  }

  /** Lines as they come, until the signal. A follower who is too slow misses some, and sees how many. */
  async *follow(signal: AbortSignal): AsyncIterable<string> {
    const listen = (onLine: (line: string) => void): (() => void) => {
      this.#followers.add(onLine);
      return () => this.#followers.delete(onLine);
    };
    for await (const next of follow({ listen, waitingMax: WAITING_MAX, signal })) {
      if ("item" in next) yield next.item;
      else yield `(${next.missed} lines left out: the reader was too slow)`;
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
