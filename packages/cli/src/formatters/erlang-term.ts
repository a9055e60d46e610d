import { type Cell, type FieldCell, isNames } from "../cell.ts";

/** An Erlang term ready to be printed: text, or a list or tuple of terms. */
export type Term = string | { readonly open: "[" | "{"; readonly items: readonly Term[] };

const LINE_WIDTH = 80;
const ATOM = /^[a-z][a-zA-Z0-9_@]*$/;

export function list(items: readonly Term[]): Term {
  return { open: "[", items };
}

export function tuple(...items: readonly Term[]): Term {
  return { open: "{", items };
}

export function atom(name: string): string {
  return ATOM.test(name) ? name : `'${name.replace(/['\\]/g, "\\$&")}'`;
}

function binary(text: string): string {
  return `<<${JSON.stringify(text)}>>`;
}

/** Erlang's `~p`: what is longer than a line is broken after each item. `column`: length of the text before it. */
export function termText(term: Term, column = 0): string {
  const flat = flatText(term);
  if (typeof term === "string" || column + flat.length < LINE_WIDTH) return flat;
  const { open, items } = term;
  const isTagged = open === "{" && items.length > 1 && typeof items[0] === "string";
  const indent = column + 1 + (isTagged ? flatText(items[0] ?? "").length + 1 : 0);
  const rest = isTagged ? items.slice(1) : items;
  const lines = rest.map((item) => termText(item, indent));
  const head = isTagged ? `${flatText(items[0] ?? "")},` : "";
  return `${open}${head}${lines.join(`,\n${" ".repeat(indent)}`)}${open === "[" ? "]" : "}"}`;
}

/** A cell as the term that RabbitMQ would print. */
export function cellTerm(cell: Cell): Term {
  if (cell === null) return "''";
  if (typeof cell === "string") return binary(cell);
  if (typeof cell !== "object") return String(cell);
  if (isNames(cell)) return list(cell.map(binary));
  if ("pairs" in cell) return list(cell.pairs.map(([key, value]) => tuple(atom(key), atom(value))));
  return fieldTerm(cell);
}

/** Any JSON value; objects as property lists. */
export function jsonTerm(value: unknown): Term {
  if (value === null || value === undefined) return "undefined";
  if (typeof value === "string") return binary(value);
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return list(value.map(jsonTerm));
  return list(Object.entries(value).map(([key, item]) => tuple(atom(key), jsonTerm(item))));
}

function fieldTerm(value: FieldCell): Term {
  if (value === null) return "undefined";
  if (typeof value === "string") return binary(value);
  if (typeof value !== "object") return String(value);
  if ("array" in value)
    return list(value.array.map(([type, item]) => tuple(type, fieldTerm(item))));
  return list(value.table.map(([key, type, item]) => tuple(binary(key), type, fieldTerm(item))));
}

function flatText(term: Term): string {
  if (typeof term === "string") return term;
  const close = term.open === "[" ? "]" : "}";
  return `${term.open}${term.items.map(flatText).join(",")}${close}`;
}
