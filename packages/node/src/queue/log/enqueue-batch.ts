import { viewOf } from "../byte-copy.ts";
import { type BatchOrigin, NO_ORIGIN } from "./batch-origin.ts";
import { COMMAND_ENQUEUE, refuseVersion } from "./command-type.ts";

/**
 * type u8, version u8, count u16, and from version 2 on where the batch comes from: node u16, incarnation u48, number u48. All
 * little-endian.
 */
export const ENQUEUE_HEADER_SIZE = 18;
/** Of version 1. */
const OLD_HEADER_SIZE = 4;
/** flags u8, level u8, priority u8, reserved u8, size of the properties u32, size of the body u32. */
export const ITEM_HEADER_SIZE = 12;
/** Expiry as f64, where the flag says so. */
export const ITEM_EXPIRY_SIZE = 8;
export const ENQUEUE_VERSION = 2;

/** What the flags of an item say. */
export const ItemFlag = {
  /** The content is a run of a header frame and a body frame as the publisher sent them, else properties and body. */
  run: 1,
  /** Exchange and routing key are those of the item before. */
  sameRouting: 2,
  /** The message expires. */
  expires: 4,
} as const;

const FRAME_OVERHEAD = 8;
/** class-id, weight, body size: what stands before the property flags in a content header (spec 4.2.6.1). */
const CONTENT_HEADER_SIZE = 12;

/** Bytes that content of these sizes takes in an item. */
export function contentSize(isRun: boolean, propertiesSize: number, bodySize: number): number {
  const size = propertiesSize + bodySize;
  if (!isRun) return size;
  // Without a body there is no body frame.
  const frames = bodySize === 0 ? 1 : 2;
  return size + FRAME_OVERHEAD * frames + CONTENT_HEADER_SIZE;
}

/** Where the parts of an item lie in the bytes of its batch. */
export interface ItemPlace {
  isRun: boolean;
  /** The priority property as the publisher set it, 0 when absent. */
  priority: number;
  propertiesSize: number;
  bodySize: number;
  /** Where the content begins. */
  contentOffset: number;
}

/**
 * Messages that came into a durable queue together, as one entry of its log: the bytes, and where each message lies in
 * them. Levels and expiry were decided by the leader, so that every replica agrees.
 */
export class EnqueueBatch {
  /** The whole command. Part of the log: never changed. */
  readonly bytes: Buffer;
  readonly #offsets: readonly number[];
  /** Where the routing of each item stands, the same number for items that share it. */
  readonly #routingOffsets: readonly number[];
  #view: DataView | undefined = undefined;
  #origin: BatchOrigin | undefined = undefined;

  /** @param offsets where each item begins @param routingOffsets where its exchange and routing key stand */
  constructor(bytes: Buffer, offsets: readonly number[], routingOffsets: readonly number[]) {
    this.bytes = bytes;
    this.#offsets = offsets;
    this.#routingOffsets = routingOffsets;
  }

  get count(): number {
    return this.#offsets.length;
  }

  /** Who gathered it. */
  get origin(): BatchOrigin {
    this.#origin ??= readOrigin(this.bytes);
    return this.#origin;
  }

  /** Of `bytes`, for small copies. */
  get view(): DataView {
    this.#view ??= viewOf(this.bytes);
    return this.#view;
  }

