import type { FieldTable, FieldValue } from "@leveret/amqp";

/**
 * Fields of listings as they go to the tool: values of JSON. null: there is nothing to print. A list holds names. Tables keep the types
 * of AMQP, which RabbitMQ's JSON shows.
 */
export type Cell =
  | FieldCell
  | readonly string[]
  | { readonly pairs: readonly (readonly [string, string])[] };

type FieldCell =
  | string
  | number
  | boolean
  | null
  | { readonly table: readonly (readonly [key: string, type: string, value: FieldCell])[] }
  | { readonly array: readonly (readonly [type: string, value: FieldCell])[] };

/** One way to fill each column of a listing of `T`. */
export type Columns<T> = Readonly<Record<string, (item: T) => Cell | Promise<Cell>>>;

/** Fills the columns asked for, in their order; what is not known here stays empty. */
export async function rowOf<T>(
  columns: Columns<T>,
  asked: readonly string[],
  item: T,
): Promise<readonly Cell[]> {
  const fill = async (name: string): Promise<Cell> =>
    Object.hasOwn(columns, name) ? ((await columns[name]?.(item)) ?? null) : null;
  return Promise.all(asked.map(fill));
}

export function tableCell(table: FieldTable): Cell {
  return fieldTable(table);
}

function fieldTable(table: FieldTable): FieldCell {
  return {
    table: Array.from(table, ([key, value]) => [key, value.type, fieldCell(value)] as const),
  };
}

function fieldCell(value: FieldValue): FieldCell {
  switch (value.type) {
    case "longstr":
    case "binary":
      return value.value.toString("utf8");
    case "table":
      return fieldTable(value.value);
    case "array":
      return { array: value.value.map((item) => [item.type, fieldCell(item)] as const) };
    case "decimal":
      return value.value.value / 10 ** value.value.scale;
    case "void":
      return null;
    case "float":
    case "double":
    case "bool":
    case "byte":
    case "unsignedbyte":
    case "short":
    case "unsignedshort":
    case "signedint":
    case "unsignedint":
    case "long":
    case "timestamp":
      return plain(value.value);
    default:
      return value satisfies never;
  }
}

/** JSON has no number of 64 bits. */
function plain(value: number | bigint | boolean): number | boolean | string {
  if (typeof value !== "bigint") return value;
  return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
}
