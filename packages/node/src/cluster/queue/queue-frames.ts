import { Packr } from "msgpackr";
import { copySmall, VIEW_COPY_MAX } from "../../queue/byte-copy.ts";
import { contentSize } from "../../queue/log/enqueue-batch.ts";
import type { Message } from "../../queue/message.ts";
import { LinkProtocolError } from "../link/link-frames.ts";
import type { LinkPeer } from "../link/link-peer.ts";

/*
 * What nodes say to each other about queues. Numbers are little endian; a queue is named by a number u48 that no other queue ever has.
 * Requests go on the link that the sender dialled, to the node that leads the queue; answers come back on the same link.
 */

/** Kinds of frames on links. */
export const QueueFrame = {
  /** queue | the command of a batch as it stands in the log */
  publish: 16,
  /** packed: see ConsumeRequest */
  consume: 17,
  /** packed: see AttachAgain */
  attachAgain: 18,
  /** queue | consumer u32 | ConsumerOp u8 */
  consumer: 19,
  /** queue | consumer u32 | SettleOp u8 | from u48 | to u48 */
  settle: 20,
  /** queue | SessionOp u8 | session u48 */
  session: 21,
  /** packed: see GetRequest */
  get: 22,
  /** packed: queue, request, Question */
  ask: 23,
  /** queue | (level u8 | ref f64)*: acknowledged at another leader */
  settledAgain: 24,
  /** queue | (level u8 | ref f64)*: handed out by the sender when it led, up to this one of the level */
  deliveredAgain: 27,
  /** announcement u48: all that this node has of the queues announced there has been sent */
  synced: 25,
  /** packed: announcement, (queue, term, 1 or 0: leads or not any more)*: the sender leads these queues. On its dialled link. */
  leads: 26,

  /** queue | number u48: batches up to this one are stored */
  stored: 32,
  /** queue | number u48 | item u8*: the queue is too full for these messages; batches from this one on are to be sent again, without them */
  refused: 33,
  /** queue | number u48: send again from this batch on */
  resend: 34,
  /** packed: request, outcome */
  consumed: 35,
  /** consumer u32 | a delivery, see `writeDelivery` */
  deliver: 36,
  /** request u32 | remaining u32 | found u8 | a delivery, if found */
  got: 37,
  /** packed: request, values */
  answer: 38,
  /** consumer u32 | 1: wanted, 0: unused */
  credit: 39,
  /** queue: this node does not lead it */
  notLeader: 40,
  /** queue | count u48: so many frames of kind `settle` and `settledAgain` of this link are stored */
  progressed: 41,
  /** consumer u32: it is the single active one */
  activated: 42,
} as const;

export const ConsumerOp = {
  start: 1,
  detach: 2,
  pause: 3,
  unpause: 4,
  grantCredit: 5,
  needsCredit: 6,
  needsNoCredit: 7,
} as const;
export type ConsumerOp = (typeof ConsumerOp)[keyof typeof ConsumerOp];

export const SettleOp = { settle: 0, nack: 1, reject: 2, lost: 3, discard: 4 } as const;
export type SettleOp = (typeof SettleOp)[keyof typeof SettleOp];

export const SessionOp = { close: 1, touch: 3 } as const;
export type SessionOp = (typeof SessionOp)[keyof typeof SessionOp];

/** `handled`: what came before on the link is done. */
export const Question = { counts: 1, purge: 2, stored: 3, handled: 4 } as const;
export type Question = (typeof Question)[keyof typeof Question];

const packr = new Packr({
  useRecords: false,
  mapsAsObjects: true,
  int64AsType: "number",
  copyBuffers: true,
});

/** Sends a list of values. */
export function sendPacked(peer: LinkPeer, kind: number, values: readonly unknown[]): void {
  peer.send(kind, packr.pack(values));
}

