import { type BasicProperties, decodeBasicProperties, fieldTableToJson } from "@leveret/amqp";
import type { Message } from "../queue/message.ts";

/** A message taken down for somebody who looks: independent of the queue, its body maybe cut. */
export interface MessageCopy {
  readonly exchange: string;
  readonly routingKey: string;
  /** Flags and list. */
  readonly properties: Buffer;
  /** The first octets of it. */
  readonly body: Buffer;
  /** Octets of the whole body. */
  readonly bodySize: number;
}

/** Takes a message down with at most `bodyMax` octets of its body. */
export function copyMessage(message: Message, bodyMax: number): MessageCopy {
  const { routing, bodySource, bodyStart, bodySize } = message;
  return {
    exchange: routing.exchange,
    routingKey: routing.routingKey,
    properties: message.copyProperties(),
    body: Buffer.from(bodySource.subarray(bodyStart, bodyStart + Math.min(bodySize, bodyMax))),
    bodySize,
  };
}

/** What a copy takes in memory. */
export function copySize({ properties, body }: MessageCopy): number {
  return properties.length + body.length;
}

/** A message as tools and the HTTP API show it; RabbitMQ's names where it has them. */
export interface ShownMessage {
  readonly exchange: string;
  readonly routing_key: string;
  readonly properties: Readonly<Record<string, unknown>>;
  /** The octets that were asked for at most. */
  readonly payload: Uint8Array;
  /** Octets of the whole body: more than `payload` has if that was cut. */
  readonly payload_bytes: number;
}

export function shownMessage(copy: MessageCopy): ShownMessage {
  const { exchange, routingKey, properties, body, bodySize } = copy;
  return {
    exchange,
    routing_key: routingKey,
    properties: propertiesJson(decodeBasicProperties(properties, 0, properties.length)),
    payload: body,
    payload_bytes: bodySize,
  };
}

/** Properties under RabbitMQ's names; headers as plain values. Absent ones are left out. */
function propertiesJson(properties: BasicProperties): Readonly<Record<string, unknown>> {
  const shown: Record<string, unknown> = {};
  for (const [key, name] of PROPERTY_NAMES) {
    const value = properties[key];
    if (value !== undefined) shown[name] = typeof value === "bigint" ? String(value) : value;
  }
  if (properties.headers !== undefined) shown["headers"] = fieldTableToJson(properties.headers);
  return shown;
}

const PROPERTY_NAMES: readonly (readonly [keyof Omit<BasicProperties, "headers">, string])[] = [
  ["contentType", "content_type"],
  ["contentEncoding", "content_encoding"],
  ["deliveryMode", "delivery_mode"],
  ["priority", "priority"],
  ["correlationId", "correlation_id"],
  ["replyTo", "reply_to"],
  ["expiration", "expiration"],
  ["messageId", "message_id"],
  ["timestamp", "timestamp"],
  ["type", "type"],
  ["userId", "user_id"],
  ["appId", "app_id"],
  ["clusterId", "cluster_id"],
];
