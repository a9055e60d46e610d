import { LinkProtocolError } from "./link-frames.ts";
import { LINK_CLUSTER_ID_MAX } from "./link-limits.ts";

/*
 * Frames of kind 0, told apart by their first octet:
 *   hello   1 | version u8 | nodeId u16 | to u16 | incarnation u48 | clusterId length u8, UTF-8     the dialling side, first
 *   welcome 2 | version u8 | nodeId u16 | to u16 | incarnation u48 | clusterId length u8, UTF-8     the answer
 *   beat    3
 */

export const LINK_CONTROL_KIND = 0;
const VERSION = 1;
const HELLO = 1;
const WELCOME = 2;
const BEAT = 3;
const FIXED_SIZE = 13;

/** What both ends of a link say of themselves first. */
export interface LinkGreeting {
  readonly nodeId: number;
  /** Whom it takes the other end for. */
  readonly to: number;
  /** Which life of the node: of its data directory. */
  readonly incarnation: number;
  readonly clusterId: string;
}

export type LinkControl =
  | { readonly kind: "hello" | "welcome"; readonly greeting: LinkGreeting }
  | { readonly kind: "beat" };

export function encodeGreeting(kind: "hello" | "welcome", greeting: LinkGreeting): Buffer {
  const clusterId = Buffer.from(greeting.clusterId, "utf8").subarray(0, LINK_CLUSTER_ID_MAX);
  const bytes = Buffer.alloc(FIXED_SIZE + clusterId.length);
  bytes[0] = kind === "hello" ? HELLO : WELCOME;
  bytes[1] = VERSION;
  bytes.writeUInt16BE(greeting.nodeId, 2);
  bytes.writeUInt16BE(greeting.to, 4);
  bytes.writeUIntBE(greeting.incarnation, 6, 6);
  bytes[12] = clusterId.length;
  clusterId.copy(bytes, FIXED_SIZE);
  return bytes;
}

export const BEAT_PAYLOAD: Buffer = Buffer.from([BEAT]);

/** @throws LinkProtocolError */
export function decodeControl(payload: Buffer): LinkControl {
  const type = payload[0];
  if (type === BEAT) return { kind: "beat" };
  if ((type !== HELLO && type !== WELCOME) || payload.length < FIXED_SIZE) {
    throw new LinkProtocolError("not a greeting");
  }
  if (payload[1] !== VERSION) {
    throw new LinkProtocolError(`it speaks version ${payload[1]} of links, this node ${VERSION}`);
  }
  const end = FIXED_SIZE + payload.readUInt8(12);
  if (payload.length !== end) throw new LinkProtocolError("a greeting is cut short");
  return {
    kind: type === HELLO ? "hello" : "welcome",
    greeting: {
      nodeId: payload.readUInt16BE(2),
      to: payload.readUInt16BE(4),
      incarnation: payload.readUIntBE(6, 6),
      clusterId: payload.toString("utf8", FIXED_SIZE, end),
    },
  };
}
