import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runProgram } from "../../test/clients/processes/child-program.ts";
import { numberOf, parseReport } from "./program-report.ts";

const PROGRAM: string = fileURLToPath(new URL("bare-loop-program.ts", import.meta.url));
/** Also writes the file beforehand, which may take long on a slow disk. */
const EXTRA_MS = 60_000;

export interface BareLoopOptions {
  /** A folder on the disk that is measured. */
  readonly directory: string;
  readonly batchSize: number;
  readonly seconds: number;
  /** Files that are written at once, each by a process of its own. */
  readonly files: number;
}

/** Batches a second that each file gets: the mean of all files. */
export async function measureBareLoop(options: BareLoopOptions): Promise<number> {
  const directory = await mkdtemp(join(options.directory, "bare-"));
  try {
    const rates = Array.from({ length: options.files }, (_unused, file) =>
      runLoop(join(directory, String(file)), options),
    );
    const all = await Promise.all(rates);
    return all.reduce((sum, rate) => sum + rate, 0) / all.length;
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function runLoop(path: string, options: BareLoopOptions): Promise<number> {
  const { batchSize, seconds } = options;
  const lines = await runProgram({
    command: process.execPath,
    arguments: ["--import", "tsx", PROGRAM, path, String(batchSize), String(seconds)],
    timeoutMs: seconds * 1000 + EXTRA_MS,
  });
  const report = parseReport(lines.at(-1) ?? "");
  return (numberOf(report, "batches") / numberOf(report, "elapsedMs")) * 1000;
}
