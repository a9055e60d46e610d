import { type Cell, cellJson, cellText, isNames, type Row } from "../cell.ts";
import { bold, drawn } from "../terminal.ts";
import { atom, cellTerm, list, termText, tuple } from "./erlang-term.ts";

export type FormatterName = "table" | "pretty_table" | "json" | "csv" | "erlang" | "string";

/** What a formatter is for: the rows come one after the other, as the node has them. */
interface Listing {
  readonly columns: readonly string[];
  readonly rows: AsyncIterable<Row>;
  /** false: no line with the names of the columns. */
  readonly hasHeader: boolean;
}

/** Writes a listing in pieces that each end with a line break. */
type FormatRows = (listing: Listing) => AsyncIterable<string>;

export const ROW_FORMATTERS: Readonly<Record<FormatterName, FormatRows>> = {
  table: formatTable,
  string: formatTable,
  pretty_table: formatPrettyTable,
  json: formatJson,
  csv: formatCsv,
  erlang: formatErlang,
};

/** Columns apart by tabs. The header is written with the first row: a refusal comes before it, and an empty list has none. */
async function* formatTable({ columns, rows, hasHeader }: Listing): AsyncIterable<string> {
  let isHeaderDue = hasHeader;
  for await (const row of rows) {
    if (isHeaderDue) yield `${columns.join("\t")}\n`;
    isHeaderDue = false;
    yield `${row.map(cellText).join("\t")}\n`;
  }
}

async function* formatJson({ columns, rows }: Listing): AsyncIterable<string> {
  let lead = "[\n";
  for await (const row of rows) {
    const object = Object.fromEntries(columns.map((name, at) => [name, cellJson(row[at] ?? null)]));
    yield `${lead}${JSON.stringify(object)}`;
    lead = "\n,";
  }
  yield lead === "[\n" ? "[\n]\n" : "\n]\n";
}

/** RFC 4180 with every field in quotes, as RabbitMQ writes it. */
async function* formatCsv({ columns, rows, hasHeader }: Listing): AsyncIterable<string> {
  let isHeaderDue = hasHeader;
  for await (const row of rows) {
    if (isHeaderDue) yield csvLine(columns);
    isHeaderDue = false;
    yield csvLine(row.map(cellText));
  }
}

function csvLine(fields: readonly string[]): string {
  return `${fields.map((field) => `"${field.replaceAll('"', '""')}"`).join(",")}\n`;
}

async function* formatErlang({ columns, rows }: Listing): AsyncIterable<string> {
  let lead = "[";
  for await (const row of rows) {
    const term = list(columns.map((name, at) => tuple(atom(name), cellTerm(row[at] ?? null))));
    yield `${lead}${termText(term, 1)}`;
    lead = ",\n ";
  }
  yield lead === "[" ? "[]\n" : "]\n";
}

/** Needs all rows before the first line: the widths of the columns. */
async function* formatPrettyTable(listing: Listing): AsyncIterable<string> {
  const { columns, hasHeader } = listing;
  const rows: string[][] = [];
  for await (const row of listing.rows) rows.push(row.map(prettyText));
  if (rows.length === 0) return;
  const widths = columns.map((name, at) =>
    rows.reduce((width, row) => Math.max(width, row[at]?.length ?? 0), name.length),
  );
  const rule = (left: string, middle: string, right: string): string =>
    `${drawn(left + widths.map((width) => "q".repeat(width + 2)).join(middle) + right)}\n`;
  yield rule("l", "w", "k");
  if (hasHeader) yield prettyLine(columns, widths, bold) + rule("t", "n", "u");
  yield rows.map((row) => prettyLine(row, widths, (text) => text)).join(rule("t", "n", "u"));
  yield rule("m", "v", "j");
}

function prettyLine(
  fields: readonly string[],
  widths: readonly number[],
  mark: (text: string) => string,
): string {
  const bar = drawn("x");
  const padded = fields.map(
    (field, at) => mark(field) + " ".repeat((widths[at] ?? 0) - field.length),
  );
  return `${bar} ${padded.join(` ${bar} `)} ${bar}\n`;
}

/** RabbitMQ leaves the field of an empty list empty here. */
function prettyText(cell: Cell): string {
  const isEmptyList =
    cell !== null && typeof cell === "object" && isNames(cell) && cell.length === 0;
  return isEmptyList ? "" : cellText(cell);
}
