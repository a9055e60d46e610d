import { readFile } from "node:fs/promises";

/** What was recorded of one case. */
export interface Recording {
  readonly section: string;
  readonly transcript: readonly string[];
}

/** Recordings by case name. */
export type Recordings = Readonly<Record<string, Recording>>;

/** Where the recordings of a group of cases are kept. */
export function recordedFile(group: string): URL {
  return new URL(`./recorded/${group}.json`, import.meta.url);
}

/** The recordings of a group; none when it was never recorded. */
export async function readRecordings(group: string): Promise<Recordings> {
  try {
    // Written by record.ts only.
    return JSON.parse(await readFile(recordedFile(group), "utf8")) as Recordings;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return {};
    throw error;
  }
}
