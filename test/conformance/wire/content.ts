import { type Decoded, decodeTable, encodeTable, type FieldTable, Reader } from "./field-value.ts";

/** Basic properties by their name in the specification. */
export interface Properties {
  readonly "content-type"?: string;
  readonly "content-encoding"?: string;
  readonly headers?: FieldTable;
  readonly "delivery-mode"?: number;
  readonly priority?: number;
  readonly "correlation-id"?: string;
  readonly "reply-to"?: string;
  readonly expiration?: string;
  readonly "message-id"?: string;
  readonly timestamp?: number;
  readonly type?: string;
  readonly "user-id"?: string;
  readonly "app-id"?: string;
  readonly "cluster-id"?: string;
}

/** A decoded content header. */
export interface DecodedHeader {
  readonly bodySize: number;
  readonly properties: Record<string, Decoded | number>;
}

/* Header payload: class u16, weight u16, body size u64, flags u16, properties in this order from bit 15 down. */
const LAYOUT: readonly (readonly [keyof Properties, "S" | "o" | "q" | "T"])[] = [
  ["content-type", "S"],
  ["content-encoding", "S"],
  ["headers", "T"],
  ["delivery-mode", "o"],
  ["priority", "o"],
  ["correlation-id", "S"],
  ["reply-to", "S"],
  ["expiration", "S"],
  ["message-id", "S"],
  ["timestamp", "q"],
  ["type", "S"],
  ["user-id", "S"],
  ["app-id", "S"],
  ["cluster-id", "S"],
];

/** Encodes a header frame's payload. `classId` is 60 unless a script wants a wrong one. */
export function encodeHeader(bodySize: number, properties: Properties, classId = 60): Buffer {
  const head = Buffer.alloc(14);
  head.writeUInt16BE(classId, 0);
  head.writeBigUInt64BE(BigInt(bodySize), 4);
  const parts: Buffer[] = [head];
  let flags = 0;
  for (const [index, [name, type]] of LAYOUT.entries()) {
    const value = properties[name];
    if (value === undefined) continue;
    flags |= 1 << (15 - index);
    parts.push(encodeProperty(type, value));
  }
  head.writeUInt16BE(flags, 12);
  return Buffer.concat(parts);
}

function encodeProperty(type: string, value: string | number | FieldTable): Buffer {
  if (type === "T") return encodeTable(value as FieldTable);
  if (type === "S") {
    const bytes = Buffer.from(String(value));
    return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  }
  if (type === "o") return Buffer.from([Number(value)]);
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64BE(BigInt(Number(value)));
  return buffer;
}

/** Decodes a header frame's payload. */
export function decodeHeader(payload: Buffer): DecodedHeader {
  const reader = new Reader(payload);
  reader.take(4);
  const bodySize = Number(reader.u64());
  const flags = reader.u16();
  const properties: Record<string, Decoded | number> = {};
  for (const [index, [name, type]] of LAYOUT.entries()) {
    if ((flags & (1 << (15 - index))) === 0) continue;
    properties[name] = decodeProperty(type, reader);
  }
  return { bodySize, properties };
}

function decodeProperty(type: string, reader: Reader): Decoded | number {
  if (type === "T") return decodeTable(reader);
  if (type === "S") return reader.shortString();
  return type === "o" ? reader.u8() : Number(reader.u64());
}
