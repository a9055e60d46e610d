import { type BasicProperties, encodeBasicProperties } from "@leveret/amqp";
import { Message, messageRouting } from "../queue/message.ts";
import type { Broker } from "./broker.ts";
import { noteHeld } from "./hold.ts";
import { PublishedMessage } from "./published-message.ts";
import { route } from "./route.ts";
import type { VirtualHost } from "./virtual-host.ts";

/** A message of the broker's own. */
export interface InternalMessage {
  /** One that does not exist takes no message. */
  readonly exchange: string;
  readonly routingKey: string;
  readonly properties: BasicProperties;
  /** Never changed any more. */
  readonly body: Buffer;
}

/**
 * Publishes what the broker itself has to say; nobody is told what became of it. Not from inside an effect of a queue: it calls queues.
 */
export function publishInternally(
  broker: Broker,
  vhost: VirtualHost,
  { exchange: name, routingKey, properties, body }: InternalMessage,
): void {
  const exchange = vhost.exchanges.get(name);
  if (exchange === undefined) return;
  const message = new Message(broker.slabs, messageRouting(name, routingKey));
  message.replaceProperties(encodeBasicProperties(properties));
  message.bodySource = body;
  message.bodySize = body.length;
  message.persistent = properties.deliveryMode === 2;
  const { sinks } = route({
    vhost,
    exchange,
    message: new PublishedMessage(message, routingKey),
    keys: [routingKey],
    findReply: () => undefined,
    onVisit: (visited, keys) => noteHeld(broker, vhost, visited, message, keys),
  });
  const now = broker.clock.now();
  for (const sink of sinks) sink.publish(now, message);
}
