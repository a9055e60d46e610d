/** A value of AMQP's field tables as the node sends it: RabbitMQ's name of the type, and the value. */
type TypedValue = readonly [type: string, value: FieldCell];
/** What a typed value holds: a plain value, a table or an array. */
export type FieldCell =
  | string
  | number
  | boolean
  | null
  | { readonly table: readonly (readonly [string, ...TypedValue])[] }
  | { readonly array: readonly TypedValue[] };

/**
 * One field of a listing, as it comes from the node. null: RabbitMQ prints nothing (JSON: ""). A list holds names. `pairs` is a list of
 * name and value, such as the state of a vhost on each node.
 */
export type Cell =
  | FieldCell
  | readonly string[]
  | { readonly pairs: readonly (readonly [string, string])[] };

/** Fields in the order of the columns. */
export type Row = readonly Cell[];

/** A cell as the table formatter prints it: `[{"x-queue-type","quorum"}]`, `[a, b]`. */
export function cellText(cell: Cell): string {
  if (cell === null) return "";
  if (typeof cell === "string") return escapeControls(cell);
  if (typeof cell !== "object") return String(cell);
  if (isNames(cell)) return `[${cell.join(", ")}]`;
  if ("pairs" in cell)
    return `[${cell.pairs.map(([key, value]) => `{${key}, ${value}}`).join(", ")}]`;
  return fieldText(cell);
}

/** A cell as a value of RabbitMQ's JSON: tables as lists of `[key, type, value]`. */
export function cellJson(cell: Cell): unknown {
  if (cell === null) return "";
  if (typeof cell !== "object" || isNames(cell)) return cell;
  if ("pairs" in cell) return Object.fromEntries(cell.pairs);
  return fieldJson(cell);
}

/** Array.isArray does not narrow a readonly array away. */
export function isNames(cell: Cell): cell is readonly string[] {
  return Array.isArray(cell);
}

function fieldText(value: FieldCell): string {
  if (value === null) return "undefined";
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value !== "object") return String(value);
  if ("array" in value) return `[${value.array.map(([, item]) => fieldText(item)).join(",")}]`;
  return `[${value.table.map(([key, , item]) => `{${JSON.stringify(key)},${fieldText(item)}}`).join(",")}]`;
}

function fieldJson(value: FieldCell): unknown {
  if (value === null || typeof value !== "object") return value;
  if ("array" in value) return value.array.map(([type, item]) => [type, fieldJson(item)]);
  return value.table.map(([key, type, item]) => [key, type, fieldJson(item)]);
}

/** A tab or line break in a name must not look like the next column or row: `\011`, as RabbitMQ's own escapes. */
function escapeControls(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it is about
  return text.replace(/[\u0000-\u001f\u007f]/g, (char) => {
    return `\\${char.charCodeAt(0).toString(8).padStart(3, "0")}`;
  });
}
