import type { DeliveredMark, Progress, RefRange, ReturnedMessage } from "./progress.ts";

/** Gathers what becomes of the messages of a durable queue until its log is told. */
export class ProgressNotes {
  /** Ranges of refs that left, as parallel arrays: a range for each ack would cost an object. */
  #levels: number[] = [];
  #firsts: number[] = [];
  #lasts: number[] = [];
  /** By level. */
  readonly #delivered = new Map<number, number>();
  /** What the log knows. */
  readonly #told = new Map<number, number>();
  /** By ref: the last count is what matters. */
  readonly #returned = new Map<number, ReturnedMessage>();

  get isEmpty(): boolean {
    return this.#levels.length + this.#delivered.size + this.#returned.size === 0;
  }

  /** Ranges and other notes. */
  get count(): number {
    return this.#levels.length + this.#returned.size;
  }

  removed(level: number, ref: number): void {
    const last = this.#levels.length - 1;
    if (last >= 0 && this.#levels[last] === level && this.#lasts[last] === ref - 1) {
      this.#lasts[last] = ref;
    } else {
      this.removedRange(level, ref, ref);
    }
  }

  removedRange(level: number, first: number, last: number): void {
    this.#levels.push(level);
    this.#firsts.push(first);
    this.#lasts.push(last);
  }

  /** The message was handed out, in its level in the order of refs; true: for the first time. */
  delivered(level: number, ref: number): boolean {
    if (ref <= (this.#told.get(level) ?? -1)) return false;
    this.#told.set(level, ref);
    this.#delivered.set(level, ref);
    return true;
  }

  returned(level: number, ref: number, count: number): void {
    this.#returned.set(ref, { level, ref, count });
  }

  /** What gathered since the last call; of ranges and returns `limit` each at most, the others with the next call. */
  take(limit: number): Progress {
    const removed: RefRange[] = [];
    for (let at = 0; at < Math.min(limit, this.#levels.length); at++) {
      const level = this.#levels[at] ?? 0;
      removed.push({ level, first: this.#firsts[at] ?? 0, last: this.#lasts[at] ?? 0 });
    }
    const delivered: DeliveredMark[] = [...this.#delivered].map(([level, ref]) => ({ level, ref }));
    this.#levels = this.#levels.slice(removed.length);
    this.#firsts = this.#firsts.slice(removed.length);
    this.#lasts = this.#lasts.slice(removed.length);
    this.#delivered.clear();
    return { removed, delivered, returned: this.#takeReturned(limit) };
  }

  #takeReturned(limit: number): ReturnedMessage[] {
    const returned: ReturnedMessage[] = [];
    for (const message of this.#returned.values()) {
      if (returned.length === limit) break;
      returned.push(message);
    }
    for (const { ref } of returned) this.#returned.delete(ref);
    return returned;
  }
}
