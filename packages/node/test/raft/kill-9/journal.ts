// What the writer tells its parent, a line of JSON for each step: before it hands a write to the store, and when the store
// has reported it durable. So the parent knows what must be there after a kill, and what may be there in addition.

/** One write of a group to its log, as the store gets it. */
export interface AppendStep {
  readonly kind: "append";
  readonly group: number;
  readonly seq: number;
  /** New term, vote and commit index; undefined: as before. */
  readonly hardState: readonly [term: number, vote: number, commit: number] | undefined;
  /** `count` entries of `term` from `first` on; what was there from `first` on is replaced. */
  readonly entries:
    | { readonly first: number; readonly count: number; readonly term: number }
    | undefined;
  /** A received snapshot that is installed: the log restarts behind it. */
  readonly install: SnapshotPosition | undefined;
}

/** Index and term of a snapshot. */
export interface SnapshotPosition {
  readonly index: number;
  readonly term: number;
}

/** Other things that are asked of the store, told twice: before, and when they are done. */
export type OtherStep =
  | { readonly kind: "create" | "delete"; readonly group: number }
  | {
      readonly kind: "snapshot";
      readonly group: number;
      readonly position: SnapshotPosition;
      /** Entries up to here need not be kept. */
      readonly compactTo: number;
    };

export type JournalLine =
  /** The store is open: from now on kills meet running writes. */
  | { readonly kind: "open" }
  | AppendStep
  | OtherStep
  | { readonly kind: "durable"; readonly group: number; readonly seq: number }
  | { readonly kind: "done"; readonly step: OtherStep };

export function formatLine(line: JournalLine): string {
  return `${JSON.stringify(line)}\n`;
}

/** Reads what a killed writer left; its last line may be cut. */
export function parseJournal(text: string): JournalLine[] {
  const lines = text.split("\n");
  // What follows the last line end was not written whole.
  lines.pop();
  // formatLine is the only writer of them.
  return lines.map((line) => JSON.parse(line) as JournalLine);
}
