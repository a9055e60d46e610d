import { EMPTY_TABLE } from "@leveret/amqp";
import type { ExchangeRecord } from "./records.ts";

const PREDECLARED: readonly (readonly [name: string, type: string, internal: boolean])[] = [
  ["", "direct", false],
  ["amq.direct", "direct", false],
  ["amq.fanout", "fanout", false],
  ["amq.headers", "headers", false],
  ["amq.match", "headers", false],
  ["amq.rabbitmq.trace", "topic", true],
  ["amq.topic", "topic", false],
];

/** The exchanges that every vhost has from the start (spec 3.1.3.1, RabbitMQ: rabbit_vhost), sorted by name. */
export function predeclaredExchanges(vhost: string): ExchangeRecord[] {
  return PREDECLARED.map(([name, type, internal]) => ({
    vhost,
    name,
    type,
    durable: true,
    autoDelete: false,
    internal,
    arguments: EMPTY_TABLE,
  }));
}
