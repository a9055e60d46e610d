/**
 * Properties of class basic (spec 1.8, 4.2.6.1): a flags word, then the values of the set flags.
 *
 *     bit 15 content-type     shortstr    bit 8 expiration   shortstr
 *         14 content-encoding shortstr        7 message-id   shortstr
 *         13 headers          table           6 timestamp    u64
 *         12 delivery-mode    u8              5 type         shortstr
 *         11 priority         u8              4 user-id      shortstr
 *         10 correlation-id   shortstr        3 app-id       shortstr
 *          9 reply-to         shortstr        2 cluster-id   shortstr
 *
 * Bits 1 and 0 mean nothing to RabbitMQ, nor here.
 */
import { fromBigInt, readFieldTable, writeFieldTable } from "./field-table.ts";
import type { FieldTable } from "./field-value.ts";
import { WireReader } from "./wire-reader.ts";
import { WireWriter } from "./wire-writer.ts";

/** The properties of a message; an absent one is not a key, or `undefined`. */
export interface BasicProperties {
  contentType?: string | undefined;
  contentEncoding?: string | undefined;
  headers?: FieldTable | undefined;
  /** 2: persistent. */
  deliveryMode?: number | undefined;
  priority?: number | undefined;
  correlationId?: string | undefined;
  replyTo?: string | undefined;
  /** Milliseconds, as text. */
  expiration?: string | undefined;
  messageId?: string | undefined;
  /** Seconds since 1970; a bigint only above 2^53. */
  timestamp?: number | bigint | undefined;
  type?: string | undefined;
  userId?: string | undefined;
  appId?: string | undefined;
  clusterId?: string | undefined;
}

/** The bit of each property in the flags word. */
export const PropertyFlag = {
  contentType: 0x8000,
  contentEncoding: 0x4000,
  headers: 0x2000,
  deliveryMode: 0x1000,
  priority: 0x0800,
  correlationId: 0x0400,
  replyTo: 0x0200,
  expiration: 0x0100,
  messageId: 0x0080,
  timestamp: 0x0040,
  type: 0x0020,
  userId: 0x0010,
  appId: 0x0008,
  clusterId: 0x0004,
} as const;

/**
 * The properties in `bytes[start, end)`, flags word first.
 * @throws ConnectionError 501 if they end early, late, or hold a malformed table
 */
export function decodeBasicProperties(bytes: Buffer, start: number, end: number): BasicProperties {
  const reader = new WireReader(bytes, start, end);
  const flags = reader.short();
  const properties: BasicProperties = {};
  if (flags & PropertyFlag.contentType) properties.contentType = reader.shortstr();
  if (flags & PropertyFlag.contentEncoding) properties.contentEncoding = reader.shortstr();
  if (flags & PropertyFlag.headers) properties.headers = readFieldTable(reader);
  if (flags & PropertyFlag.deliveryMode) properties.deliveryMode = reader.octet();
  if (flags & PropertyFlag.priority) properties.priority = reader.octet();
  readRareProperties(reader, flags, properties);
  reader.finish();
  return properties;
}

function readRareProperties(reader: WireReader, flags: number, properties: BasicProperties): void {
  if (flags & PropertyFlag.correlationId) properties.correlationId = reader.shortstr();
  if (flags & PropertyFlag.replyTo) properties.replyTo = reader.shortstr();
  if (flags & PropertyFlag.expiration) properties.expiration = reader.shortstr();
  if (flags & PropertyFlag.messageId) properties.messageId = reader.shortstr();
  if (flags & PropertyFlag.timestamp) {
    properties.timestamp = fromBigInt(reader.bytes.readBigUInt64BE(reader.take(8)));
  }
  if (flags & PropertyFlag.type) properties.type = reader.shortstr();
  if (flags & PropertyFlag.userId) properties.userId = reader.shortstr();
  if (flags & PropertyFlag.appId) properties.appId = reader.shortstr();
  if (flags & PropertyFlag.clusterId) properties.clusterId = reader.shortstr();
}

/** The flags word and the values. Texts over 255 bytes and numbers out of range throw. */
export function encodeBasicProperties(properties: BasicProperties): Buffer {
  const writer = new WireWriter();
  writer.short(flagsOf(properties));
  writeShortstr(writer, properties.contentType);
  writeShortstr(writer, properties.contentEncoding);
  if (properties.headers !== undefined) writeFieldTable(writer, properties.headers);
  if (properties.deliveryMode !== undefined) writer.octet(properties.deliveryMode);
  if (properties.priority !== undefined) writer.octet(properties.priority);
  writeShortstr(writer, properties.correlationId);
  writeShortstr(writer, properties.replyTo);
  writeShortstr(writer, properties.expiration);
  writeShortstr(writer, properties.messageId);
  if (properties.timestamp !== undefined) writer.longlong(properties.timestamp);
  writeShortstr(writer, properties.type);
  writeShortstr(writer, properties.userId);
  writeShortstr(writer, properties.appId);
  writeShortstr(writer, properties.clusterId);
  return writer.finish();
}

function flagsOf(properties: BasicProperties): number {
  let flags = 0;
  for (const [name, flag] of Object.entries(PropertyFlag)) {
    if (properties[name as keyof BasicProperties] !== undefined) flags |= flag;
  }
  return flags;
}

function writeShortstr(writer: WireWriter, text: string | undefined): void {
  if (text !== undefined) writer.shortstr(text);
}
