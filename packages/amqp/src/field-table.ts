/**
 * Field tables (spec 4.2.5.5, with the letters as RabbitMQ reads them):
 *
 *     table:  size u32, then until size is used up:  key shortstr, value
 *     array:  size u32, then until size is used up:  value
 *     value:  letter u8, then by letter
 *       S x  u32 size, octets      t  u8, 0 = false      b B  i8 u8       d f  IEEE 754
 *       F    table                 D  u8 scale, u32      s u  i16 u16     V    nothing
 *       A    array                 T  u64 seconds        I i  i32 u32     l L  i64
 */
import { EMPTY_TABLE, type FieldTable, type FieldType, type FieldValue } from "./field-value.ts";
import { WireReader } from "./wire-reader.ts";
import { WireWriter } from "./wire-writer.ts";

/** Tables and arrays inside each other; deeper input is refused, or it would exhaust the stack. */
const NESTING_MAX = 128;

/**
 * The table whose u32 size stands at `start` and which ends by `end`. Of entries with the same key
 * the first counts, as in RabbitMQ's look-ups.
 * @throws ConnectionError 501 `cannot decode <<...>>` on malformed input
 */
export function decodeFieldTable(bytes: Buffer, start: number, end: number): FieldTable {
  return readFieldTable(new WireReader(bytes, start, end));
}

/** Like decodeFieldTable(), for an array. */
export function decodeFieldArray(bytes: Buffer, start: number, end: number): FieldValue[] {
  return readArray(new WireReader(bytes, start, end), 0);
}

/** Octets of a key that may grow beyond 255 when those that are no UTF-8 become U+FFFD. */
const KEY_GROWING_SIZE = 86;

/**
 * Walks through the table whose u32 size stands at the reader's position, and leaves the reader behind it: what
 * passes can be decoded and encoded again. Makes no object for what it reads.
 * @throws ConnectionError 501 `cannot decode <<...>>` on malformed input
 */
export function skipFieldTable(reader: WireReader, depth = 0): void {
  const end = startSized(reader, depth);
  while (reader.at < end) {
    skipKey(reader);
    skipValue(reader, depth);
  }
  if (reader.at !== end) throw reader.malformed();
}

function skipKey(reader: WireReader): void {
  const size = reader.octet();
  const start = reader.take(size);
  if (size < KEY_GROWING_SIZE) return;
  if (Buffer.byteLength(reader.bytes.toString("utf8", start, start + size)) > 255) {
    throw reader.malformed();
  }
}

function skipArray(reader: WireReader, depth: number): void {
  const end = startSized(reader, depth);
  while (reader.at < end) skipValue(reader, depth);
  if (reader.at !== end) throw reader.malformed();
}

function skipValue(reader: WireReader, depth: number): void {
  const letter = String.fromCharCode(reader.octet());
  if (letter === "S" || letter === "x") reader.take(reader.long());
  else if (letter === "F") skipFieldTable(reader, depth + 1);
  else if (letter === "A") skipArray(reader, depth + 1);
  else {
    const size = FIXED_SIZES[letter];
    if (size === undefined) throw reader.malformed();
    reader.take(size);
  }
}

/** Octets of the values that always take as many, by their letter. */
const FIXED_SIZES: Readonly<Record<string, number>> = {
  I: 4,
  D: 5,
  T: 8,
  b: 1,
  d: 8,
  f: 4,
  l: 8,
  L: 8,
  s: 2,
  t: 1,
  V: 0,
  B: 1,
  u: 2,
  i: 4,
};

/** The table with its u32 size. Keys over 255 bytes and numbers out of their type's range throw. */
export function encodeFieldTable(table: FieldTable): Buffer {
  const writer = new WireWriter();
  writeFieldTable(writer, table);
  return writer.finish();
}

/** The array with its u32 size. */
export function encodeFieldArray(array: readonly FieldValue[]): Buffer {
  const writer = new WireWriter();
  writeArray(writer, array);
  return writer.finish();
}

/** Reads a table at the reader's position. */
export function readFieldTable(reader: WireReader, depth = 0): FieldTable {
  const end = startSized(reader, depth);
  if (reader.at === end) return EMPTY_TABLE;
  const table = new Map<string, FieldValue>();
  while (reader.at < end) {
    const key = reader.shortstr();
    const value = readValue(reader, depth);
    if (!table.has(key)) table.set(key, value);
  }
  if (reader.at !== end) throw reader.malformed();
  return table;
}

function readArray(reader: WireReader, depth: number): FieldValue[] {
  const end = startSized(reader, depth);
  const array: FieldValue[] = [];
  while (reader.at < end) array.push(readValue(reader, depth));
  if (reader.at !== end) throw reader.malformed();
  return array;
}

/** Reads the size of a table or array and returns where it ends. */
function startSized(reader: WireReader, depth: number): number {
  const size = reader.long();
  const start = reader.take(size);
  if (depth > NESTING_MAX) throw reader.malformed();
  reader.at = start;
  return start + size;
}

