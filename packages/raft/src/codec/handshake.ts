import type { NodeId } from "../core/ids.ts";
import { crc32 } from "./crc32.ts";
import { DecodeError } from "./decode-error.ts";
import { Lane } from "./frame.ts";
import { readU8, readU16, readU32, readU48, writeU16, writeU32, writeU48 } from "./u48.ts";

/*
 * The first message in each direction of a connection between nodes, little endian:
 *
 *    0 magic "LVRN" | 4 size u16, of all of it | 6 kind u8 | 7 version min u8 | 8 version max u8 | 9 lane u8
 *   10 node u16 | 12 node meant u16 | 14 incarnation u48 | 20 boot u48 | 26 wall clock u48, ms | 32 features u32
 *   36 refusal u8 | 37 size of cluster id u8 | 38 cluster id, UTF-8 | what later versions add | crc u32
 *
 * Connector: Hello. Acceptor: Welcome (version min = max = the one chosen) or Refusal. Then the connector sends the first frame,
 * which makes the connection the valid one of its lane: so both sides have seen a round trip.
 */

/** Versions of the frames' contents that this build speaks. */
export const PROTOCOL_VERSION_MIN = 1;
export const PROTOCOL_VERSION_MAX = 1;

export const HANDSHAKE_SIZE_MAX = 512;
const CLUSTER_ID_SIZE_MAX = 255;
const MAGIC = 0x4e52_564c;
const FIXED_SIZE = 38;
const CRC_SIZE = 4;
const PREFIX_SIZE = 6;

export const HandshakeKind = { Hello: 1, Welcome: 2, Refusal: 3 } as const;
export type HandshakeKind = (typeof HandshakeKind)[keyof typeof HandshakeKind];

/** Why a connection was not taken. The last three are normal: try again. */
export const Refusal = {
  None: 0,
  Version: 1,
  Cluster: 2,
  /** The address belongs to another node than the one meant. */
  WrongNode: 3,
  /** A newer life of the same node is known. */
  StaleLife: 4,
  /** Another process claims the same life of the same node: a copied data directory. */
  Duplicate: 5,
  /** Both connected at the same time; the other connection is kept. */
  Crossed: 6,
  /** The control connection has to come first. */
  NoControl: 7,
  Busy: 8,
} as const;
export type Refusal = (typeof Refusal)[keyof typeof Refusal];

export interface Handshake {
  readonly kind: HandshakeKind;
  readonly versionMin: number;
  readonly versionMax: number;
  readonly lane: Lane;
  readonly node: NodeId;
  /** The node that the sender believes to talk to. */
  readonly nodeMeant: NodeId;
  readonly incarnation: number;
  /** Random at each boot: tells two processes with the same incarnation apart. */
  readonly boot: number;
  readonly wallMs: number;
  readonly features: number;
  readonly refusal: number;
  readonly clusterId: string;
}

const KINDS: ReadonlySet<number> = new Set(Object.values(HandshakeKind));
const LANES: ReadonlySet<number> = new Set(Object.values(Lane));

/** The bytes of a handshake message. @throws RangeError when a field does not fit */
export function encodeHandshake(handshake: Handshake): Uint8Array {
  const clusterId = Buffer.from(handshake.clusterId, "utf8");
  if (clusterId.length > CLUSTER_ID_SIZE_MAX) throw new RangeError("the cluster id is too long");
  const size = FIXED_SIZE + clusterId.length + CRC_SIZE;
  const bytes = new Uint8Array(size);
  writeU32(bytes, 0, MAGIC);
  writeU16(bytes, 4, size);
  bytes[6] = handshake.kind;
  bytes[7] = handshake.versionMin;
  bytes[8] = handshake.versionMax;
  bytes[9] = handshake.lane;
  writeU16(bytes, 10, handshake.node);
  writeU16(bytes, 12, handshake.nodeMeant);
  writeU48(bytes, 14, handshake.incarnation);
  writeU48(bytes, 20, handshake.boot);
  writeU48(bytes, 26, Math.max(0, Math.floor(handshake.wallMs)));
  writeU32(bytes, 32, handshake.features);
  bytes[36] = handshake.refusal;
  bytes[37] = clusterId.length;
  bytes.set(clusterId, FIXED_SIZE);
  writeU32(bytes, size - CRC_SIZE, crc32(bytes.subarray(0, size - CRC_SIZE)));
  return bytes;
}

