import {
  type BasicProperties,
  decodeBasicProperties,
  type FieldTable,
  fieldTableToJson,
} from "@leveret/amqp";
import type { Message } from "../queue/message.ts";

/** Properties of a message in plain values; `headers` as RabbitMQ's HTTP API shows them. */
export interface PublishedProperties extends Omit<BasicProperties, "headers"> {
  readonly headers?: Readonly<Record<string, unknown>>;
}

/** A message as it lies in a queue: a copy, independent of the broker. */
export interface QueuedMessage {
  readonly body: Buffer;
  readonly properties: PublishedProperties;
  readonly exchange: string;
  readonly routingKey: string;
  /** It was delivered before and came back. */
  readonly redelivered: boolean;
}

/** Copies a stored message. */
export function queuedMessage(message: Message, redelivered: boolean): QueuedMessage {
  const { headers, ...properties } = decodeBasicProperties(
    message.bytes,
    message.propertiesStart,
    message.propertiesEnd,
  );
  return {
    body: message.copyBody(),
    properties: headers === undefined ? properties : { ...properties, headers: plain(headers) },
    exchange: message.routing.exchange,
    routingKey: message.routing.routingKey,
    redelivered,
  };
}

function plain(headers: FieldTable): Readonly<Record<string, unknown>> {
  return fieldTableToJson(headers) as Readonly<Record<string, unknown>>; // A table becomes an object.
}
