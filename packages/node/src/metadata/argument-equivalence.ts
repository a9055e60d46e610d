import { ChannelError, type FieldTable, type FieldValue } from "@leveret/amqp";
import { termText, wholeNumberOf } from "./erlang-term.ts";

/**
 * The equality that a second declaration must meet (RabbitMQ: rabbit_misc). Types may differ in width
 * or name as long as the value is the same: 1000 equals 1000 in every integer type and as a timestamp,
 * but not 1000.0; text equals the same bytes in any string type. Inside arrays and tables the types
 * must be the same, and the order of a table's keys counts.
 */
export function isEquivalentValue(left: FieldValue, right: FieldValue): boolean {
  switch (left.type) {
    case "longstr":
    case "binary":
      return isBytes(right) && left.value.equals(right.value);
    case "float":
    case "double":
      return isFloat(right) && left.value === right.value;
    case "bool":
      return right.type === "bool" && left.value === right.value;
    case "void":
      return right.type === "void";
    case "decimal":
      return (
        right.type === "decimal" &&
        left.value.scale === right.value.scale &&
        left.value.value === right.value.value
      );
    case "array":
      return right.type === "array" ? sameItems(left.value, right.value) : areEmpty(left, right);
    case "table":
      return right.type === "table" ? sameEntries(left.value, right.value) : areEmpty(right, left);
    case "signedint":
    case "timestamp":
    case "byte":
    case "long":
    case "short":
    case "unsignedbyte":
    case "unsignedshort":
    case "unsignedint":
      return isSameNumber(left.value, wholeNumberOf(right));
    default:
      return left satisfies never;
  }
}

type BytesValue = Extract<FieldValue, { value: Buffer }>;
function isBytes(value: FieldValue): value is BytesValue {
  return value.type === "longstr" || value.type === "binary";
}

function isSameNumber(left: number | bigint, right: number | bigint | undefined): boolean {
  return right !== undefined && BigInt(left) === BigInt(right);
}

/** An empty array and an empty table are both the empty list to RabbitMQ. */
function areEmpty(array: FieldValue, table: FieldValue): boolean {
  if (array.type !== "array" || table.type !== "table") return false;
  return array.value.length === 0 && table.value.size === 0;
}

function sameItems(left: readonly FieldValue[], right: readonly FieldValue[]): boolean {
  if (left.length !== right.length) return false;
  return left.every((item, index) => isSameTyped(item, right[index]));
}

function sameEntries(left: FieldTable, right: FieldTable): boolean {
  if (left.size !== right.size) return false;
  const others = right.entries();
  for (const [key, value] of left) {
    const other = others.next().value;
    if (other?.[0] !== key || !isSameTyped(value, other[1])) return false;
  }
  return true;
}

function isSameTyped(left: FieldValue, right: FieldValue | undefined): boolean {
  return right !== undefined && left.type === right.type && isEquivalentValue(left, right);
}

/**
 * The looser equality of headers exchanges, which compare values and not types: as isEquivalentValue, but
 * 1 equals 1.0 too (RabbitMQ: rabbit_exchange_type_headers, as observed in 3.10.8).
 */
export function isEqualHeader(left: FieldValue, right: FieldValue): boolean {
  if (isFloat(left)) return left.value === numberOf(right);
  if (isFloat(right)) return right.value === numberOf(left);
  return isEquivalentValue(left, right);
}

function isFloat(value: FieldValue): value is Extract<FieldValue, { type: "float" | "double" }> {
  return value.type === "float" || value.type === "double";
}

function numberOf(value: FieldValue): number | undefined {
  if (isFloat(value)) return value.value;
  const whole = wholeNumberOf(value);
  return whole === undefined ? undefined : Number(whole);
}

/** Whether two tables hold equivalent values under the same names in any order, as bindings compare. */
export function isEquivalentTable(left: FieldTable, right: FieldTable): boolean {
  if (left === right) return true;
  if (left.size !== right.size) return false;
  for (const [key, value] of left) {
    if (!isSameTyped(value, right.get(key))) return false;
  }
  return true;
}

/**
 * A value as RabbitMQ's reply texts show it: strings as they are, everything else as an Erlang term.
 * `column` is the length of the text before it on its line.
 */
export function valueText(value: FieldValue, column = 0): string {
  return isBytes(value) ? value.value.toString("utf8") : termText(value, column);
}

/**
 * Compares one optional argument of a second declaration with the first one's; `undefined` means the
 * argument is absent. `resource` prints as `queue 'q' in vhost '/'`. Throws ChannelError
 * PRECONDITION_FAILED with RabbitMQ's text when they differ.
 */
export function assertEquivalentArgument(
  name: string,
  received: FieldValue | undefined,
  current: FieldValue | undefined,
  resource: string,
): void {
  if (received === undefined && current === undefined) return;
  if (received === undefined || current === undefined) {
    throw inequivalent(name, resource, presenceText(received), presenceText(current));
  }
  if (isEquivalentValue(received, current)) return;
  throw inequivalent(name, resource, quotedText(received), quotedText(current));
}

const VALUE_PREFIX = "the value '";

function presenceText(value: FieldValue | undefined): string {
  if (value === undefined) return "none";
  return `${VALUE_PREFIX}${valueText(value, VALUE_PREFIX.length)}' of type '${value.type}'`;
}

function quotedText(value: FieldValue): string {
  return value.type === "void" ? "none" : `'${valueText(value, 1)}'`;
}

/**
 * Compares one property of a second declaration (`durable`, `auto_delete`, `type`, ...) with the first
 * one's. Throws ChannelError PRECONDITION_FAILED with RabbitMQ's text when they differ.
 */
export function assertEquivalentProperty(
  name: string,
  received: boolean | string,
  current: boolean | string,
  resource: string,
): void {
  if (received === current) return;
  throw inequivalent(name, resource, `'${received}'`, `'${current}'`);
}

function inequivalent(
  name: string,
  resource: string,
  received: string,
  current: string,
): ChannelError {
  return new ChannelError(
    "PRECONDITION_FAILED",
    `inequivalent arg '${name}' for ${resource}: received ${received} but current is ${current}`,
  );
}
