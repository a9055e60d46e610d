import type { FieldTable } from "@leveret/amqp";
import { resourceText } from "../errors.ts";
import {
  assertEquivalentArgument,
  assertEquivalentProperty,
} from "../metadata/argument-equivalence.ts";

/** What a declaration says of an exchange. */
export interface ExchangeProperties {
  readonly type: string;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  readonly internal: boolean;
  readonly arguments: FieldTable;
}

/**
 * Compares a second declaration of an exchange with the first in RabbitMQ's order. Of the arguments only
 * `alternate-exchange` counts. Throws ChannelError PRECONDITION_FAILED at the first difference.
 */
export function assertExchangeEquivalence(
  existing: ExchangeProperties,
  requested: ExchangeProperties,
  vhost: string,
  name: string,
): void {
  const resource = resourceText("exchange", name, vhost);
  assertEquivalentProperty("type", requested.type, existing.type, resource);
  assertEquivalentProperty("durable", requested.durable, existing.durable, resource);
  assertEquivalentProperty("auto_delete", requested.autoDelete, existing.autoDelete, resource);
  assertEquivalentProperty("internal", requested.internal, existing.internal, resource);
  assertEquivalentArgument(
    "alternate-exchange",
    requested.arguments.get("alternate-exchange"),
    existing.arguments.get("alternate-exchange"),
    resource,
  );
}