  /** Octets of the body. */
  bodySizeAt(item: number): number {
    return readUint32(this.bytes, this.#offset(item) + 8);
  }

  /** Priority level in the queue. */
  levelAt(item: number): number {
    return this.bytes[this.#offset(item) + 1] ?? 0;
  }

  /** When the message expires, ms since the epoch; -1: never. */
  expiresAtMsAt(item: number): number {
    const at = this.#offset(item);
    if (((this.bytes[at] ?? 0) & ItemFlag.expires) === 0) return -1;
    return this.bytes.readDoubleLE(at + ITEM_HEADER_SIZE);
  }

  /** Where the item begins. */
  offsetAt(item: number): number {
    return this.#offset(item);
  }

  /** Where exchange and routing key stand, as two shortstrs. */
  routingOffsetAt(item: number): number {
    return this.#routingOffsets[item] ?? 0;
  }

  /** Tells everything of an item that its message needs, in one go. */
  locate(item: number, place: ItemPlace): void {
    const { bytes } = this;
    const at = this.#offset(item);
    const flags = bytes[at] ?? 0;
    place.isRun = (flags & ItemFlag.run) !== 0;
    place.priority = bytes[at + 2] ?? 0;
    place.propertiesSize = readUint32(bytes, at + 4);
    place.bodySize = readUint32(bytes, at + 8);
    const fixedEnd = at + itemFixedSize(flags);
    const isSameRouting = (flags & ItemFlag.sameRouting) !== 0;
    place.contentOffset = isSameRouting ? fixedEnd : fixedEnd + routingSizeAt(bytes, fixedEnd);
  }

  #offset(item: number): number {
    const offset = this.#offsets[item];
    if (offset === undefined) throw new RangeError(`the batch has no item ${item}`);
    return offset;
  }
}

/** Size of an item before its routing and content. */
function itemFixedSize(flags: number): number {
  return (flags & ItemFlag.expires) === 0 ? ITEM_HEADER_SIZE : ITEM_HEADER_SIZE + ITEM_EXPIRY_SIZE;
}

/** Reads the command of an entry; every item is checked to lie within the bytes. @throws Error if it is none */
export function decodeEnqueueBatch(data: Uint8Array): EnqueueBatch {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  if (bytes.length < OLD_HEADER_SIZE || bytes[0] !== COMMAND_ENQUEUE) {
    throw new Error("no batch of messages");
  }
  const headerSize = headerSizeOf(bytes[1] ?? 0);
  need(bytes, headerSize);
  const count = bytes.readUInt16LE(2);
  const offsets: number[] = [];
  const routingOffsets: number[] = [];
  let at = headerSize;
  let routingOffset = -1;
  for (let item = 0; item < count; item++) {
    const start = at;
    need(bytes, at + ITEM_HEADER_SIZE);
    const flags = bytes[at] ?? 0;
    at += itemFixedSize(flags);
    if ((flags & ItemFlag.sameRouting) === 0) {
      routingOffset = at;
      at += checkedRoutingSize(bytes, at);
    }
    if (routingOffset < 0) throw new Error("the first message of a batch has no routing key");
    const isRun = (flags & ItemFlag.run) !== 0;
    at += contentSize(isRun, readUint32(bytes, start + 4), readUint32(bytes, start + 8));
    need(bytes, at);
    offsets.push(start);
    routingOffsets.push(routingOffset);
  }
  // Only a numbered batch may be empty: all its messages were refused, and its number is still in its turn.
  if ((count === 0 && headerSize === OLD_HEADER_SIZE) || at !== bytes.length)
    throw new Error("a batch of messages has the wrong size");
  return new EnqueueBatch(bytes, offsets, routingOffsets);
}

function headerSizeOf(version: number): number {
  if (version === ENQUEUE_VERSION) return ENQUEUE_HEADER_SIZE;
  return version === 1 ? OLD_HEADER_SIZE : refuseVersion(COMMAND_ENQUEUE, version);
}

/** Notes in the header of a batch where it comes from. */
export function writeOrigin(bytes: Buffer, { node, incarnation, number }: BatchOrigin): void {
  bytes.writeUInt16LE(node, 4);
  bytes.writeUIntLE(incarnation, 6, 6);
  bytes.writeUIntLE(number, 12, 6);
}

function readOrigin(bytes: Buffer): BatchOrigin {
  const node = bytes[1] === 1 ? 0 : bytes.readUInt16LE(4);
  if (node === 0) return NO_ORIGIN;
  return { node, incarnation: bytes.readUIntLE(6, 6), number: bytes.readUIntLE(12, 6) };
}

/** Octets of two shortstrs. */
function routingSizeAt(bytes: Buffer, at: number): number {
  const exchangeSize = bytes[at] ?? 0;
  return 2 + exchangeSize + (bytes[at + 1 + exchangeSize] ?? 0);
}

function checkedRoutingSize(bytes: Buffer, at: number): number {
  need(bytes, at + 1);
  need(bytes, at + 2 + (bytes[at] ?? 0));
  return routingSizeAt(bytes, at);
}

function need(bytes: Buffer, end: number): void {
  if (end > bytes.length) throw new Error("a batch of messages is cut short");
}

/** Of checked bytes: several times as fast as Buffer.readUInt32LE, and done for each message that is read back. */
function readUint32(bytes: Buffer, at: number): number {
  const low = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16);
  return low + (bytes[at + 3] ?? 0) * 0x100_0000;
}
