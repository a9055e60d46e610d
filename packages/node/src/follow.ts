/** What a reader gets: an item, or how many were left out as it was slow. */
export type Followed<T> = { readonly item: T } | { readonly missed: number };

/** Of one reader. */
export interface FollowOptions<T> {
  /** Begins to tell items; returns what ends it. */
  readonly listen: (onItem: (item: T) => void) => () => void;
  /** Items that wait for the reader; what comes then is left out, and counted. */
  readonly waitingMax: number;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** Items as they come, for a reader who holds nothing up. Nobody listens before the first is asked for. */
export async function* follow<T>({
  listen,
  waitingMax,
  signal,
}: FollowOptions<T>): AsyncIterable<Followed<T>> {
  const waiting = new WaitingItems<T>(waitingMax);
  const unlisten = listen((item) => waiting.add(item));
  const onAbort = (): void => waiting.end();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    while (!signal.aborted) {
      const next = await waiting.next();
      if (next === undefined) return;
      yield next;
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
    unlisten();
  }
}

class WaitingItems<T> {
  readonly #max: number;
  readonly #items: T[] = [];
  #missed = 0;
  #isEnded = false;
  #wake: (() => void) | undefined;

  constructor(max: number) {
    this.#max = max;
  }

  add(item: T): void {
    if (this.#items.length >= this.#max) this.#missed++;
    else this.#items.push(item);
    this.#notify();
  }

  end(): void {
    this.#isEnded = true;
    this.#notify();
  }

  /** undefined: nothing follows. */
  async next(): Promise<Followed<T> | undefined> {
    for (;;) {
      const item = this.#items.shift();
      if (item !== undefined) return { item };
      if (this.#missed > 0) return this.#takeMissed();
      if (this.#isEnded) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #takeMissed(): Followed<T> {
    const missed = this.#missed;
    this.#missed = 0;
    return { missed };
  }

  #notify(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}
