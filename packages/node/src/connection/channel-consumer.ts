import { encodeMethodFrame, FRAME_HEADER_SIZE } from "@leveret/amqp";
import { copySmall, VIEW_COPY_MAX, viewOf } from "../queue/byte-copy.ts";
import type { Message, MessageRouting } from "../queue/message.ts";
import type { ConsumerOutlet, QueueConsumer, VolatileQueue } from "../queue/volatile-queue.ts";
import type { Arena } from "./arena-pool.ts";
import type { Channel } from "./channel.ts";
import { hasRunFor, writeContent, writeRun, writeUint64 } from "./content-writer.ts";
import { withDeliveryCount } from "./delivery-count-header.ts";
import type { OnSettled } from "./delivery-ledger.ts";

const METHOD_ID_SIZE = 4;
const DELIVERY_TAG_SIZE = 8;
const EMPTY: Buffer = Buffer.alloc(0);
const EMPTY_VIEW: DataView = viewOf(EMPTY);

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

  /** A prepared basic.deliver frame for messages with `#routing`. */
  #method: Buffer = EMPTY;
  #methodView: DataView = EMPTY_VIEW;
  #routing: MessageRouting | undefined = undefined;
  /** Where the delivery tag stands in it. */
  readonly #tagOffset: number;
  #rangeFrom = 1;
  #rangeTo = 0;

  constructor(channel: Channel, tag: string, queue: VolatileQueue, noAck: boolean) {
    this.channel = channel;
    this.tag = tag;
    this.queue = queue;
    this.noAck = noAck;
    this.#tagOffset = FRAME_HEADER_SIZE + METHOD_ID_SIZE + 1 + Buffer.byteLength(tag);
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
    if (this.#routing !== message.routing) this.#prepare(message.routing);
    const { output, frameMax } = channel.connection;
    if (deliveryCount <= 0 && hasRunFor(message, frameMax)) {
      const methodSize = this.#method.length;
      const runSize = message.runEnd - message.runStart;
      const arena = output.reserve(methodSize + runSize);
      this.#writeMethod(arena, output.end, deliveryTag, redelivered);
      writeRun(arena, output.end + methodSize, channel.number, message);
      output.end += methodSize + runSize;
    } else {
      this.#deliverInParts(message, deliveryTag, redelivered, deliveryCount);
    }
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

  /** A message that needs other properties or other frames than it came with. */
  #deliverInParts(
    message: Message,
    deliveryTag: number,
    redelivered: boolean,
    deliveryCount: number,
  ): void {
    const { channel } = this;
    const { output, frameMax } = channel.connection;
    const arena = output.reserve(this.#method.length);
    this.#writeMethod(arena, output.end, deliveryTag, redelivered);
    output.end += this.#method.length;
    // Pushed the first time a message has no such header; basic.get shows it from 0 on (RabbitMQ 3.10).
    const properties = deliveryCount <= 0 ? undefined : withDeliveryCount(message, deliveryCount);
    writeContent(output, channel.number, message, frameMax, properties);
  }

  #writeMethod(arena: Arena, at: number, deliveryTag: number, redelivered: boolean): void {
    const { length } = this.#method;
    if (length > VIEW_COPY_MAX) this.#method.copy(arena.bytes, at);
    else copySmall(this.#methodView, 0, arena.view, at, length);
    const tagAt = at + this.#tagOffset;
    writeUint64(arena.view, tagAt, deliveryTag);
    if (redelivered) arena.view.setUint8(tagAt + DELIVERY_TAG_SIZE, 1);
  }

  /**
   * The next messages come from this exchange with this routing key: the whole basic.deliver frame but for delivery
   * tag and redelivered bit is the same (spec 1.8.3.13).
   */
  #prepare(routing: MessageRouting): void {
    this.#method = encodeMethodFrame(this.channel.number, "basic.deliver", {
      consumerTag: this.tag,
      deliveryTag: 0,
      redelivered: false,
      exchange: routing.exchange,
      routingKey: routing.routingKey,
    });
    this.#methodView = viewOf(this.#method);
    this.#routing = routing;
  }
}
