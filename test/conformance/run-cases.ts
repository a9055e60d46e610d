import { type Case, runCase, type Target } from "./script/session.ts";

/** What came of running cases. */
export interface Outcome {
  readonly transcripts: ReadonlyMap<Case, readonly string[]>;
  readonly failures: readonly string[];
}

/** Cases that run at the same time; each has its own connections and names. */
const CONCURRENCY = 12;

/** Runs cases side by side; a case that does not run through is a failure, and the others go on. */
export async function runCases(target: Target, cases: readonly Case[]): Promise<Outcome> {
  const transcripts = new Map<Case, readonly string[]>();
  const failures: string[] = [];
  const waiting = [...cases];
  const worker = async (): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) {
      try {
        transcripts.set(item, await runCase(target, item));
      } catch (error) {
        failures.push(`${String(error)}\n  ${String(error instanceof Error ? error.cause : "")}`);
      }
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  return { transcripts, failures };
}
