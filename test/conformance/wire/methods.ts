import { type Decoded, decodeTable, encodeTable, type FieldTable, Reader } from "./field-value.ts";

/** A method argument as a script writes it; a Buffer goes into a string unchanged. */
type Argument = string | number | bigint | boolean | Buffer | FieldTable;
/** Arguments by their name in the specification; those left out are zero, empty or false. */
export interface Arguments {
  readonly [name: string]: Argument;
}

/** A decoded argument. */
export type DecodedArgument = Decoded | number | boolean;
/** A decoded method. */
export interface DecodedMethod {
  readonly name: string;
  readonly args: Record<string, DecodedArgument>;
}

/*
 * name class method arguments; o octet, s short, l long, q longlong, b bit, S short string,
 * L long string, T table. Reserved arguments are called r, r2.
 */
const TABLE = `
connection.start 10 10 o:version-major o:version-minor T:server-properties L:mechanisms L:locales
connection.start-ok 10 11 T:client-properties S:mechanism L:response S:locale
connection.secure 10 20 L:challenge
connection.secure-ok 10 21 L:response
connection.tune 10 30 s:channel-max l:frame-max s:heartbeat
connection.tune-ok 10 31 s:channel-max l:frame-max s:heartbeat
connection.open 10 40 S:virtual-host S:r b:r2
connection.open-ok 10 41 S:r
connection.close 10 50 s:reply-code S:reply-text s:class-id s:method-id
connection.close-ok 10 51
connection.blocked 10 60 S:reason
connection.unblocked 10 61
connection.update-secret 10 70 L:new-secret S:reason
connection.update-secret-ok 10 71
channel.open 20 10 S:r
channel.open-ok 20 11 L:r
channel.flow 20 20 b:active
channel.flow-ok 20 21 b:active
channel.close 20 40 s:reply-code S:reply-text s:class-id s:method-id
channel.close-ok 20 41
access.request 30 10 S:realm b:exclusive b:passive b:active b:write b:read
access.request-ok 30 11 s:ticket
exchange.declare 40 10 s:r S:exchange S:type b:passive b:durable b:auto-delete b:internal b:nowait T:arguments
exchange.declare-ok 40 11
exchange.delete 40 20 s:r S:exchange b:if-unused b:nowait
exchange.delete-ok 40 21
exchange.bind 40 30 s:r S:destination S:source S:routing-key b:nowait T:arguments
exchange.bind-ok 40 31
exchange.unbind 40 40 s:r S:destination S:source S:routing-key b:nowait T:arguments
exchange.unbind-ok 40 51
queue.declare 50 10 s:r S:queue b:passive b:durable b:exclusive b:auto-delete b:nowait T:arguments
queue.declare-ok 50 11 S:queue l:message-count l:consumer-count
queue.bind 50 20 s:r S:queue S:exchange S:routing-key b:nowait T:arguments
queue.bind-ok 50 21
queue.purge 50 30 s:r S:queue b:nowait
queue.purge-ok 50 31 l:message-count
queue.delete 50 40 s:r S:queue b:if-unused b:if-empty b:nowait
queue.delete-ok 50 41 l:message-count
queue.unbind 50 50 s:r S:queue S:exchange S:routing-key T:arguments
queue.unbind-ok 50 51
basic.qos 60 10 l:prefetch-size s:prefetch-count b:global
basic.qos-ok 60 11
basic.consume 60 20 s:r S:queue S:consumer-tag b:no-local b:no-ack b:exclusive b:nowait T:arguments
basic.consume-ok 60 21 S:consumer-tag
basic.cancel 60 30 S:consumer-tag b:nowait
basic.cancel-ok 60 31 S:consumer-tag
basic.publish 60 40 s:r S:exchange S:routing-key b:mandatory b:immediate
basic.return 60 50 s:reply-code S:reply-text S:exchange S:routing-key
basic.deliver 60 60 S:consumer-tag q:delivery-tag b:redelivered S:exchange S:routing-key
basic.get 60 70 s:r S:queue b:no-ack
basic.get-ok 60 71 q:delivery-tag b:redelivered S:exchange S:routing-key l:message-count
basic.get-empty 60 72 S:cluster-id
basic.ack 60 80 q:delivery-tag b:multiple
basic.reject 60 90 q:delivery-tag b:requeue
basic.recover-async 60 100 b:requeue
basic.recover 60 110 b:requeue
basic.recover-ok 60 111
basic.nack 60 120 q:delivery-tag b:multiple b:requeue
confirm.select 85 10 b:nowait
confirm.select-ok 85 11
tx.select 90 10
tx.select-ok 90 11
tx.commit 90 20
tx.commit-ok 90 21
tx.rollback 90 30
tx.rollback-ok 90 31
`;