/** @throws LinkProtocolError */
export function unpack(payload: Buffer): readonly unknown[] {
  let values: unknown;
  try {
    values = packr.unpack(payload);
  } catch (error) {
    throw new LinkProtocolError("a packed frame cannot be read", { cause: error });
  }
  if (!Array.isArray(values)) throw new LinkProtocolError("a packed frame is no list");
  return values;
}

/** @throws LinkProtocolError */
export function integerAt(values: readonly unknown[], at: number): number {
  const value = values[at];
  if (typeof value !== "number" || !Number.isSafeInteger(value)) {
    throw new LinkProtocolError(`value ${at} of a packed frame is no number`);
  }
  return value;
}

/** Frames that name a queue and one more number. */
export function sendNumber(peer: LinkPeer, kind: number, queueId: number, number: number): void {
  const room = peer.reserve(kind, 12);
  room.writeUIntLE(queueId, 0, 6);
  room.writeUIntLE(number, 6, 6);
}

/** @throws LinkProtocolError if the payload is shorter */
export function need(payload: Buffer, size: number): void {
  if (payload.length < size) throw new LinkProtocolError("a frame of queues is cut short");
}

export function sendConsumerOp(
  peer: LinkPeer,
  queueId: number,
  consumerId: number,
  op: ConsumerOp,
): void {
  const room = peer.reserve(QueueFrame.consumer, 11);
  room.writeUIntLE(queueId, 0, 6);
  room.writeUInt32LE(consumerId, 6);
  room[10] = op;
}

export function sendSessionOp(
  peer: LinkPeer,
  queueId: number,
  op: SessionOp,
  sessionId: number,
): void {
  const room = peer.reserve(QueueFrame.session, 13);
  room.writeUIntLE(queueId, 0, 6);
  room[6] = op;
  room.writeUIntLE(sessionId, 7, 6);
}

export function sendSettle(
  peer: LinkPeer,
  queueId: number,
  { consumerId, op, from, to }: SettleCommand,
): void {
  const room = peer.reserve(QueueFrame.settle, 23);
  room.writeUIntLE(queueId, 0, 6);
  room.writeUInt32LE(consumerId, 6);
  room[10] = op;
  room.writeUIntLE(from, 11, 6);
  room.writeUIntLE(to, 17, 6);
}

export interface SettleCommand {
  readonly consumerId: number;
  readonly op: SettleOp;
  readonly from: number;
  readonly to: number;
}

/** @throws LinkProtocolError */
export function readSettle(payload: Buffer): SettleCommand {
  need(payload, 23);
  const op = payload[10] ?? 0;
  if (op > SettleOp.discard) throw new LinkProtocolError(`settle operation ${op}`);
  return {
    consumerId: payload.readUInt32LE(6),
    // One of the values, as checked.
    op: op as SettleOp,
    from: payload.readUIntLE(11, 6),
    to: payload.readUIntLE(17, 6),
  };
}

/** How a delivery stands in a frame. */
export interface DeliveryFacts {
  readonly deliveryNumber: number;
  readonly redelivered: boolean;
  readonly deliveryCount: number;
}

const DeliveryFlag = { redelivered: 1, run: 2, persistent: 4 } as const;
/** number u48, flags u8, level u8, delivery count i32, ref f64, priority u8, properties u32, body u32 */
const DELIVERY_FIXED_SIZE = 29;
/** Frame header, class, weight, body size: what stands before the property flags in a run. */
const RUN_PROPERTIES_OFFSET = 19;

/** Octets of a delivery in a frame. */
export function deliverySize(message: Message): number {
  const propertiesSize = message.propertiesEnd - message.propertiesStart;
  const content = contentSize(message.runStart >= 0, propertiesSize, message.bodySize);
  return DELIVERY_FIXED_SIZE + message.routing.tail.length - 1 + content;
}

