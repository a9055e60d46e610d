export interface TimelineEntry {
  /** Since the run began, ms. */
  readonly atMs: number;
  readonly text: string;
}

/** What was done, and what was seen of it, in order. */
export class Timeline {
  readonly entries: TimelineEntry[] = [];
  readonly #startMs: number = performance.now();
  readonly #print: (line: string) => void;

  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  note(text: string): void {
    const entry = { atMs: Math.round(performance.now() - this.#startMs), text };
    this.entries.push(entry);
    this.#print(formatEntry(entry));
  }
}

/** One line for people. */
function formatEntry({ atMs, text }: TimelineEntry): string {
  return `${(atMs / 1000).toFixed(1).padStart(7)} s  ${text}`;
}