/** Decodes exactly one handshake message. @throws DecodeError */
export function decodeHandshake(bytes: Uint8Array): Handshake {
  const size = handshakeSize(bytes, bytes.length);
  if (size !== bytes.length) throw new DecodeError("a handshake is cut short");
  if (readU32(bytes, size - CRC_SIZE) !== crc32(bytes.subarray(0, size - CRC_SIZE))) {
    throw new DecodeError("the checksum of a handshake is wrong");
  }
  const clusterIdEnd = FIXED_SIZE + readU8(bytes, 37);
  if (clusterIdEnd > size - CRC_SIZE) throw new DecodeError("a cluster id is cut short");
  return {
    kind: readKind(bytes),
    versionMin: readU8(bytes, 7),
    versionMax: readU8(bytes, 8),
    lane: readLane(bytes),
    node: readNode(bytes, 10),
    nodeMeant: readU16(bytes, 12),
    incarnation: readU48(bytes, 14),
    boot: readU48(bytes, 20),
    wallMs: readU48(bytes, 26),
    features: readU32(bytes, 32),
    refusal: readU8(bytes, 36),
    clusterId: Buffer.from(bytes.subarray(FIXED_SIZE, clusterIdEnd)).toString("utf8"),
  };
}

/** Gathers the handshake at the start of a connection's input. */
export class HandshakeReader {
  readonly #bytes = new Uint8Array(HANDSHAKE_SIZE_MAX);
  #filled = 0;

  /**
   * Takes bytes up to the end of the handshake. `used` is how many of `chunk` were taken; `handshake` undefined: more are
   * needed. @throws DecodeError
   */
  push(chunk: Uint8Array): { readonly used: number; readonly handshake: Handshake | undefined } {
    let used = this.#take(chunk, 0, PREFIX_SIZE);
    const size = handshakeSize(this.#bytes, this.#filled);
    if (size === 0) return { used, handshake: undefined };
    used += this.#take(chunk, used, size);
    if (this.#filled < size) return { used, handshake: undefined };
    return { used, handshake: decodeHandshake(this.#bytes.subarray(0, size)) };
  }

  #take(chunk: Uint8Array, start: number, filledAfter: number): number {
    const count = Math.max(0, Math.min(filledAfter - this.#filled, chunk.length - start));
    this.#bytes.set(chunk.subarray(start, start + count), this.#filled);
    this.#filled += count;
    return count;
  }
}

/** The size announced by the first `filled` bytes; 0: not known yet. A foreign protocol is refused at its first byte. */
function handshakeSize(bytes: Uint8Array, filled: number): number {
  const known = Math.min(4, filled);
  for (let index = 0; index < known; index++) {
    if (bytes[index] !== ((MAGIC >>> (8 * index)) & 0xff)) {
      throw new DecodeError("this is not a node of this product");
    }
  }
  if (filled < PREFIX_SIZE) return 0;
  const size = readU16(bytes, 4);
  if (size < FIXED_SIZE + CRC_SIZE || size > HANDSHAKE_SIZE_MAX) {
    throw new DecodeError(`a handshake of ${size} bytes`);
  }
  return size;
}

function readKind(bytes: Uint8Array): HandshakeKind {
  const kind = readU8(bytes, 6);
  if (!KINDS.has(kind)) throw new DecodeError(`unknown kind ${kind} of handshake`);
  // The set holds the values of HandshakeKind and nothing else.
  return kind as HandshakeKind;
}

function readLane(bytes: Uint8Array): Lane {
  const lane = readU8(bytes, 9);
  if (!LANES.has(lane)) throw new DecodeError(`unknown lane ${lane}`);
  // The set holds the values of Lane and nothing else.
  return lane as Lane;
}

function readNode(bytes: Uint8Array, offset: number): NodeId {
  const node = readU16(bytes, offset);
  if (node === 0) throw new DecodeError("a handshake of node 0");
  return node;
}
