import { PropertyFlag } from "./basic-properties.ts";
import { encodeFieldTable, skipFieldTable } from "./field-table.ts";
import type { FieldTable } from "./field-value.ts";
import { PropertyScan } from "./property-scan.ts";
import { WireReader } from "./wire-reader.ts";

/** What a broker changes in the properties of a message. */
export interface PropertyPatch {
  /** Instead of the headers there are, or added. */
  readonly headers?: FieldTable;
  /** Instead of the reply-to there is. */
  readonly replyTo?: string;
  /** Takes the expiration off. */
  readonly withoutExpiration?: boolean;
}

/**
 * The properties `bytes[start, end)`, flags word first, with some changed. All others stay octet for octet: a
 * correlation-id need not be text (RabbitMQ).
 * @throws ConnectionError 501 if the values end early or late
 */
export function patchProperties(
  bytes: Buffer,
  start: number,
  end: number,
  patch: PropertyPatch,
): Buffer {
  const scan = new PropertyScan();
  scan.scan(bytes, start, end);
  let { flags } = scan;
  let at = start + 2;
  const flagsWord = Buffer.alloc(2);
  const pieces: Buffer[] = [flagsWord];
  if (patch.headers !== undefined) {
    const isThere = scan.headersStart >= 0;
    const before = Math.max(at, scan.contentTypeEnd, scan.contentEncodingEnd);
    pieces.push(bytes.subarray(at, before), encodeFieldTable(patch.headers));
    at = isThere ? scan.headersEnd : before;
    flags |= PropertyFlag.headers;
  }
  if (patch.replyTo !== undefined && scan.replyToStart >= 0) {
    const text = Buffer.from(patch.replyTo);
    pieces.push(bytes.subarray(at, scan.replyToStart - 1), Buffer.from([text.length]), text);
    at = scan.replyToEnd;
  }
  if (patch.withoutExpiration === true && scan.expirationStart >= 0) {
    pieces.push(bytes.subarray(at, scan.expirationStart - 1));
    at = scan.expirationEnd;
    flags &= ~PropertyFlag.expiration;
  }
  pieces.push(bytes.subarray(at, end));
  flagsWord.writeUInt16BE(flags);
  return Buffer.concat(pieces);
}

/**
 * Checks the inside of the headers table at `headersStart` in the properties `bytes[start, end)`.
 * @throws ConnectionError 501 `cannot decode <<...>>` with the properties
 */
export function checkHeaders(
  bytes: Buffer,
  start: number,
  end: number,
  headersStart: number,
): void {
  const reader = new WireReader(bytes, start, end);
  reader.at = headersStart;
  skipFieldTable(reader);
}
