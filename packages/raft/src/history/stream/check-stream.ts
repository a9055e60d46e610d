import { groupBy } from "../format/group-by.ts";
import {
  canonicalJson,
  formatOperation,
  HistoryError,
  type Operation,
} from "../format/operation.ts";
import { Findings, type Verdict } from "../format/verdict.ts";
import { readAppended, readPolled, type SeenRecord } from "./stream-operations.ts";

/** What can be wrong with a stream. */
export type StreamProblemKind =
  /** Two values at one offset. */
  | "offset-conflict"
  /** One value at two offsets, appended once. */
  | "repeated"
  /** A value that nobody appended, or whose append failed. */
  | "unexpected"
  /** A reader got an offset that is not behind the one before. */
  | "went-back"
  /** A reader of the whole stream did not get what was acknowledged. */
  | "lost"
  /** An append that began after another had ended got a lower offset. */
  | "out-of-order";

/**
 * Whether streams (logs with offsets) behaved: each offset has one value for everyone, each value one offset, readers go
 * forward only, real time is kept, and nothing acknowledged is missing. Values have to be unique in their stream.
 * See stream-operations.ts for what the history has to hold. Without a drain of each stream with acknowledged
 * appends the verdict is unknown.
 * @throws HistoryError if an operation is not one of a stream, or lacks something
 */
export function checkStream(history: readonly Operation[]): Verdict {
  const findings = new Findings<StreamProblemKind>();
  for (const [key, operations] of groupBy(history, (each) => each.key)) {
    new StreamCheck(key, operations, findings).run();
  }
  if (findings.countOf("acknowledged") === 0) findings.doubt("no append was acknowledged");
  if (findings.countOf("read") === 0) findings.doubt("nothing was read");
  return findings.verdict();
}

class StreamCheck {
  readonly #key: string;
  readonly #operations: readonly Operation[];
  readonly #findings: Findings<StreamProblemKind>;
  readonly #appended: readonly SeenRecord[];
  readonly #byOffset = new Map<number, SeenRecord>();
  readonly #byValue = new Map<string, SeenRecord>();
  /** Appends of each value that may have taken effect. */
  readonly #attempts = new Map<string, number>();

  constructor(key: string, history: readonly Operation[], findings: Findings<StreamProblemKind>) {
    this.#key = key;
    this.#operations = history.toSorted((left, right) => left.invokedAt - right.invokedAt);
    this.#findings = findings;
    const acknowledged = this.#operations.filter(
      (each) => each.kind === "append" && each.outcome === "ok",
    );
    this.#appended = acknowledged.map(readAppended);
  }

  run(): void {
    this.#countAttempts();
    for (const record of this.#appended) this.#note(record);
    for (const polls of this.#pollsByReader().values()) this.#checkReader(polls);
    this.#checkRealTime();
    this.#checkLoss();
    this.#findings.count("acknowledged", this.#appended.length);
  }

  #countAttempts(): void {
    for (const { kind, input, outcome } of this.#operations) {
      if (kind !== "append" || outcome === "fail") continue;
      const value = canonicalJson(input);
      this.#attempts.set(value, (this.#attempts.get(value) ?? 0) + 1);
    }
  }

  /** Each offset has one value, each value one offset, and an origin. */
  #note(record: SeenRecord): void {
    const { offset, value, operation } = record;
    const same = this.#byOffset.get(offset) ?? record;
    if (same.value !== value) {
      const text = `${this.#key} has ${same.value} and ${value} at offset ${offset}`;
      this.#findings.problem("offset-conflict", text, [same.operation, operation]);
    }
    this.#byOffset.set(offset, same);
    const attempts = this.#attempts.get(value) ?? 0;
    if (attempts === 0) {
      const text = `${this.#key} has ${value} at offset ${offset}, which nobody appended`;
      this.#findings.problem("unexpected", text, [operation]);
    }
    const other = this.#byValue.get(value) ?? record;
    if (other.offset !== offset && attempts === 1) {
      const text = `${this.#key} has ${value} at offsets ${other.offset} and ${offset}`;
      this.#findings.problem("repeated", text, [other.operation, operation]);
    }
    this.#byValue.set(value, other);
  }

  #pollsByReader(): Map<number, Operation[]> {
    const polls = this.#operations.filter((each) => {
      if (each.kind === "append" || each.kind === "drain") return false;
      if (each.kind === "poll" || each.kind === "seek") return each.outcome === "ok";
      throw new HistoryError(`a stream has no such operation: ${formatOperation(each)}`);
    });
    return groupBy(polls, (each) => each.process);
  }

  #checkReader(polls: readonly Operation[]): void {
    let before: SeenRecord | undefined;
    for (const poll of polls) {
      if (poll.kind === "seek") {
        before = undefined;
        continue;
      }
      for (const record of readPolled(poll)) {
        this.#findings.count("read", 1);
        this.#note(record);
        this.#checkForward(before, record);
        before = record;
      }
    }
  }

  #checkForward(before: SeenRecord | undefined, record: SeenRecord): void {
    if (before === undefined || before.offset < record.offset) return;
    const reader = `process ${record.operation.process}`;
    const text = `${this.#key} gave ${reader} offset ${record.offset} after ${before.offset}`;
    this.#findings.problem("went-back", text, [before.operation, record.operation]);
  }

  /** An append that is over before another begins has the lower offset. */
  #checkRealTime(): void {
    const ended = this.#appended.toSorted(
      (left, right) => left.operation.completedAt - right.operation.completedAt,
    );
    let endedCount = 0;
    let highest: SeenRecord | undefined;
    for (const record of this.#appended) {
      let over = ended[endedCount];
      while (over !== undefined && over.operation.completedAt < record.operation.invokedAt) {
        if (highest === undefined || over.offset > highest.offset) highest = over;
        endedCount++;
        over = ended[endedCount];
      }
      if (highest === undefined || record.offset > highest.offset) continue;
      const text = `${this.#key} gave offset ${record.offset} after ${highest.offset}`;
      this.#findings.problem("out-of-order", text, [highest.operation, record.operation]);
    }
  }

  /** A process that drained the stream got everything that was acknowledged before. */
  #checkLoss(): void {
    const drain = this.#operations.findLast(
      ({ kind, outcome }) => kind === "drain" && outcome === "ok",
    );
    if (drain === undefined) {
      if (this.#appended.length > 0) this.#findings.doubt(`${this.#key} was not drained`);
      return;
    }
    const seen = this.#offsetsOf(drain);
    for (const { offset, value, operation } of this.#appended) {
      if (seen.has(offset)) continue;
      if (operation.completedAt > drain.invokedAt) {
        this.#findings.doubt(`${this.#key} was not drained after ${value} was appended`);
        continue;
      }
      const text = `${this.#key} has not ${value}, which was acknowledged at offset ${offset}`;
      this.#findings.problem("lost", text, [operation, drain]);
    }
  }

  #offsetsOf({ process }: Operation): ReadonlySet<number> {
    const polls = this.#operations.filter(
      (each) => each.kind === "poll" && each.outcome === "ok" && each.process === process,
    );
    return new Set(polls.flatMap((poll) => readPolled(poll).map((record) => record.offset)));
  }
}
