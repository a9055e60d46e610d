import { isUtf8 } from "node:buffer";

/** A body for JSON: text where it is UTF-8, else base64, as RabbitMQ's HTTP API tells them apart. */
export interface PayloadJson {
  readonly payload: string;
  readonly payload_encoding: "string" | "base64";
}

export function payloadJson(payload: Uint8Array): PayloadJson {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  return isUtf8(bytes)
    ? { payload: bytes.toString("utf8"), payload_encoding: "string" }
    : { payload: bytes.toString("base64"), payload_encoding: "base64" };
}

/** A body on one line of a terminal: control characters are escaped, other octets than UTF-8 shown as base64. */
export function payloadText(payload: Uint8Array, wholeSize: number): string {
  const { payload: text, payload_encoding: encoding } = payloadJson(payload);
  const shown = encoding === "string" ? escapeControls(text) : `base64:${text}`;
  const left = wholeSize - payload.byteLength;
  return left === 0 ? shown : `${shown}... (${left} more bytes)`;
}

function escapeControls(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it is about
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, (char) => JSON.stringify(char).slice(1, -1));
}
