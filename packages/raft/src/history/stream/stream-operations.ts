import {
  canonicalJson,
  formatOperation,
  HistoryError,
  isList,
  type Json,
  member,
  type Operation,
} from "../format/operation.ts";

// Operations of a stream; their key is its name.
//
//   kind    input   output, if ok
//   append  value   { offset }
//   poll    -       { records: [[offset, value], ...] }    what a reader got, in the order in which it got it
//   seek    -       -                                      the reader goes somewhere else on purpose
//   drain   -       -                                      this process polled from the start to the end, at the end

/** A value that a reader saw at an offset. */
export interface SeenRecord {
  readonly offset: number;
  /** As text; see canonicalJson. */
  readonly value: string;
  readonly operation: Operation;
}

/** The offset that an answered append was given. @throws HistoryError */
export function readAppended(operation: Operation): SeenRecord {
  const offset = offsetOf(member(operation.output, "offset"), operation);
  return { offset, value: canonicalJson(operation.input), operation };
}

/** What a poll brought. @throws HistoryError */
export function readPolled(operation: Operation): SeenRecord[] {
  const records = member(operation.output, "records");
  if (!isList(records))
    throw new HistoryError(`records are missing: ${formatOperation(operation)}`);
  return records.map((record) => {
    const [offset = null, value = null] = isList(record) ? record : [];
    return { offset: offsetOf(offset, operation), value: canonicalJson(value), operation };
  });
}

function offsetOf(offset: Json, operation: Operation): number {
  if (typeof offset === "number" && Number.isSafeInteger(offset) && offset >= 0) return offset;
  throw new HistoryError(`an offset is missing: ${formatOperation(operation)}`);
}
