/**
 * The payload of a method frame (spec 4.2.4): class id u16, method id u16, arguments as
 * method-table.ts lays them out.
 */
import assert from "node:assert/strict";
import { ConnectionError } from "./errors.ts";
import { readFieldTable, writeFieldTable } from "./field-table.ts";
import { EMPTY_TABLE, type FieldTable } from "./field-value.ts";
import {
  FRAME_END,
  FRAME_HEADER_SIZE,
  FRAME_METHOD,
  FRAME_OVERHEAD,
  writeFrameHeader,
} from "./frame.ts";
import {
  type ArgType,
  LAYOUT_BY_ID,
  METHOD_IDS,
  type Method,
  type MethodArgs,
  type MethodLayout,
  type MethodName,
} from "./method.ts";
import { u16At, u32At, u64At } from "./unsigned.ts";
import { WireReader } from "./wire-reader.ts";
import { WireWriter } from "./wire-writer.ts";

const IDS_SIZE = 4;
const BITS_PER_OCTET = 8;

type ArgValue = boolean | number | string | Buffer | FieldTable;
const EMPTY: Buffer = Buffer.alloc(0);

/** The METHOD_IDS value of the method whose payload begins at `start`; four bytes must be there. */
export function methodIdAt(bytes: Buffer, start: number): number {
  return u32At(bytes, start);
}

/**
 * The method in `bytes[start, end)`, class id first. Copies what it keeps.
 * @throws ConnectionError with `failed` set: 503 for a method that does not exist, 501 for
 *   arguments that end early or late, a malformed table, or a short string that is not UTF-8
 */
export function decodeMethod(bytes: Buffer, start: number, end: number): Method {
  if (end - start < IDS_SIZE) throw new WireReader(bytes, start, end).malformed();
  const layout = LAYOUT_BY_ID.get(u32At(bytes, start));
  if (layout === undefined) throw unknownMethod(u16At(bytes, start), u16At(bytes, start + 2));
  const { name, address } = layout;
  const reader = new WireReader(bytes, start + IDS_SIZE, end, address);
  const method: Record<string, ArgValue> = { name, ...address };
  readArgs(reader, layout, method);
  reader.finish();
  return method as unknown as Method;
}

function readArgs(
  reader: WireReader,
  layout: MethodLayout,
  method: Record<string, ArgValue>,
): void {
  let bits = 0;
  let bitCount = 0;
  for (const arg of layout.args) {
    if (arg.type === "bit") {
      if (bitCount % BITS_PER_OCTET === 0) bits = reader.octet();
      if (!arg.isReserved) method[arg.name] = ((bits >> (bitCount % BITS_PER_OCTET)) & 1) === 1;
      bitCount++;
    } else {
      bitCount = 0;
      const value = readArg(reader, arg.type);
      if (!arg.isReserved) method[arg.name] = value;
    }
  }
}

function readArg(reader: WireReader, type: Exclude<ArgType, "bit">): ArgValue {
  switch (type) {
    case "octet":
      return reader.octet();
    case "short":
      return reader.short();
    case "long":
      return reader.long();
    case "longlong":
      return u64At(reader.bytes, reader.take(8));
    case "shortstr":
      return reader.shortstrChecked();
    case "longstr":
      return reader.longstr();
    case "table":
      return readFieldTable(reader);
    default:
      return type satisfies never;
  }
}

function unknownMethod(classId: number, methodId: number): ConnectionError {
  const failed = { classId, methodId };
  return new ConnectionError("COMMAND_INVALID", `unknown method ${classId}.${methodId}`, {
    failed,
  });
}

/** The whole frame of a method. Short strings over 255 bytes and numbers out of range throw. */
export function encodeMethodFrame<N extends MethodName>(
  channel: number,
  name: N,
  args: MethodArgs<N>,
): Buffer {
  const id = METHOD_IDS[name];
  const layout = LAYOUT_BY_ID.get(id);
  assert(layout !== undefined, "every method name has a layout");
  const writer = new WireWriter();
  writer.reserve(FRAME_HEADER_SIZE);
  writer.long(id);
  writeArgs(writer, layout, args as Readonly<Record<string, ArgValue>>);
  writer.octet(FRAME_END);
  const frame = writer.finish();
  writeFrameHeader(frame, 0, FRAME_METHOD, channel, frame.length - FRAME_OVERHEAD);
  return frame;
}

function writeArgs(
  writer: WireWriter,
  layout: MethodLayout,
  args: Readonly<Record<string, ArgValue>>,
): void {
  let bitCount = 0;
  for (const { name, type, isReserved } of layout.args) {
    const value = isReserved ? RESERVED_VALUES[type] : args[name];
    assert(value !== undefined, "a method argument is missing");
    if (type === "bit") {
      if (bitCount % BITS_PER_OCTET === 0) writer.octet(0);
      const at = writer.size - 1;
      const octet = writer.bytes[at] as number;
      if (value === true) writer.bytes[at] = octet | (1 << (bitCount % BITS_PER_OCTET));
      bitCount++;
    } else {
      bitCount = 0;
      writeArg(writer, type, value);
    }
  }
}

/** What is sent for an argument without meaning. */
const RESERVED_VALUES: Readonly<Record<ArgType, ArgValue>> = {
  bit: false,
  octet: 0,
  short: 0,
  long: 0,
  longlong: 0,
  shortstr: "",
  longstr: EMPTY,
  table: EMPTY_TABLE,
};

function writeArg(writer: WireWriter, argType: Exclude<ArgType, "bit">, value: ArgValue): void {
  switch (argType) {
    case "octet":
      writer.octet(value as number);
      return;
    case "short":
      writer.short(value as number);
      return;
    case "long":
      writer.long(value as number);
      return;
    case "longlong":
      writer.longlong(value as number);
      return;
    case "shortstr":
      writer.shortstr(value as string);
      return;
    case "longstr":
      writer.longstr(value as Buffer);
      return;
    case "table":
      writeFieldTable(writer, value as FieldTable);
      return;
    default: {
      argType satisfies never;
    }
  }
}