interface Layout {
  readonly name: string;
  readonly classId: number;
  readonly methodId: number;
  readonly fields: readonly { readonly type: string; readonly name: string }[];
}

const LAYOUTS: readonly Layout[] = TABLE.trim().split("\n").map(parseLayout);
const BY_NAME: ReadonlyMap<string, Layout> = new Map(LAYOUTS.map((it) => [it.name, it]));
const BY_ID: ReadonlyMap<string, Layout> = new Map(
  LAYOUTS.map((it) => [`${it.classId}.${it.methodId}`, it]),
);

function parseLayout(line: string): Layout {
  const [name = "", classId, methodId, ...fields] = line.split(" ");
  return {
    name,
    classId: Number(classId),
    methodId: Number(methodId),
    fields: fields.map((field) => {
      const [type = "", fieldName = ""] = field.split(":");
      return { type, name: fieldName };
    }),
  };
}

/** Encodes a method frame's payload. Unknown method or argument names are a script's mistake and throw. */
export function encodeMethod(name: string, args: Arguments): Buffer {
  const layout = BY_NAME.get(name);
  if (layout === undefined) throw new Error(`no method ${name}`);
  for (const given of Object.keys(args)) {
    if (!layout.fields.some((field) => field.name === given)) {
      throw new Error(`${name} has no argument ${given}`);
    }
  }
  const parts = [u16(layout.classId), u16(layout.methodId)];
  let bits: number[] = [];
  for (const field of layout.fields) {
    if (field.type === "b") {
      bits.push(args[field.name] === true ? 1 : 0);
      continue;
    }
    parts.push(packBits(bits), encodeArgument(field.type, args[field.name]));
    bits = [];
  }
  parts.push(packBits(bits));
  return Buffer.concat(parts);
}

function packBits(bits: readonly number[]): Buffer {
  if (bits.length === 0) return Buffer.alloc(0);
  return Buffer.from([bits.reduce((octet, bit, index) => octet | (bit << index), 0)]);
}

function u16(value: number): Buffer {
  const buffer = Buffer.alloc(2);
  buffer.writeUInt16BE(value);
  return buffer;
}

function encodeArgument(type: string, value: Argument | undefined): Buffer {
  if (type === "T") return encodeTable((value ?? {}) as FieldTable);
  if (type === "S" || type === "L") return encodeString(type, value);
  const sizes: Record<string, number> = { o: 1, s: 2, l: 4, q: 8 };
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64BE(BigInt((value ?? 0) as number | bigint));
  return buffer.subarray(8 - (sizes[type] ?? 0));
}

function encodeString(type: "S" | "L", value: Argument | undefined): Buffer {
  const bytes = Buffer.isBuffer(value) ? value : Buffer.from(String(value ?? ""));
  const size = Buffer.alloc(4);
  size.writeUInt32BE(bytes.length);
  return Buffer.concat([type === "S" ? size.subarray(3) : size, bytes]);
}

/** Decodes a method frame's payload; an unknown method shows as `class.method` in numbers. */
export function decodeMethod(payload: Buffer): DecodedMethod {
  const reader = new Reader(payload);
  const id = `${reader.u16()}.${reader.u16()}`;
  const layout = BY_ID.get(id);
  if (layout === undefined) return { name: id, args: {} };
  const args: Record<string, DecodedArgument> = {};
  let bit = 0;
  let octet = 0;
  for (const field of layout.fields) {
    if (field.type === "b") {
      if (bit === 0) octet = reader.u8();
      args[field.name] = ((octet >> bit) & 1) === 1;
      bit = (bit + 1) % 8;
      continue;
    }
    bit = 0;
    const value = decodeArgument(field.type, reader);
    if (!field.name.startsWith("r") || field.name.length > 2) args[field.name] = value;
  }
  if (reader.rest > 0) args["trailing-bytes"] = reader.rest;
  return { name: layout.name, args };
}

function decodeArgument(type: string, reader: Reader): DecodedArgument {
  switch (type) {
    case "o":
      return reader.u8();
    case "s":
      return reader.u16();
    case "l":
      return reader.u32();
    case "q":
      return Number(reader.u64());
    case "S":
      return reader.shortString();
    case "L":
      return reader.longString().toString();
    default:
      return decodeTable(reader);
  }
}

/** The methods that answer `name`; empty when it has no answer. */
export function answersTo(name: string): readonly string[] {
  if (name === "basic.get") return ["basic.get-ok", "basic.get-empty"];
  return BY_NAME.has(`${name}-ok`) ? [`${name}-ok`] : [];
}
