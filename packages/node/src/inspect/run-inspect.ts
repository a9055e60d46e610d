import { isWhole } from "./directory-report.ts";
import { InspectError, inspectDirectory } from "./inspect-directory.ts";
import { toJson } from "./inspect-json.ts";
import type { InspectOptions } from "./inspect-options.ts";
import { toText } from "./text-report.ts";

const EXIT_WHOLE = 0;
const EXIT_DAMAGED = 1;
const EXIT_USAGE = 64;
/** Nothing can be shown (sysexits.h, EX_SOFTWARE, as for a broker that cannot use its directory). */
const EXIT_UNREADABLE = 70;

/** What the command prints, and how it ends. */
export interface InspectOutcome {
  readonly exitCode:
    | typeof EXIT_WHOLE
    | typeof EXIT_DAMAGED
    | typeof EXIT_USAGE
    | typeof EXIT_UNREADABLE;
  readonly stdout: string;
  readonly stderr: string;
}

/** Inspects a data directory. `onProgress` gets a line for a person who waits. */
export async function runInspect(
  options: InspectOptions,
  onProgress: (line: string) => void,
): Promise<InspectOutcome> {
  try {
    const report = await inspectDirectory(options, (path, position, count) =>
      onProgress(`reading ${path} (${position} of ${count})`),
    );
    const stdout = options.isJson ? toJson(report, options) : toText(report, options);
    return { exitCode: isWhole(report) ? EXIT_WHOLE : EXIT_DAMAGED, stdout, stderr: "" };
  } catch (error) {
    if (!(error instanceof InspectError)) throw error;
    const exitCode = error.isUsage ? EXIT_USAGE : EXIT_UNREADABLE;
    return { exitCode, stdout: "", stderr: `leveret: ${error.message}\n` };
  }
}

/** Inspects a data directory and prints what it found to this process's terminal or pipe. */
export async function printInspection(options: InspectOptions): Promise<void> {
  const { stdout, stderr } = process;
  // Who reads only the first lines has seen enough.
  stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
  const outcome = await runInspect(options, (line) => {
    if (stderr.isTTY) stderr.write(`${CLEAR_LINE}${line}`);
  });
  if (stderr.isTTY) stderr.write(CLEAR_LINE);
  stdout.write(outcome.stdout);
  stderr.write(outcome.stderr);
  process.exitCode = outcome.exitCode;
}

const CLEAR_LINE = "\r\u001b[K";
