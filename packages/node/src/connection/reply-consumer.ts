import { randomBytes } from "node:crypto";
import { encodeMethodFrame } from "@leveret/amqp";
import type { MessageSink } from "../broker/message-sink.ts";
import type { NodeLinks } from "../cluster/link/node-links.ts";
import { RepliesOverLinks } from "../cluster/link/replies-over-links.ts";
import { OUTPUT_STOP_READING } from "../limits.ts";
import type { Message } from "../queue/message.ts";
import type { Channel } from "./channel.ts";
import { writeContent } from "./content-writer.ts";

/** The pseudo queue from which replies are consumed without declaring one (RabbitMQ: direct reply-to). */
export const REPLY_TO_QUEUE = "amq.rabbitmq.reply-to";
const ADDRESS_PREFIX = `${REPLY_TO_QUEUE}.`;
const KEY_SIZE = 16;
/** Of the node's number, behind the first key. */
const NODE_SIZE = 2;

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
    this.address = makeAddress(channel.broker.places?.nodeId ?? 0);
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

/** Two parts like RabbitMQ's (process id and key), so that tools which split the name go on working. */
function makeAddress(nodeId: number): string {
  const place = Buffer.alloc(KEY_SIZE + NODE_SIZE, randomBytes(KEY_SIZE));
  place.writeUInt16LE(nodeId, KEY_SIZE);
  const parts = [place, randomBytes(KEY_SIZE)];
  return ADDRESS_PREFIX + parts.map((part) => part.toString("base64url")).join(".");
}

/** The node whose client waits at the address; undefined: it is none. */
function nodeOf(address: string): number | undefined {
  if (!address.startsWith(ADDRESS_PREFIX)) return undefined;
  const [place = ""] = address.slice(ADDRESS_PREFIX.length).split(".");
  const bytes = Buffer.from(place, "base64url");
  return bytes.length === KEY_SIZE + NODE_SIZE ? bytes.readUInt16LE(KEY_SIZE) : undefined;
}

/** Reply consumers by address: those of this node, and ways to those of the others. */
export class ReplyRegistry {
  readonly #consumers = new Map<string, ReplyConsumer>();
  readonly #nodeId: number;
  /** undefined: there are no others. */
  readonly #others: RepliesOverLinks | undefined;

  constructor(nodeId: number, links: NodeLinks | undefined) {
    this.#nodeId = nodeId;
    const own = { find: (address: string) => this.#consumers.get(address) };
    this.#others = links && new RepliesOverLinks(links, own);
  }

  add(consumer: ReplyConsumer): void {
    this.#consumers.set(consumer.address, consumer);
  }

  remove(consumer: ReplyConsumer): void {
    this.#consumers.delete(consumer.address);
  }

  /** Where to publish replies to the address; of a client of another node it is not known whether it still waits. */
  find(address: string): MessageSink | undefined {
    const nodeId = this.#otherNodeOf(address);
    if (nodeId === undefined) return this.#consumers.get(address);
    return this.#others?.sinkOf(nodeId, address);
  }

  /** Whether a client waits at the address; `done` is called within the call or later. */
  whetherWaiting(address: string, done: (isWaiting: boolean) => void): void {
    const nodeId = this.#otherNodeOf(address);
    if (nodeId === undefined) done(this.#consumers.has(address));
    else this.#others?.ask(nodeId, address, done);
  }

  #otherNodeOf(address: string): number | undefined {
    if (this.#others === undefined || this.#consumers.has(address)) return undefined;
    const nodeId = nodeOf(address);
    return nodeId === this.#nodeId ? undefined : nodeId;
  }
}
