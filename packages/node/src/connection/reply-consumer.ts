import { randomBytes } from "node:crypto";
import { encodeMethodFrame } from "@leveret/amqp";
import type { MessageSink } from "../broker/message-sink.ts";
import { OUTPUT_STOP_READING } from "../limits.ts";
import type { Message } from "../queue/message.ts";
import type { Channel } from "./channel.ts";
import { writeContent } from "./content-writer.ts";

/** The pseudo queue from which replies are consumed without declaring one (RabbitMQ: direct reply-to). */
export const REPLY_TO_QUEUE = "amq.rabbitmq.reply-to";
const ADDRESS_PREFIX = `${REPLY_TO_QUEUE}.`;
const KEY_SIZE = 16;

/** true: the name is of the reply-to pseudo queue's kind. */
export function isReplyAddress(name: string): boolean {
  return name === REPLY_TO_QUEUE || name.startsWith(ADDRESS_PREFIX);
}

/** The one consumer of `amq.rabbitmq.reply-to` that a channel may have. Replies are not stored anywhere. */
export class ReplyConsumer implements MessageSink {
  readonly channel: Channel;
  readonly tag: string;
  /** What a request's reply-to property becomes; cannot be guessed. */
  readonly address: string;

  constructor(channel: Channel, tag: string) {
    this.channel = channel;
    this.tag = tag;
    // Two parts like RabbitMQ's (process id and key), so that tools which split the name go on working.
    const parts = [randomBytes(KEY_SIZE), randomBytes(KEY_SIZE)];
    this.address = ADDRESS_PREFIX + parts.map((part) => part.toString("base64url")).join(".");
  }

  publish(_now: number, message: Message): boolean {
    const { channel } = this;
    const { output, frameMax } = channel.connection;
    // Nothing is queued for replies: a client that does not read them loses them, and the replier may know.
    if (output.unwritten > OUTPUT_STOP_READING) return false;
    const { exchange, routingKey } = message.routing;
    output.append(
      encodeMethodFrame(channel.number, "basic.deliver", {
        consumerTag: this.tag,
        deliveryTag: channel.peekDeliveryTag(), // RabbitMQ does not count replies.
        redelivered: false,
        exchange,
        routingKey,
      }),
    );
    writeContent(output, channel.number, message, frameMax);
    output.checkWater();
    return true;
  }
}

/** All reply consumers of the node, by address. */
export class ReplyRegistry {
  readonly #consumers = new Map<string, ReplyConsumer>();

  add(consumer: ReplyConsumer): void {
    this.#consumers.set(consumer.address, consumer);
  }

  remove(consumer: ReplyConsumer): void {
    this.#consumers.delete(consumer.address);
  }

  find(address: string): ReplyConsumer | undefined {
    return this.#consumers.get(address);
  }
}
