/** An exact number `value * 10^-scale`; scale is a u8, value a u32. */
export interface Decimal {
  readonly scale: number;
  readonly value: number;
}

/**
 * A value of a field table, under the type name that RabbitMQ prints. In the order of the wire
 * letters: S I D T F b d f l(L) s t x V A B u i.
 */
export type FieldValue =
  | { readonly type: "longstr"; readonly value: Buffer }
  | { readonly type: "signedint"; readonly value: number }
  | { readonly type: "decimal"; readonly value: Decimal }
  | { readonly type: "timestamp"; readonly value: number | bigint }
  | { readonly type: "table"; readonly value: FieldTable }
  | { readonly type: "byte"; readonly value: number }
  | { readonly type: "double"; readonly value: number }
  | { readonly type: "float"; readonly value: number }
  | { readonly type: "long"; readonly value: number | bigint }
  | { readonly type: "short"; readonly value: number }
  | { readonly type: "bool"; readonly value: boolean }
  | { readonly type: "binary"; readonly value: Buffer }
  | { readonly type: "void"; readonly value: null }
  | { readonly type: "array"; readonly value: readonly FieldValue[] }
  | { readonly type: "unsignedbyte"; readonly value: number }
  | { readonly type: "unsignedshort"; readonly value: number }
  | { readonly type: "unsignedint"; readonly value: number };

/** RabbitMQ's name of a field type. */
export type FieldType = FieldValue["type"];

/** Arguments or headers by name, in wire order. */
export type FieldTable = ReadonlyMap<string, FieldValue>;

/** The table without entries. Shared: a Map cannot be frozen, so never cast it to write. */
export const EMPTY_TABLE: FieldTable = new Map();

/** The text as a longstr of UTF-8. */
export function longstr(text: string): FieldValue {
  return { type: "longstr", value: Buffer.from(text) };
}

/** The text of a longstr, read as UTF-8; `undefined` for other types or none. */
export function textOf(value: FieldValue | undefined): string | undefined {
  return value?.type === "longstr" ? value.value.toString("utf8") : undefined;
}

/**
 * The number of any of the integer types; `undefined` for others, timestamps included. A bigint
 * only outside the safe integer range.
 */
export function integerOf(value: FieldValue | undefined): number | bigint | undefined {
  return value !== undefined && isInteger(value) ? value.value : undefined;
}

const INTEGER_TYPES = [
  "byte",
  "unsignedbyte",
  "short",
  "unsignedshort",
  "signedint",
  "unsignedint",
  "long",
] as const satisfies readonly FieldType[];

type IntegerField = Extract<FieldValue, { readonly type: (typeof INTEGER_TYPES)[number] }>;

function isInteger(value: FieldValue): value is IntegerField {
  const types: readonly FieldType[] = INTEGER_TYPES;
  return types.includes(value.type);
}
