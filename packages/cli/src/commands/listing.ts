import type { Caller } from "../caller.ts";
import type { Row } from "../cell.ts";
import { UsageError } from "../cli-error.ts";
import { EXIT } from "../exit-code.ts";
import type { Input, Output } from "./command.ts";

/** Rows as the node sends them. */
export function rowsFrom(caller: Caller, method: string, params: unknown): AsyncIterable<Row> {
  // The node's handlers of listings send nothing else; both sides are of one release.
  return caller.stream(method, params) as AsyncIterable<Row>;
}

/** Columns asked for, which may also be written with commas; without any, the default ones. */
export function columnsOf({ args }: Input, defaults: readonly string[]): readonly string[] {
  const asked = args.flatMap((text) => text.split(",")).filter((name) => name !== "");
  return asked.length === 0 ? defaults : asked;
}

/** @throws UsageError that names the columns there are not */
export function checkColumns(input: Input, known: readonly string[]): void {
  const unknown = columnsOf(input, []).filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  throw new UsageError(EXIT.usage, `Info key(s) ${unknown.join(",")} are not supported`);
}

/** A listing of columns that the node fills in. */
export function listing(
  caller: Caller,
  method: string,
  columns: readonly string[],
  params: Readonly<Record<string, unknown>> = {},
): Output {
  return { kind: "rows", columns, rows: rowsFrom(caller, method, { ...params, columns }) };
}

/** Rows that are here already. */
export async function* each(rows: readonly Row[]): AsyncIterable<Row> {
  yield* rows;
}
