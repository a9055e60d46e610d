import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { Case, OutputKind } from "./cases/case.ts";

/** What a command did. */
export interface Outcome {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
  /** What it wrote to the case's file; undefined: the case has none. */
  readonly file?: string;
}

/** What stands in outputs that is different on each machine and in each run. */
export interface Places {
  readonly directory: string;
  /** Of rabbitmqadmin. */
  readonly tool: string;
  readonly port: number;
  readonly amqpPort: number;
  readonly nodeName: string;
  /** undefined: no client is connected. */
  readonly connection: string | undefined;
}

/** What a traceback quotes of the tool's source. */
const PYTHON_CALLS = /(Traceback \(most recent call last\):\n)(?: .*\n)+/g;

/** The outcome with words for what is different in each run. */
export function normalised(outcome: Outcome, command: Case, places: Places): Outcome {
  const clean = (text: string): string => cleaned(text, command, places);
  return {
    exit: outcome.exit,
    stdout: clean(outcome.stdout),
    stderr: clean(outcome.stderr),
    ...(outcome.file !== undefined && { file: clean(outcome.file) }),
  };
}

function cleaned(text: string, { without = [], isToolText = false }: Case, places: Places): string {
  if (isToolText && text !== "") {
    return `sha256 ${createHash("sha256").update(text).digest("hex")}\n`;
  }
  const { connection, directory, tool, port, amqpPort, nodeName } = places;
  let clean = text.replaceAll("\r\n", "\n").replaceAll(PYTHON_CALLS, "$1");
  if (connection !== undefined) {
    clean = clean
      .replaceAll(connection, "{connection}")
      .replaceAll(encodeURIComponent(connection), "{connection}");
  }
  clean = clean
    .replaceAll(directory, "{dir}")
    .replaceAll(tool, "{tool}")
    .replaceAll(nodeName, "{node}")
    .replaceAll(String(amqpPort), "{amqp}")
    .replaceAll(String(port), "{port}");
  for (const pattern of without) clean = clean.replaceAll(pattern, "…");
  return clean;
}

/** What is different between two outcomes, for a person; undefined: nothing. */
export function differenceOf(
  expected: Outcome,
  actual: Outcome,
  kind: OutputKind = "text",
): string | undefined {
  const problems: string[] = [];
  if (actual.exit !== expected.exit) problems.push(`exit ${actual.exit}, not ${expected.exit}`);
  if (!isSame(expected.stdout, actual.stdout, kind)) {
    problems.push(`stdout\n${actual.stdout}\nnot\n${expected.stdout}`);
  }
  if (actual.stderr !== expected.stderr) {
    problems.push(`stderr\n${actual.stderr}\nnot\n${expected.stderr}`);
  }
  if (!isSameFile(expected.file, actual.file)) {
    problems.push(`file\n${actual.file}\nnot\n${expected.file}`);
  }
  return problems.length === 0 ? undefined : problems.join("\n");
}

function isSame(expected: string, actual: string, kind: OutputKind): boolean {
  if (kind === "text") return expected === actual;
  if (kind === "lines") return isDeepStrictEqual(sortedLines(expected), sortedLines(actual));
  const [left, right] = [parsed(expected), parsed(actual)];
  return left !== undefined && isDeepStrictEqual(left, right);
}

function sortedLines(text: string): string[] {
  return text.split("\n").toSorted();
}

/** Definitions: without the release, and in any order. */
function isSameFile(expected: string | undefined, actual: string | undefined): boolean {
  if (expected === actual) return true;
  if (expected === undefined || actual === undefined) return false;
  const left = parsed(expected);
  return left !== undefined && isDeepStrictEqual(sorted(left), sorted(parsed(actual)));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(sorted).toSorted((left, right) => (text(left) < text(right) ? -1 : 1));
  }
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([key]) => key !== "rabbit_version");
  return Object.fromEntries(
    entries
      .toSorted(([left], [right]) => (left < right ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}

function text(value: unknown): string {
  return JSON.stringify(value);
}

/** undefined: no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
