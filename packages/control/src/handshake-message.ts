import { HANDSHAKE_MESSAGE_SIZE_MAX, NODE_NAME_SIZE_MAX } from "./limits.ts";

/**
 * Messages of the handshake, big endian:
 *
 * ```
 * magic "LVRT" | kind u8 | payload size u16 | payload
 *
 * hello         version min u8 | version max u8 | nonce 32 bytes | purpose size u8, purpose | name size u16, name
 * proof         HMAC-SHA256, 32 bytes
 * refusal       code u8 | text size u16, text
 * cookie hash   8 characters
 * ```
 *
 * This frame and the first two bytes of a hello are the same in all versions; bytes after the fields that are known are ignored.
 */
const MAGIC: Buffer = Buffer.from("LVRT", "latin1");
const HEADER_SIZE = 7;
const NONCE_SIZE = 32;
const PROOF_SIZE = 32;
const COOKIE_HASH_SIZE = 8;

/** What a connection is for. `raft`: between replicas. `link`: between brokers. `control`: calls of tools and nodes. */
export type Purpose = "raft" | "link" | "control";

export const PURPOSES: readonly Purpose[] = ["raft", "link", "control"];

/** What a side says of itself first. */
export interface HelloMessage {
  readonly kind: "hello";
  readonly versionMin: number;
  readonly versionMax: number;
  readonly nonce: Buffer;
  /** Of the dialler; the acceptor repeats it. Perhaps one that only a later version knows. */
  readonly purpose: string;
  readonly nodeName: string;
}

/** Why the acceptor does not want a connection; numbers of the wire. */
const REFUSALS = { cookie: 1, version: 2, unavailable: 3, busy: 4 } as const;
export type RefusalCode = keyof typeof REFUSALS;

export type HandshakeMessage =
  | HelloMessage
  | { readonly kind: "proof"; readonly proof: Buffer }
  | { readonly kind: "refusal"; readonly code: RefusalCode | undefined; readonly text: string }
  | { readonly kind: "cookie hash"; readonly hash: string };

const KINDS = { hello: 1, proof: 2, refusal: 3, "cookie hash": 4 } as const;

/** The bytes are not those of a handshake. `not_leveret`: they never were. */
export class HandshakeFormatError extends Error {
  override readonly name = "HandshakeFormatError";
  readonly code: "not_leveret" | "malformed" | "tls";

