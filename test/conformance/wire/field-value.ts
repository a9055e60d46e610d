/*
 * Field tables as RabbitMQ writes them (protocol reference 3.3):
 *   table = u32 size, then (u8 key length, key, type octet, value)*
 *   array = u32 size, then (type octet, value)*
 */

/** A field value with an explicit wire type, for arguments whose type matters. */
export class Typed {
  readonly type: string;
  readonly value: FieldValue;

  constructor(type: string, value: FieldValue) {
    this.type = type;
    this.value = value;
  }
}

/** What a script may put in a field table; plain values take the wire types S, I, l, t, V, A, F. */
export type FieldValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | Buffer
  | Typed
  | readonly FieldValue[]
  | FieldTable;

/** A field table as a script writes it. */
export interface FieldTable {
  readonly [key: string]: FieldValue;
}

/** A decoded value: scalars as `"<type> <value>"`, tables and arrays nested. */
export type Decoded = string | Decoded[] | { [key: string]: Decoded };

/** Short form of `new Typed`, for scripts. */
export function typed(type: string, value: FieldValue): Typed {
  return new Typed(type, value);
}

const FIXED_WRITERS: Record<string, (value: number) => Buffer> = {
  b: (value) => Buffer.from(new Int8Array([value]).buffer),
  B: (value) => Buffer.from([value]),
  s: (value) => filled(2, (buffer) => buffer.writeInt16BE(value)),
  u: (value) => filled(2, (buffer) => buffer.writeUInt16BE(value)),
  I: (value) => filled(4, (buffer) => buffer.writeInt32BE(value)),
  i: (value) => filled(4, (buffer) => buffer.writeUInt32BE(value)),
  l: (value) => filled(8, (buffer) => buffer.writeBigInt64BE(BigInt(value))),
  L: (value) => filled(8, (buffer) => buffer.writeBigInt64BE(BigInt(value))),
  T: (value) => filled(8, (buffer) => buffer.writeBigUInt64BE(BigInt(value))),
  f: (value) => filled(4, (buffer) => buffer.writeFloatBE(value)),
  d: (value) => filled(8, (buffer) => buffer.writeDoubleBE(value)),
  t: (value) => Buffer.from([value]),
  // A decimal is written with scale 0; a script needs no other.
  D: (value) => filled(5, (buffer) => buffer.writeUInt32BE(value, 1)),
  V: () => Buffer.alloc(0),
};

function filled(size: number, write: (buffer: Buffer) => void): Buffer {
  const buffer = Buffer.alloc(size);
  write(buffer);
  return buffer;
}

function sized(payload: Buffer): Buffer {
  return Buffer.concat([filled(4, (buffer) => buffer.writeUInt32BE(payload.length)), payload]);
}

function defaultType(value: Exclude<FieldValue, Typed>): string {
  if (value === null) return "V";
  if (Buffer.isBuffer(value) || typeof value === "string") return "S";
  if (typeof value === "boolean") return "t";
  if (typeof value === "bigint") return "l";
  if (typeof value === "number") return numberType(value);
  return Array.isArray(value) ? "A" : "F";
}

function numberType(value: number): string {
  if (!Number.isInteger(value)) return "d";
  return Math.abs(value) < 2 ** 31 ? "I" : "l";
}

/** Encodes one value with its type octet. */
function encodeFieldValue(value: FieldValue): Buffer {
  const type = value instanceof Typed ? value.type : defaultType(value);
  const bare = value instanceof Typed ? value.value : value;
  return Buffer.concat([Buffer.from(type), encodeBare(type, bare)]);
}

function encodeBare(type: string, value: FieldValue): Buffer {
  if (Buffer.isBuffer(value)) return sized(value);
  if (type === "S" || type === "x") return sized(Buffer.from(String(value)));
  if (type === "A") return sized(Buffer.concat((value as FieldValue[]).map(encodeFieldValue)));
  if (type === "F") return encodeTable(value as FieldTable);
  const write = FIXED_WRITERS[type];
  // An unknown type octet is written without a value: that is malformed on purpose.
  return write === undefined ? Buffer.alloc(0) : write(Number(value));
}

/** Encodes a table with its size. */
export function encodeTable(table: FieldTable): Buffer {
  const entries = Object.entries(table).map(([key, value]) => {
    const name = Buffer.from(key);
    return Buffer.concat([Buffer.from([name.length]), name, encodeFieldValue(value)]);
  });
  return sized(Buffer.concat(entries));
}

/** Reads from a payload at a moving position. */
export class Reader {
  readonly #bytes: Buffer;
  position = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get rest(): number {
    return this.#bytes.length - this.position;
  }

  take(size: number): Buffer {
    if (size > this.rest) throw new Error(`wanted ${size} bytes, ${this.rest} left`);
    this.position += size;
    return this.#bytes.subarray(this.position - size, this.position);
  }

  u8(): number {
    return this.take(1).readUInt8(0);
  }

  u16(): number {
    return this.take(2).readUInt16BE(0);
  }

  u32(): number {
    return this.take(4).readUInt32BE(0);
  }

  u64(): bigint {
    return this.take(8).readBigUInt64BE(0);
  }

  shortString(): string {
    return this.take(this.u8()).toString();
  }

  longString(): Buffer {
    return this.take(this.u32());
  }
}

const SCALAR_READERS: Record<string, (reader: Reader) => string> = {
  S: (reader) => reader.longString().toString(),
  x: (reader) => reader.longString().toString("hex"),
  b: (reader) => String(reader.take(1).readInt8(0)),
  B: (reader) => String(reader.u8()),
  s: (reader) => String(reader.take(2).readInt16BE(0)),
  u: (reader) => String(reader.u16()),
  I: (reader) => String(reader.take(4).readInt32BE(0)),
  i: (reader) => String(reader.u32()),
  l: (reader) => String(reader.take(8).readBigInt64BE(0)),
  L: (reader) => String(reader.take(8).readBigInt64BE(0)),
  T: (reader) => String(reader.u64()),
  f: (reader) => String(reader.take(4).readFloatBE(0)),
  d: (reader) => String(reader.take(8).readDoubleBE(0)),
  t: (reader) => String(reader.u8() !== 0),
  D: (reader) => `${reader.u8()}/${reader.u32()}`,
  V: () => "",
};

function decodeFieldValue(reader: Reader): Decoded {
  const type = reader.take(1).toString("latin1");
  if (type === "F") return decodeTable(reader);
  if (type === "A") return decodeArray(reader);
  const read = SCALAR_READERS[type];
  if (read === undefined) throw new Error(`unknown field type ${type}`);
  return `${type} ${read(reader)}`.trimEnd();
}

function decodeArray(reader: Reader): Decoded[] {
  const items = new Reader(reader.longString());
  const values: Decoded[] = [];
  while (items.rest > 0) values.push(decodeFieldValue(items));
  return values;
}

/** Decodes a table. Keys are sorted: their order means nothing and changed between releases. */
export function decodeTable(reader: Reader): { [key: string]: Decoded } {
  const entries = new Reader(reader.longString());
  const table: { [key: string]: Decoded } = {};
  while (entries.rest > 0) {
    const key = entries.shortString();
    table[key] = decodeFieldValue(entries);
  }
  return Object.fromEntries(Object.entries(table).sort(([a], [b]) => (a < b ? -1 : 1)));
}
