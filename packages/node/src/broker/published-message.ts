import {
  type BasicProperties,
  decodeBasicProperties,
  type FieldTable,
  textOf,
} from "@leveret/amqp";
import type { HashProperty, RoutingMessage } from "../exchange/router.ts";
import type { Message } from "../queue/message.ts";

/** A message as exchanges see it: properties are decoded when one is asked for, and then once. */
export class PublishedMessage implements RoutingMessage {
  routingKey: string;
  readonly #message: Message;
  #properties: BasicProperties | undefined = undefined;

  constructor(message: Message, routingKey: string) {
    this.#message = message;
    this.routingKey = routingKey;
  }

  get headers(): FieldTable | undefined {
    return this.properties.headers;
  }

  get properties(): BasicProperties {
    const { bytes, propertiesStart, propertiesEnd } = this.#message;
    this.#properties ??= decodeBasicProperties(bytes, propertiesStart, propertiesEnd);
    return this.#properties;
  }

  property(name: HashProperty): string | undefined {
    switch (name) {
      case "message_id":
        return this.properties.messageId;
      case "correlation_id":
        return this.properties.correlationId;
      case "timestamp":
        return this.properties.timestamp?.toString();
      default:
        return name satisfies never;
    }
  }
}

/**
 * The routing keys that a CC or BCC header adds: its longstr elements (RabbitMQ skips others). The header must be
 * an array; anything else is given to `onBadType` with its type.
 */
export function senderSelectedKeys(
  headers: FieldTable,
  name: "CC" | "BCC",
  onBadType: (type: string) => never,
): string[] {
  const header = headers.get(name);
  if (header === undefined) return [];
  if (header.type !== "array") return onBadType(header.type);
  const keys: string[] = [];
  for (const element of header.value) {
    const key = textOf(element);
    if (key !== undefined) keys.push(key);
  }
  return keys;
}
