import {
  type Completion,
  HistoryRecorder,
  type Invocation,
  OPERATIONS_MAX,
} from "./history-recorder.ts";
import { HistoryError, type Json, type Operation, type Outcome } from "./operation.ts";

// A history as text: one JSON object a line, in the order in which things happened to the writer.
//
//   {"event":"invoke","id":7,"process":3,"kind":"write","key":"x","input":5,"at":10.5}
//   {"event":"complete","id":7,"outcome":"ok","output":null,"at":12}
//   {"event":"whole","process":4,"kind":"read","key":"x","input":null,"at":11,
//    "outcome":"ok","output":5,"completedAt":12}
//
// "id" is the writer's own, one for each invoke of a file; an invoke without a complete has an unknown outcome, so
// that a writer may be killed at any time. "whole" is both in one. input and output may be left out: null.

/** Bounds of what is read. */
export interface HistoryReadLimits {
  /** Characters of a line. */
  readonly lineMax: number;
  readonly operationsMax: number;
  /** Levels of lists and objects within a line. */
  readonly depthMax: number;
}

export const HISTORY_READ_LIMITS: HistoryReadLimits = {
  lineMax: 65_536,
  operationsMax: OPERATIONS_MAX,
  depthMax: 32,
};

/** Takes a history line by line, without the line ends. */
export class HistoryReader {
  readonly #limits: HistoryReadLimits;
  readonly #recorder: HistoryRecorder;
  /** The writer's ids of operations under way, with the recorder's. */
  readonly #open = new Map<number, number>();
  readonly #seen = new Set<number>();
  #lineNumber = 0;

  constructor(limits: HistoryReadLimits = HISTORY_READ_LIMITS) {
    this.#limits = limits;
    this.#recorder = new HistoryRecorder(limits.operationsMax);
  }

  /** An empty line is passed over. @throws HistoryError naming the line */
  push(line: string): void {
    this.#lineNumber++;
    if (line.trim() === "") return;
    try {
      this.#take(parseLine(line, this.#limits));
    } catch (error) {
      if (!(error instanceof HistoryError)) throw error;
      throw new HistoryError(`line ${this.#lineNumber}: ${error.message}`, { cause: error });
    }
  }

  operations(): Operation[] {
    return this.#recorder.operations();
  }

  #take(line: Line): void {
    const event = textOf(line, "event");
    switch (event) {
      case "invoke":
        this.#invoke(idOf(line), invocationOf(line));
        return;
      case "complete":
        this.#complete(idOf(line), completionOf(line, "at"));
        return;
      case "whole":
        this.#recorder.add(invocationOf(line), completionOf(line, "completedAt"));
        return;
      default:
        throw new HistoryError(`unknown event "${event}"`);
    }
  }

  #invoke(id: number, invocation: Invocation): void {
    if (this.#seen.has(id)) throw new HistoryError(`id ${id} is used twice`);
    this.#seen.add(id);
    this.#open.set(id, this.#recorder.invoke(invocation));
  }

  #complete(id: number, completion: Completion): void {
    const recorded = this.#open.get(id);
    if (recorded === undefined) {
      const why = this.#seen.has(id) ? "is completed twice" : "was never invoked";
      throw new HistoryError(`id ${id} ${why}`);
    }
    this.#open.delete(id);
    this.#recorder.complete(recorded, completion);
  }
}

/** What a file of history lines holds. */
export interface ParsedHistory {
  readonly operations: readonly Operation[];
  /** The last line has no end and is no JSON: its writer was killed while it wrote. It is left out. */
  readonly isTorn: boolean;
}

/** Reads a whole file. @throws HistoryError naming the line */
export function parseHistory(text: string, limits?: HistoryReadLimits): ParsedHistory {
  const reader = new HistoryReader(limits);
  let start = 0;
  for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n", start)) {
    reader.push(text.slice(start, end));
    start = end + 1;
  }
  const rest = text.slice(start);
  const isTorn = rest.trim() !== "" && !isJson(rest);
  if (!isTorn) reader.push(rest);
  return { operations: reader.operations(), isTorn };
}

/** The line, without its end, that an operation's start is written as. */
export function formatInvoke(id: number, invocation: Invocation): string {
  const { process, kind, key, input, at } = invocation;
  return JSON.stringify({ event: "invoke", id, process, kind, key, input, at });
}

/** The line that its end is written as. */
export function formatComplete(id: number, { outcome, output, at }: Completion): string {
  return JSON.stringify({ event: "complete", id, outcome, output, at });
}

/** The line of an operation that is over, or has been given up. */
export function formatWhole(operation: Operation): string {
  const { process, kind, key, input, output, outcome, invokedAt: at } = operation;
  // JSON has no infinity; what is unknown needs no end.
  const end = outcome === "unknown" ? {} : { completedAt: operation.completedAt };
  return JSON.stringify({
    event: "whole",
    process,
    kind,
    key,
    input,
    at,
    outcome,
    output,
    ...end,
  });
}

type Line = { readonly [name: string]: Json };

function parseLine(text: string, limits: HistoryReadLimits): Line {
  if (text.length > limits.lineMax) throw new HistoryError(`longer than ${limits.lineMax}`);
  let value: Json;
  try {
    // JSON.parse returns nothing but Json.
    value = JSON.parse(text) as Json;
  } catch (error) {
    throw new HistoryError("not JSON", { cause: error });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new HistoryError("not an object");
  }
  if (!isWithinDepth(value, limits.depthMax)) {
    throw new HistoryError(`nested deeper than ${limits.depthMax}`);
  }
  // Array.isArray above does not exclude readonly lists in the type.
  return value as Line;
}

function isWithinDepth(value: Json, depth: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  return depth > 0 && Object.values(value).every((each) => isWithinDepth(each, depth - 1));
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function invocationOf(line: Line): Invocation {
  return {
    process: integerOf(line, "process"),
    kind: textOf(line, "kind"),
    key: textOf(line, "key"),
    input: line["input"] ?? null,
    at: numberOf(line, "at"),
  };
}

function completionOf(line: Line, timeName: string): Completion {
  const outcome = outcomeOf(line);
  const isTimeless = outcome === "unknown" && line[timeName] === undefined;
  const at = isTimeless ? Number.POSITIVE_INFINITY : numberOf(line, timeName);
  return { outcome, output: line["output"] ?? null, at };
}

function outcomeOf(line: Line): Outcome {
  const outcome = line["outcome"];
  if (outcome === "ok" || outcome === "fail" || outcome === "unknown") return outcome;
  throw new HistoryError(`"outcome" is not ok, fail or unknown`);
}

function idOf(line: Line): number {
  return integerOf(line, "id");
}

function textOf(line: Line, name: string): string {
  const value = line[name];
  if (typeof value !== "string") throw new HistoryError(`"${name}" is not a text`);
  return value;
}

function numberOf(line: Line, name: string): number {
  const value = line[name];
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw new HistoryError(`"${name}" is not a number`);
}

function integerOf(line: Line, name: string): number {
  const value = line[name];
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw new HistoryError(`"${name}" is not a whole number`);
}
