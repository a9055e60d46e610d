import {
  type BasicProperties,
  decodeBasicProperties,
  type FieldTable,
  type FieldValue,
  longstr,
} from "@leveret/amqp";
import type { Channel } from "../connection/channel.ts";
import { BrokerQueue } from "../queue/broker-queue.ts";
import type { Message } from "../queue/message.ts";
import type { Broker } from "./broker.ts";
import { type InternalMessage, publishInternally } from "./internal-publish.ts";
import type { MessageSink } from "./message-sink.ts";
import { senderSelectedKeys } from "./published-message.ts";
import type { VirtualHost } from "./virtual-host.ts";

const TRACE_EXCHANGE = "amq.rabbitmq.trace";

/**
 * The firehose of one vhost (RabbitMQ: trace_on): a copy of each message that clients publish or are given goes to amq.rabbitmq.trace,
 * at the end of the turn.
 */
export class Tracer {
  readonly #broker: Broker;
  readonly #vhost: VirtualHost;
  /** Copies of this turn. */
  #due: InternalMessage[] = [];

  constructor(broker: Broker, vhost: VirtualHost) {
    this.#broker = broker;
    this.#vhost = vhost;
  }

  /** A message was published, and goes to `sinks`. `keys`: the routing key, and those of CC and BCC. */
  published(
    channel: Channel,
    message: Message,
    keys: readonly string[],
    sinks: readonly MessageSink[],
  ): void {
    const names = sinks.flatMap((sink) => (sink instanceof BrokerQueue ? sink.record.name : []));
    const properties = propertiesOf(message);
    this.#add(`publish.${message.routing.exchange}`, message, [
      ...this.#described(message, properties, keys),
      ...this.#whose(channel),
      ["routed_queues", texts(names)],
    ]);
  }

  /** A message was handed out, by basic.deliver or basic.get-ok. */
  delivered(channel: Channel, queue: string, message: Message, redelivered: boolean): void {
    // Copies of copies would never end.
    if (message.routing.exchange === TRACE_EXCHANGE) return;
    const properties = propertiesOf(message);
    const copies =
      properties.headers && senderSelectedKeys(properties.headers, "CC", () => never());
    this.#add(`deliver.${queue}`, message, [
      ...this.#described(message, properties, [message.routing.routingKey, ...(copies ?? [])]),
      ["redelivered", integer(redelivered ? 1 : 0)],
      ...this.#whose(channel),
    ]);
  }

  #described(message: Message, properties: BasicProperties, keys: readonly string[]): Entry[] {
    return [
      ["exchange_name", longstr(message.routing.exchange)],
      ["routing_keys", texts(keys)],
      ["properties", { type: "table", value: propertyTable(properties) }],
      ["node", longstr(this.#broker.options.nodeName)],
    ];
  }

  #whose({ connection, number }: Channel): Entry[] {
    return [
      ["vhost", longstr(this.#vhost.name)],
      ["connection", longstr(connection.name)],
      ["channel", integer(number)],
      ["user", longstr(connection.user)],
    ];
  }

  #add(routingKey: string, message: Message, headers: Entry[]): void {
    const properties = { headers: new Map(headers) };
    const body = message.copyBody();
    if (this.#due.length === 0) this.#broker.timers.defer(() => this.#publishDue());
    this.#due.push({ exchange: TRACE_EXCHANGE, routingKey: cut(routingKey), properties, body });
  }

  #publishDue(): void {
    const due = this.#due;
    this.#due = [];
    for (const message of due) publishInternally(this.#broker, this.#vhost, message);
  }
}

type Entry = [name: string, value: FieldValue];

function propertiesOf({ bytes, propertiesStart, propertiesEnd }: Message): BasicProperties {
  return decodeBasicProperties(bytes, propertiesStart, propertiesEnd);
}

/** Unreachable: the header was checked when the message was published. */
function never(): never {
  throw new TypeError("CC was checked when the message was published");
}

/** The names of RabbitMQ's trace messages, which are those of the specification. */
function propertyTable(properties: BasicProperties): FieldTable {
  const { headers, deliveryMode, priority, timestamp } = properties;
  const strings = {
    content_type: properties.contentType,
    content_encoding: properties.contentEncoding,
    correlation_id: properties.correlationId,
    reply_to: properties.replyTo,
    expiration: properties.expiration,
    message_id: properties.messageId,
    type: properties.type,
    user_id: properties.userId,
    app_id: properties.appId,
    cluster_id: properties.clusterId,
  };
  const table = new Map<string, FieldValue>();
  if (headers !== undefined) table.set("headers", { type: "table", value: headers });
  if (deliveryMode !== undefined) table.set("delivery_mode", integer(deliveryMode));
  if (priority !== undefined) table.set("priority", integer(priority));
  if (timestamp !== undefined) table.set("timestamp", { type: "long", value: timestamp });
  for (const [name, value] of Object.entries(strings)) {
    if (value !== undefined) table.set(name, longstr(value));
  }
  return table;
}

function texts(list: readonly string[]): FieldValue {
  return { type: "array", value: list.map((text) => longstr(text)) };
}

function integer(value: number): FieldValue {
  return { type: "signedint", value };
}

/** A routing key has 255 octets at most; a name may have as many, and more stands before it here. */
function cut(routingKey: string): string {
  const bytes = Buffer.from(routingKey);
  return bytes.length <= ROUTING_KEY_SIZE_MAX
    ? routingKey
    : bytes
        .subarray(0, ROUTING_KEY_SIZE_MAX)
        .toString("utf8")
        .replace(/\uFFFD+$/, "");
}

const ROUTING_KEY_SIZE_MAX = 255;
