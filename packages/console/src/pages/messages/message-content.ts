import type { Arguments, MessageInfo } from "../../api/types.ts";

/** The properties of a message; RabbitMQ answers an empty list if there are none. */
export function propertiesOf(message: MessageInfo): Arguments {
  const { properties } = message;
  return properties === undefined || Array.isArray(properties) ? {} : (properties as Arguments);
}

export function headersOf(message: MessageInfo): Arguments {
  const headers = propertiesOf(message)["headers"];
  return typeof headers === "object" && headers !== null && !Array.isArray(headers)
    ? (headers as Arguments)
    : {};
}

/** The body as bytes. */
export function bytesOf(message: MessageInfo): Uint8Array {
  if (message.payload_encoding !== "base64") {
    return new TextEncoder().encode(message.payload);
  }
  return Uint8Array.from(atob(message.payload), (char) => char.charCodeAt(0));
}

/** The body as text; undefined if it is not UTF-8. */
export function textOf(message: MessageInfo): string | undefined {
  if (message.payload_encoding !== "base64") {
    return message.payload;
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytesOf(message));
  } catch {
    return undefined;
  }
}

/** The body as JSON; undefined if it is none. */
export function jsonOf(message: MessageInfo): unknown {
  const text = textOf(message);
  if (text === undefined || !/^\s*[[{"\d-]/.test(text)) {
    return undefined;
  }
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const ROW = 16;
const HEX_SIZE_MAX = 16_384;

/** Bytes as rows of offset, hexadecimal and printable characters; a long body is cut. */
export function hexOf(bytes: Uint8Array): string {
  const rows: string[] = [];
  for (let at = 0; at < Math.min(bytes.length, HEX_SIZE_MAX); at += ROW) {
    const part = [...bytes.subarray(at, at + ROW)];
    const hex = part.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const text = part
      .map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : "."))
      .join("");
    rows.push(`${at.toString(16).padStart(6, "0")}  ${hex.padEnd(ROW * 3 - 1)}  ${text}`);
  }
  if (bytes.length > HEX_SIZE_MAX) {
    rows.push("…");
  }
  return rows.join("\n");
}

/** Where a dead letter came from, by the newest entry of its x-death header; undefined if it is none. */
export function originOf(
  message: MessageInfo,
): { readonly queue: string; readonly reason: string } | undefined {
  const [death] = (headersOf(message)["x-death"] ?? []) as readonly {
    readonly queue?: unknown;
    readonly reason?: unknown;
  }[];
  return typeof death?.queue === "string"
    ? { queue: death.queue, reason: String(death.reason ?? "") }
    : undefined;
}
