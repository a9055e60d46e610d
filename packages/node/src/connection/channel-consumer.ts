import { FRAME_END, FRAME_METHOD, FRAME_OVERHEAD, METHOD_IDS } from "@leveret/amqp";
import type { Message } from "../queue/message.ts";
import { copyBytes } from "../queue/message.ts";
import type { ConsumerOutlet, QueueConsumer, VolatileQueue } from "../queue/volatile-queue.ts";
import type { Channel } from "./channel.ts";
import { writeContent, writeUint64 } from "./content-writer.ts";
import { withDeliveryCount } from "./delivery-count-header.ts";
import type { OnSettled } from "./delivery-ledger.ts";

const DELIVERY_TAG_SIZE = 8;
const REDELIVERED_SIZE = 1;

/**
 * A consumer of one channel (basic.consume), or the channel's own holder of what basic.get took from a queue.
 * Turns what the queue delivers into basic.deliver frames.
 */
export class ChannelConsumer implements ConsumerOutlet {
  readonly channel: Channel;
  readonly tag: string;
  readonly queue: VolatileQueue;
  readonly noAck: boolean;
  /** The queue's record of this consumer, set as soon as it is attached. */
  handle: QueueConsumer | undefined = undefined;
  /** basic.qos global=true applies: each delivery needs a credit. */
  isLimited = false;
  isPaused = false;
  /** basic.cancel: what it holds stays with the channel. */
  isCancelled = false;

  /** A whole method frame up to the consumer tag, with channel and a size to be patched. */
  readonly #prefix: Buffer;
  #rangeFrom = 1;
  #rangeTo = 0;

  constructor(channel: Channel, tag: string, queue: VolatileQueue, noAck: boolean) {
    this.channel = channel;
    this.tag = tag;
    this.queue = queue;
    this.noAck = noAck;
    this.#prefix = deliverPrefix(channel.number, tag);
  }

  get isCongested(): boolean {
    return this.channel.connection.output.congested;
  }

  deliver(
    deliveryNumber: number,
    message: Message,
    redelivered: boolean,
    deliveryCount: number,
  ): void {
    const { channel } = this;
    const deliveryTag = channel.nextDeliveryTag();
    if (!this.noAck) channel.noteDelivery(deliveryTag, this, deliveryNumber);
    this.#writeMethod(deliveryTag, redelivered, message.routing.wire);
    const { output, frameMax } = channel.connection;
    // Pushed the first time a message has no such header; basic.get shows it from 0 on (RabbitMQ 3.10).
    const properties = deliveryCount <= 0 ? undefined : withDeliveryCount(message, deliveryCount);
    writeContent(output, channel.number, message, frameMax, properties);
    output.checkWater();
  }

  paused(): void {
    this.isPaused = true;
    this.channel.connection.notePaused(this);
  }

  /** The connection has room again. */
  unpause(now: number): void {
    this.isPaused = false;
    if (this.handle !== undefined) this.queue.unpause(now, this.handle);
  }

  creditWanted(): void {
    this.channel.creditWanted(this);
  }

  creditUnused(): void {
    this.channel.creditUnused();
  }

  queueDeleted(): void {
    this.channel.consumerCancelled(this);
  }

  /** Joins a delivery number to the current range, or ends that range first. true: the range was empty before. */
  addToRange(deliveryNumber: number, onSettled: OnSettled): boolean {
    const wasEmpty = this.#rangeTo < this.#rangeFrom;
    if (!wasEmpty && this.#rangeTo + 1 === deliveryNumber) {
      this.#rangeTo = deliveryNumber;
      return false;
    }
    if (!wasEmpty) onSettled(this, this.#rangeFrom, this.#rangeTo);
    this.#rangeFrom = deliveryNumber;
    this.#rangeTo = deliveryNumber;
    return wasEmpty;
  }

  flushRange(onSettled: OnSettled): void {
    if (this.#rangeTo < this.#rangeFrom) return;
    const from = this.#rangeFrom;
    const to = this.#rangeTo;
    this.#rangeTo = from - 1;
    onSettled(this, from, to);
  }

  /** basic.deliver: consumer-tag, delivery-tag, redelivered, exchange, routing-key (spec 1.8.3.13). */
  #writeMethod(deliveryTag: number, redelivered: boolean, wire: Buffer): void {
    const { output } = this.channel.connection;
    const prefix = this.#prefix;
    const size = prefix.length + DELIVERY_TAG_SIZE + REDELIVERED_SIZE + wire.length + 1;
    const bytes = output.reserve(size);
    let at = output.end;
    copyBytes(prefix, 0, bytes, at, prefix.length);
    const payload = size - FRAME_OVERHEAD;
    bytes[at + 5] = payload >>> 8; // A deliver method is below 1 KiB: two octets of the size suffice.
    bytes[at + 6] = payload;
    at += prefix.length;
    writeUint64(bytes, at, deliveryTag);
    at += DELIVERY_TAG_SIZE;
    bytes[at] = redelivered ? 1 : 0;
    at += REDELIVERED_SIZE;
    copyBytes(wire, 0, bytes, at, wire.length);
    bytes[at + wire.length] = FRAME_END;
    output.end = at + wire.length + 1;
  }
}

function deliverPrefix(channel: number, tag: string): Buffer {
  const name = Buffer.from(tag);
  const id = METHOD_IDS["basic.deliver"];
  const prefix = Buffer.alloc(7 + 4 + 1 + name.length);
  prefix[0] = FRAME_METHOD;
  prefix.writeUInt16BE(channel, 1);
  prefix.writeUInt32BE(id, 7);
  prefix[11] = name.length;
  name.copy(prefix, 12);
  return prefix;
}
