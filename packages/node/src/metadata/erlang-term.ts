import { type FieldTable, type FieldValue, integerOf, printBinary } from "@leveret/amqp";

/** RabbitMQ prints terms into lines of 80 columns; the first column is the text before the term. */
const LINE_WIDTH = 80;
/** Above 2^53 Erlang writes a float only in scientific notation. */
const LARGEST_PLAIN_FLOAT = 2 ** 53;
/** Reply texts end at 255 bytes: a longer term is not worth printing. */
const MAX_TEXT = 512;

/** A float as Erlang prints it: the shortest digits that read back, `10.0`, `1.0e3`, `1.2e-5`. */
export function floatText(value: number): string {
  const [digits = "0", exponent = "0"] = value.toExponential().split("e");
  const scientific = `${withPoint(digits)}e${Number(exponent)}`;
  if (Math.abs(value) >= LARGEST_PLAIN_FLOAT) return scientific;
  const plain = Object.is(value, -0) ? "-0.0" : withPoint(plainDigits(value, digits, exponent));
  return plain.length <= scientific.length ? plain : scientific;
}

function withPoint(digits: string): string {
  return digits.includes(".") ? digits : `${digits}.0`;
}

/** Without an exponent at any size; only small values differ from `String()`. */
function plainDigits(value: number, digits: string, exponent: string): string {
  if (!String(value).includes("e")) return String(value);
  const decimals = Math.max(0, digits.replace(/^-?\d\.?/, "").length - Number(exponent));
  return value.toFixed(Math.min(100, decimals));
}

/**
 * Bytes as `<<"text">>` when all are printable Latin-1, otherwise as numbers. RabbitMQ sends printable
 * bytes as they are, so a client reads UTF-8 text.
 */
export function binaryText(bytes: Buffer): string {
  const printed = printBinary(bytes, 0, Math.min(bytes.length, MAX_TEXT));
  return Buffer.from(printed, "latin1").toString("utf8");
}

/**
 * A field value as RabbitMQ's texts show it inside a larger term (Erlang's `~p`): arrays as
 * `[{signedint,1}]`, tables as `[{<<"key">>,bool,true}]`. `column` is the length of the text before it,
 * because longer lists are broken into lines.
 */
export function termText(value: FieldValue, column = 0): string {
  const flat = flatText(value);
  if (column + flat.length < LINE_WIDTH || flat.length > MAX_TEXT) return flat;
  const indent = `\n${" ".repeat(column + 1)}`;
  if (value.type === "array") {
    return `[${value.value.map((item) => itemText(item, column + 1)).join(`,${indent}`)}]`;
  }
  if (value.type !== "table") return flat;
  const lines = Array.from(value.value, ([key, item]) => entryText(key, item, column + 1));
  return `[${lines.join(`,${indent}`)}]`;
}

/** One element of a list; it breaks further only when its own list is too long for the line. */
function itemText(item: FieldValue, column: number): string {
  return `{${item.type},${termText(item, column + item.type.length + 2)}}`;
}

function entryText(key: string, item: FieldValue, column: number): string {
  const name = binaryText(Buffer.from(key));
  const flat = `{${name},${item.type},${flatText(item)}}`;
  if (column + flat.length < LINE_WIDTH) return flat;
  return `{${name},${item.type},\n${" ".repeat(column + 1)}${termText(item, column + 1)}}`;
}

/** As `termText`, in one line however long. */
export function flatTermText(value: FieldValue): string {
  return flatText(value);
}

function flatText(value: FieldValue): string {
  switch (value.type) {
    case "longstr":
    case "binary":
      return binaryText(value.value);
    case "float":
    case "double":
      return floatText(value.value);
    case "void":
      return "undefined";
    case "decimal":
      return `{${value.value.scale},${value.value.value}}`;
    case "array":
      return `[${value.value.map((item) => `{${item.type},${flatText(item)}}`).join(",")}]`;
    case "table":
      return `[${flatEntries(value.value)}]`;
    case "signedint":
    case "timestamp":
    case "byte":
    case "long":
    case "short":
    case "unsignedbyte":
    case "unsignedshort":
    case "unsignedint":
    case "bool":
      return String(value.value);
    default:
      return value satisfies never;
  }
}

function flatEntries(table: FieldTable): string {
  return Array.from(
    table,
    ([key, item]) => `{${binaryText(Buffer.from(key))},${item.type},${flatText(item)}}`,
  ).join(",");
}

/** The number of a value that is an integer in Erlang, timestamps included; undefined for others. */
export function wholeNumberOf(value: FieldValue): number | bigint | undefined {
  return value.type === "timestamp" ? value.value : integerOf(value);
}
