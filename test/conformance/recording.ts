/** What was recorded of one case. */
export interface Recording {
  readonly section: string;
  readonly transcript: readonly string[];
}

/** Where the recordings of a group of cases are kept. */
export function recordedFile(group: string): URL {
  return new URL(`./recorded/${group}.json`, import.meta.url);
}