  constructor(code: HandshakeFormatError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

/** A message with the bytes that it consists of. */
export interface ReceivedMessage {
  readonly message: HandshakeMessage;
  readonly bytes: Buffer;
}

/** Cuts what comes into messages. It holds one message at most and a chunk of the socket. */
export class HandshakeReader {
  #bytes: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): void {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
  }

  /** undefined: more has to come. @throws HandshakeFormatError */
  next(): ReceivedMessage | undefined {
    const bytes = this.#bytes;
    checkMagic(bytes);
    if (bytes.length < HEADER_SIZE) return undefined;
    const size = bytes.readUInt16BE(5);
    if (size > HANDSHAKE_MESSAGE_SIZE_MAX) {
      throw new HandshakeFormatError("malformed", `a handshake message of ${size} bytes`);
    }
    if (bytes.length < HEADER_SIZE + size) return undefined;
    this.#bytes = bytes.subarray(HEADER_SIZE + size);
    const payload = bytes.subarray(HEADER_SIZE, HEADER_SIZE + size);
    return {
      message: decode(bytes.readUInt8(4), new Payload(payload)),
      bytes: bytes.subarray(0, HEADER_SIZE + size),
    };
  }

  /** What came behind the last message: no part of the handshake. */
  rest(): Buffer {
    return this.#bytes;
  }
}

export function encodeHandshake(message: HandshakeMessage): Buffer {
  const payload = encodePayload(message);
  const header = Buffer.alloc(HEADER_SIZE);
  MAGIC.copy(header);
  header.writeUInt8(KINDS[message.kind], 4);
  header.writeUInt16BE(payload.length, 5);
  return Buffer.concat([header, payload]);
}

/** Names go to logs and terminals: no control characters. */
export function isNodeName(name: string): boolean {
  return (
    Buffer.byteLength(name) <= NODE_NAME_SIZE_MAX && /^[^\p{C}\p{Z}@]+@[^\p{C}\p{Z}@]+$/u.test(name)
  );
}

function encodePayload(message: HandshakeMessage): Buffer {
  switch (message.kind) {
    case "hello":
      return Buffer.concat([
        Buffer.from([message.versionMin, message.versionMax]),
        message.nonce,
        sized(1, message.purpose),
        sized(2, message.nodeName),
      ]);
    case "proof":
      return message.proof;
    case "refusal":
      return Buffer.concat([
        Buffer.from([message.code === undefined ? 0 : REFUSALS[message.code]]),
        sized(2, message.text),
      ]);
    case "cookie hash":
      return Buffer.from(message.hash, "latin1");
    default:
      return message satisfies never;
  }
}

function sized(width: 1 | 2, text: string): Buffer {
  const bytes = Buffer.from(text);
  const size = Buffer.alloc(width);
  size.writeUIntBE(bytes.length, 0, width);
  return Buffer.concat([size, bytes]);
}

function decode(kind: number, payload: Payload): HandshakeMessage {
  switch (kind) {
    case KINDS.hello:
      return decodeHello(payload);
    case KINDS.proof:
      return { kind: "proof", proof: payload.take(PROOF_SIZE) };
    case KINDS.refusal: {
      const number = payload.take(1).readUInt8();
      const [code] = Object.entries(REFUSALS).find(([, value]) => value === number) ?? [];
      // The keys of REFUSALS are the codes.
      return { kind: "refusal", code: code as RefusalCode | undefined, text: payload.text(2) };
    }
    case KINDS["cookie hash"]: {
      const hash = payload.take(COOKIE_HASH_SIZE).toString("latin1");
      if (!/^[0-9a-f]+$/.test(hash)) throw malformed("a cookie hash that is none");
      return { kind: "cookie hash", hash };
    }
    default:
      throw malformed(`a handshake message of kind ${kind}`);
  }
}

function decodeHello(payload: Payload): HelloMessage {
  const versionMin = payload.take(1).readUInt8();
  const versionMax = payload.take(1).readUInt8();
  if (versionMin > versionMax) throw malformed(`versions from ${versionMin} to ${versionMax}`);
  const nonce = payload.take(NONCE_SIZE);
  const purpose = payload.text(1);
  const nodeName = payload.text(2);
  if (!/^[a-z]{1,32}$/.test(purpose)) throw malformed("a purpose that is none");
  if (!isNodeName(nodeName)) throw malformed("a node name that is none");
  return { kind: "hello", versionMin, versionMax, nonce, purpose, nodeName };
}

/** Reads fields one after the other. */
class Payload {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  take(size: number): Buffer {
    const end = this.#at + size;
    if (end > this.#bytes.length) throw malformed("a handshake message that is too short");
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  /** Control characters are replaced: it is for people. */
  text(width: 1 | 2): string {
    const size = this.take(width).readUIntBE(0, width);
    return this.take(size).toString().replace(/\p{C}/gu, "?");
  }
}

/** Whoever speaks another protocol is told apart at the first byte that differs, not at the end of a long wait. */
function checkMagic(bytes: Buffer): void {
  const known = Math.min(bytes.length, MAGIC.length);
  if (MAGIC.compare(bytes, 0, known, 0, known) === 0) return;
  const first = bytes[0];
  // Records of TLS: a handshake (client hello) or an alert.
  if (first === 0x16 || first === 0x15) throw new HandshakeFormatError("tls", "it speaks TLS");
  throw new HandshakeFormatError("not_leveret", "it does not speak Leveret's cluster protocol");
}

function malformed(what: string): HandshakeFormatError {
  return new HandshakeFormatError("malformed", what);
}
