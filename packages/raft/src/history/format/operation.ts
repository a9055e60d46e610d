/** What JSON can hold; inputs and outputs of operations are of this type, so that every history can be kept as text. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [name: string]: Json };

/**
 * How an operation ended, as its caller knows it. ok: it took effect, and `output` is the answer. fail: it had no effect,
 * for certain. unknown: no answer came (time-out, lost connection); it may have taken effect, or may yet.
 */
export type Outcome = "ok" | "fail" | "unknown";

/** One call of a client, from the moment it was sent to the moment its answer was there. Times: one clock, ms, for all. */
export interface Operation {
  /** Who called: one session of a client. A client that lost its session goes on as a new process. */
  readonly process: number;
  /** What was asked for; the checkers say which kinds they know. */
  readonly kind: string;
  /** What it was asked of: a register, a queue, a lock. Operations on different keys have nothing to do with each other. */
  readonly key: string;
  readonly input: Json;
  /** null if the outcome is not ok, or if there is nothing to tell. */
  readonly output: Json;
  readonly invokedAt: number;
  /** Infinity if the outcome is unknown: it may take effect at any later time. */
  readonly completedAt: number;
  readonly outcome: Outcome;
}

/** A history, or a line of one, is not what its reader can take: the test's recording is wrong, not the tested system. */
export class HistoryError extends Error {
  override readonly name = "HistoryError";
}

/** Whether two values are the same, members of objects in any order. */
export function isSameJson(left: Json, right: Json): boolean {
  if (left === right) return true;
  if (typeof left !== "object" || typeof right !== "object") return false;
  return left !== null && right !== null && canonicalJson(left) === canonicalJson(right);
}

/** The value as text, equal for equal values: members of objects come in the order of their names. */
export function canonicalJson(value: Json): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (isList(value)) return `[${value.map(canonicalJson).join(",")}]`;
  const names = Object.keys(value).sort();
  const members = names.map(
    (name) => `${JSON.stringify(name)}:${canonicalJson(member(value, name))}`,
  );
  return `{${members.join(",")}}`;
}

/** A member of an object; null if there is none, or if `value` is no object. */
export function member(value: Json, name: string): Json {
  if (typeof value !== "object" || value === null || isList(value)) return null;
  return Object.hasOwn(value, name) ? (value[name] ?? null) : null;
}

/** Array.isArray does not narrow readonly lists. */
export function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

const TEXT_MAX = 120;

/** One line for people: `process 3 cas x [1,2] -> true, 10.5 to 12 ms`. Long values are cut. */
export function formatOperation(operation: Operation): string {
  const { process, kind, key, input, output, outcome } = operation;
  const asked = input === null ? "" : ` ${clip(canonicalJson(input))}`;
  const answer = outcome === "ok" ? clip(canonicalJson(output)) : outcome;
  const end = operation.completedAt === Number.POSITIVE_INFINITY ? "?" : operation.completedAt;
  return `process ${process} ${kind} ${key}${asked} -> ${answer}, ${operation.invokedAt} to ${end} ms`;
}

function clip(text: string): string {
  return text.length <= TEXT_MAX ? text : `${text.slice(0, TEXT_MAX)}...`;
}
