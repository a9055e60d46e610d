import { EMPTY_TABLE, encodeMethodFrame, type FieldTable, FRAME_HEADER_SIZE } from "@leveret/amqp";
import type { BrokerQueue, ConsumerHandle, ConsumerOutlet } from "../queue/broker-queue.ts";
import { copySmall, VIEW_COPY_MAX, viewOf } from "../queue/byte-copy.ts";
import type { Message, MessageRouting } from "../queue/message.ts";
import type { DeliverCounts } from "../statistics/traffic-counts.ts";
import type { Arena } from "./arena-pool.ts";
import type { Channel } from "./channel.ts";
import { hasRunFor, writeContent, writeRun, writeUint64 } from "./content-writer.ts";
import { withDeliveryCount } from "./delivery-count-header.ts";
import type { OnSettled } from "./delivery-ledger.ts";

const METHOD_ID_SIZE = 4;
const DELIVERY_TAG_SIZE = 8;
const TAG_AND_BIT_SIZE = 9;

/**
 * A consumer of one channel (basic.consume), or the channel's own holder of what basic.get took from a queue.
 * Turns what the queue delivers into basic.deliver frames.
 */
export class ChannelConsumer implements ConsumerOutlet {
  readonly channel: Channel;
  readonly tag: string;
  readonly queue: BrokerQueue;
  readonly noAck: boolean;
  /** Shared by the consumers of its channel on its queue. */
  readonly counts: DeliverCounts;
  /** Of basic.consume, for listings. */
  arguments: FieldTable = EMPTY_TABLE;
  /** The queue's record of this consumer, set as soon as it is attached. */
  handle: ConsumerHandle | undefined = undefined;
  /** basic.qos global=true applies: each delivery needs a credit. */
  isLimited = false;
  isPaused = false;
  /** basic.cancel: what it holds stays with the channel. */
  isCancelled = false;

  readonly #prefix: Buffer;
  readonly #prefixView: DataView;
  #rangeFrom = 1;
  #rangeTo = 0;

  constructor(
    channel: Channel,
    tag: string,
    queue: BrokerQueue,
    noAck: boolean,
    counts: DeliverCounts,
  ) {
    this.channel = channel;
    this.tag = tag;
    this.queue = queue;
    this.noAck = noAck;
    this.counts = counts;
    this.#prefix = deliverPrefix(channel.number, tag);
    this.#prefixView = viewOf(this.#prefix);
  }

  /** Holds what basic.get took: consumers have a tag. */
  get isGetter(): boolean {
    return this.tag === "";
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
    const { channel, counts } = this;
    const deliveryTag = channel.nextDeliveryTag();
    if (this.noAck) {
      counts.deliverNoAck++;
    } else {
      counts.deliver++;
      channel.noteDelivery(deliveryTag, this, deliveryNumber);
    }
    if (redelivered) counts.redeliver++;
    const { output, frameMax } = channel.connection;
    const methodSize = this.#prefix.length + TAG_AND_BIT_SIZE + message.routing.tail.length;
    if (deliveryCount <= 0 && hasRunFor(message, frameMax)) {
      const runSize = message.runEnd - message.runStart;
      const arena = output.reserve(methodSize + runSize);
      this.#writeMethod(arena, output.end, deliveryTag, redelivered, message.routing);
      writeRun(arena, output.end + methodSize, channel.number, message);
      output.end += methodSize + runSize;
    } else {
      const arena = output.reserve(methodSize);
      this.#writeMethod(arena, output.end, deliveryTag, redelivered, message.routing);
      output.end += methodSize;
      // Pushed the first time a message has no such header; basic.get shows it from 0 on (RabbitMQ 3.10).
      const properties = deliveryCount <= 0 ? undefined : withDeliveryCount(message, deliveryCount);
      writeContent(output, channel.number, message, frameMax, properties);
    }
    output.checkWater();
    const { tracer } = channel.vhost;
    if (tracer !== undefined) {
      tracer.delivered(channel, this.queue.record.name, message, redelivered);
    }
  }

  paused(): void {
    this.isPaused = true;
    this.channel.connection.notePaused(this);
  }

  /** The channel ends: whatever comes back to a queue meanwhile is not for this consumer. */
  stop(now: number): void {
    if (this.handle !== undefined) this.queue.pause(now, this.handle);
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
  #writeMethod(
    arena: Arena,
    start: number,
    deliveryTag: number,
    redelivered: boolean,
    routing: MessageRouting,
  ): void {
    const { view } = arena;
    const prefixSize = this.#prefix.length;
    copyBytes(this.#prefix, this.#prefixView, arena, start, prefixSize);
    const tailSize = routing.tail.length;
    // Two octets of the frame's size suffice: a deliver method is below 1 KiB. The tail holds the frame's end.
    view.setUint16(start + 5, prefixSize - FRAME_HEADER_SIZE + TAG_AND_BIT_SIZE + tailSize - 1);
    const at = start + prefixSize;
    writeUint64(view, at, deliveryTag);
    view.setUint8(at + DELIVERY_TAG_SIZE, redelivered ? 1 : 0);
    copyBytes(routing.tail, routing.tailView, arena, at + TAG_AND_BIT_SIZE, tailSize);
  }
}

/** The frame up to and with the consumer tag; its size is filled in for each message. */
function deliverPrefix(channel: number, tag: string): Buffer {
  const frame = encodeMethodFrame(channel, "basic.deliver", {
    consumerTag: tag,
    deliveryTag: 0,
    redelivered: false,
    exchange: "",
    routingKey: "",
  });
  return frame.subarray(0, FRAME_HEADER_SIZE + METHOD_ID_SIZE + 1 + Buffer.byteLength(tag));
}

/** Copies a whole buffer in the faster way for its size. */
function copyBytes(source: Buffer, view: DataView, arena: Arena, at: number, size: number): void {
  if (size > VIEW_COPY_MAX) source.copy(arena.bytes, at);
  else copySmall(view, 0, arena.view, at, size);
}