/** Shared, as a value of one octet must not cost an object each. */
const VOID: FieldValue = { type: "void", value: null };

function readValue(reader: WireReader, depth: number): FieldValue {
  const letter = String.fromCharCode(reader.octet());
  const { bytes } = reader;
  switch (letter) {
    case "S":
      return { type: "longstr", value: reader.longstr() };
    case "I":
      return { type: "signedint", value: bytes.readInt32BE(reader.take(4)) };
    case "D":
      return { type: "decimal", value: { scale: reader.octet(), value: reader.long() } };
    case "T":
      return { type: "timestamp", value: fromBigInt(bytes.readBigUInt64BE(reader.take(8))) };
    case "F":
      return { type: "table", value: readFieldTable(reader, depth + 1) };
    case "b":
      return { type: "byte", value: bytes.readInt8(reader.take(1)) };
    case "d":
      return { type: "double", value: bytes.readDoubleBE(reader.take(8)) };
    case "f":
      return { type: "float", value: bytes.readFloatBE(reader.take(4)) };
    case "l":
    case "L":
      return { type: "long", value: fromBigInt(bytes.readBigInt64BE(reader.take(8))) };
    case "s":
      return { type: "short", value: bytes.readInt16BE(reader.take(2)) };
    case "t":
      return { type: "bool", value: reader.octet() !== 0 };
    case "x":
      return { type: "binary", value: reader.longstr() };
    case "V":
      return VOID;
    case "A":
      return { type: "array", value: readArray(reader, depth + 1) };
    case "B":
      return { type: "unsignedbyte", value: reader.octet() };
    case "u":
      return { type: "unsignedshort", value: reader.short() };
    case "i":
      return { type: "unsignedint", value: reader.long() };
    default:
      throw reader.malformed();
  }
}

/** A number wherever it is exact. */
export function fromBigInt(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** The letter that is written; `L` is only read. */
const LETTERS = {
  longstr: "S",
  signedint: "I",
  decimal: "D",
  timestamp: "T",
  table: "F",
  byte: "b",
  double: "d",
  float: "f",
  long: "l",
  short: "s",
  bool: "t",
  binary: "x",
  void: "V",
  array: "A",
  unsignedbyte: "B",
  unsignedshort: "u",
  unsignedint: "i",
} as const satisfies Record<FieldType, string>;

/** Writes a table at the writer's position. */
export function writeFieldTable(writer: WireWriter, table: FieldTable): void {
  const start = writer.reserve(4);
  for (const [key, value] of table) {
    writer.shortstr(key);
    writeValue(writer, value);
  }
  writer.closeSized(start);
}

function writeArray(writer: WireWriter, array: readonly FieldValue[]): void {
  const start = writer.reserve(4);
  for (const value of array) writeValue(writer, value);
  writer.closeSized(start);
}

function writeValue(writer: WireWriter, field: FieldValue): void {
  writer.octet(LETTERS[field.type].charCodeAt(0));
  switch (field.type) {
    case "longstr":
    case "binary":
      writer.longstr(field.value);
      return;
    case "table":
      writeFieldTable(writer, field.value);
      return;
    case "array":
      writeArray(writer, field.value);
      return;
    case "bool":
      writer.octet(field.value ? 1 : 0);
      return;
    case "void":
      return;
    case "decimal":
      writer.octet(field.value.scale);
      writer.long(field.value.value);
      return;
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
      writeNumber(writer, field);
      return;
    default:
      field satisfies never;
  }
}

type NumberField = Extract<FieldValue, { readonly value: number | bigint }>;

function writeNumber(writer: WireWriter, field: NumberField): void {
  switch (field.type) {
    case "byte":
      writeAt(writer, 1, (bytes, at) => bytes.writeInt8(field.value, at));
      return;
    case "short":
      writeAt(writer, 2, (bytes, at) => bytes.writeInt16BE(field.value, at));
      return;
    case "signedint":
      writeAt(writer, 4, (bytes, at) => bytes.writeInt32BE(field.value, at));
      return;
    case "long":
      writeAt(writer, 8, (bytes, at) => bytes.writeBigInt64BE(BigInt(field.value), at));
      return;
    case "float":
      writeAt(writer, 4, (bytes, at) => bytes.writeFloatBE(field.value, at));
      return;
    case "double":
      writeAt(writer, 8, (bytes, at) => bytes.writeDoubleBE(field.value, at));
      return;
    case "timestamp":
      writer.longlong(field.value);
      return;
    case "unsignedbyte":
      writer.octet(field.value);
      return;
    case "unsignedshort":
      writer.short(field.value);
      return;
    case "unsignedint":
      writer.long(field.value);
      return;
    default:
      field satisfies never;
  }
}

function writeAt(
  writer: WireWriter,
  size: number,
  write: (bytes: Buffer, at: number) => number,
): void {
  const at = writer.reserve(size);
  write(writer.bytes, at);
}