/** Writes a delivery with its whole content. */
export function writeDelivery(
  room: Buffer,
  start: number,
  message: Message,
  { deliveryNumber, redelivered, deliveryCount }: DeliveryFacts,
): void {
  const isRun = message.runStart >= 0;
  room.writeUIntLE(deliveryNumber, start, 6);
  room[start + 6] =
    (redelivered ? DeliveryFlag.redelivered : 0) |
    (isRun ? DeliveryFlag.run : 0) |
    (message.persistent ? DeliveryFlag.persistent : 0);
  room[start + 7] = message.level;
  room.writeInt32LE(deliveryCount, start + 8);
  room.writeDoubleLE(message.ref, start + 12);
  room[start + 20] = message.priority;
  room.writeUInt32LE(message.propertiesEnd - message.propertiesStart, start + 21);
  room.writeUInt32LE(message.bodySize, start + 25);
  const { tail } = message.routing;
  const at = start + DELIVERY_FIXED_SIZE;
  tail.copy(room, at, 0, tail.length - 1);
  writeContent(room, at + tail.length - 1, message);
}

function writeContent(room: Buffer, start: number, message: Message): void {
  const { runStart, runEnd, propertiesStart, propertiesEnd } = message;
  if (runStart < 0) {
    const { bodySource, bodyStart, bodySize } = message;
    const at = start + message.bytes.copy(room, start, propertiesStart, propertiesEnd);
    bodySource.copy(room, at, bodyStart, bodyStart + bodySize);
    return;
  }
  const size = runEnd - runStart;
  if (size > VIEW_COPY_MAX) message.bytes.copy(room, start, runStart, runEnd);
  else {
    const view = new DataView(room.buffer, room.byteOffset, room.length);
    copySmall(message.view, runStart, view, start, size);
  }
}

/** What a delivery says besides its message. */
export interface ReadDelivery extends DeliveryFacts {
  /** Where exchange and routing key stand, as two shortstrs. */
  readonly routingStart: number;
}

/** Shows the message of a delivery, in the bytes of the frame; its routing is the caller's to set. @throws LinkProtocolError */
export function readDelivery(payload: Buffer, start: number, view: Message): ReadDelivery {
  need(payload, start + DELIVERY_FIXED_SIZE + 2);
  const flags = payload[start + 6] ?? 0;
  const propertiesSize = payload.readUInt32LE(start + 21);
  const bodySize = payload.readUInt32LE(start + 25);
  const routingStart = start + DELIVERY_FIXED_SIZE;
  const keyAt = routingStart + 1 + (payload[routingStart] ?? 0);
  const routingEnd = keyAt + 1 + (payload[keyAt] ?? 0);
  const isRun = (flags & DeliveryFlag.run) !== 0;
  const size = contentSize(isRun, propertiesSize, bodySize);
  if (routingEnd + size !== payload.length) {
    throw new LinkProtocolError("a delivery has the wrong size");
  }
  view.forgetStored();
  view.bytes = payload;
  view.bodySource = payload;
  view.bodySize = bodySize;
  view.priority = payload[start + 20] ?? 0;
  view.persistent = (flags & DeliveryFlag.persistent) !== 0;
  view.level = payload[start + 7] ?? 0;
  view.ref = payload.readDoubleLE(start + 12);
  view.expirationMs = -1;
  view.runStart = isRun ? routingEnd : -1;
  view.runEnd = isRun ? routingEnd + size : -1;
  if (isRun) view.view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  view.propertiesStart = isRun ? routingEnd + RUN_PROPERTIES_OFFSET : routingEnd;
  view.propertiesEnd = view.propertiesStart + propertiesSize;
  view.bodyStart = isRun ? view.runEnd - 1 - bodySize : view.propertiesEnd;
  return {
    deliveryNumber: payload.readUIntLE(start, 6),
    redelivered: (flags & DeliveryFlag.redelivered) !== 0,
    deliveryCount: payload.readInt32LE(start + 8),
    routingStart,
  };
}
