import { type Decimal, EMPTY_TABLE, type FieldTable, type FieldValue } from "./field-value.ts";

const INT64_MIN = -(2 ** 63);
const INT64_END = 2 ** 63;
/** As deep as the wire codec reads. */
const NESTING_MAX = 128;

/**
 * The table a JSON object stands for in RabbitMQ's definitions and HTTP API: strings become
 * longstr, integers long, other numbers double, null void. `undefined` and the empty array
 * (how some encoders write an empty object) are the empty table.
 * @throws TypeError if `value` is no object, or nested more than 128 deep
 */
export function fieldTableFromJson(value: unknown): FieldTable {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return EMPTY_TABLE;
  if (!isRecord(value)) throw new TypeError("a field table must be a JSON object");
  return tableFromRecord(value, 0);
}

function tableFromRecord(record: Readonly<Record<string, unknown>>, depth: number): FieldTable {
  if (depth > NESTING_MAX) throw new TypeError("a field table is nested too deep");
  const entries = Object.entries(record);
  return new Map(entries.map(([key, value]) => [key, valueFromJson(value, depth)]));
}

function valueFromJson(value: unknown, depth: number): FieldValue {
  if (typeof value === "string") return { type: "longstr", value: Buffer.from(value) };
  if (typeof value === "number") return numberFromJson(value);
  if (typeof value === "boolean") return { type: "bool", value };
  if (value === null) return { type: "void", value };
  if (Array.isArray(value)) return { type: "array", value: arrayFromJson(value, depth + 1) };
  if (isRecord(value)) return { type: "table", value: tableFromRecord(value, depth + 1) };
  throw new TypeError(`a field table cannot hold a ${typeof value}`);
}

function arrayFromJson(array: readonly unknown[], depth: number): FieldValue[] {
  if (depth > NESTING_MAX) throw new TypeError("a field table is nested too deep");
  return array.map((value) => valueFromJson(value, depth));
}

function numberFromJson(value: number): FieldValue {
  if (Number.isSafeInteger(value)) return { type: "long", value };
  if (Number.isInteger(value) && value >= INT64_MIN && value < INT64_END) {
    return { type: "long", value: BigInt(value) };
  }
  return { type: "double", value };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * The JSON object RabbitMQ shows for a table: types other than JSON's own are lost, octets are
 * read as UTF-8, integers beyond 2^53 lose their last digits.
 */
export function fieldTableToJson(table: FieldTable): Record<string, unknown> {
  // fromEntries defines properties, so that a key such as __proto__ is one like any other.
  return Object.fromEntries([...table].map(([key, field]) => [key, valueToJson(field)]));
}

function valueToJson(field: FieldValue): unknown {
  switch (field.type) {
    case "longstr":
    case "binary":
      return field.value.toString("utf8");
    case "table":
      return fieldTableToJson(field.value);
    case "array":
      return field.value.map(valueToJson);
    case "decimal":
      return decimalToNumber(field.value);
    case "bool":
    case "void":
      return field.value;
    case "byte":
    case "unsignedbyte":
    case "short":
    case "unsignedshort":
    case "signedint":
    case "unsignedint":
    case "long":
    case "timestamp":
    case "float":
    case "double":
      return Number(field.value);
    default:
      return field satisfies never;
  }
}

function decimalToNumber(decimal: Decimal): number {
  return decimal.value / 10 ** decimal.scale;
}
