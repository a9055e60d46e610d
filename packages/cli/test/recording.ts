import { readFileSync } from "node:fs";
import { join } from "node:path";

/** One command line of RabbitMQ 3.10.8 and what it printed. */
export interface Recording {
  readonly name: string;
  readonly tool: string;
  /** Split at blanks: quoted arguments have come apart. */
  readonly args: readonly string[];
  readonly out: string;
  readonly error: string;
  readonly code: number;
}

export function readRecordings(): readonly Recording[] {
  const text = readFileSync(join(import.meta.dirname, "recorded/rabbitmqctl.txt"), "utf8");
  return text.split(/^=== /m).slice(1).map(parseRecording);
}

function parseRecording(text: string): Recording {
  const match = PATTERN.exec(text);
  if (match?.groups === undefined) throw new Error(`not a recording: ${text}`);
  const { name = "", command = "", out = "", error = "", code } = match.groups;
  const [tool = "", ...args] = command.split(" ");
  return { name, tool, args, out, error, code: Number(code) };
}

const PATTERN =
  /^(?<name>\S+)\n\$ (?<command>[^\n]*)\n--- stdout ---\n(?<out>.*?)--- stderr ---\n(?<error>.*?)--- exit (?<code>\d+) ---\n$/s;

/** The rows that a node must have sent for a recorded listing: JSON, or a table whose cells are texts. */
export function rowsOf({ out, args }: Recording): readonly (readonly unknown[])[] {
  if (args.includes("json")) return jsonRows(out);
  const isHeadless = args.includes("-s") || args.includes("--no-table-headers");
  const lines = out.split("\n").filter((line) => line !== "" && !/\.\.\.$/.test(line));
  const isCsv = args.includes("csv");
  const cells = lines.map((line) => (isCsv ? line.slice(1, -1).split('","') : line.split("\t")));
  return isHeadless ? cells : cells.slice(1);
}

function jsonRows(out: string): unknown[][] {
  const value: unknown = JSON.parse(out);
  return Array.isArray(value) ? value.map((row: object) => Object.values(row)) : [];
}
