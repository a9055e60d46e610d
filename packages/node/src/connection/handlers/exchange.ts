import type { MethodOf } from "@leveret/amqp";
import { accessRefused, exchangeNotFound, preconditionFailed, resourceText } from "../../errors.ts";
import { assertExchangeEquivalence } from "../../exchange/exchange-equivalence.ts";
import {
  alternateExchangeOf,
  requireExchangeType,
  validateExchangeArguments,
} from "../../exchange/exchange-types.ts";
import type { ExchangeRecord } from "../../metadata/records.ts";
import type { Channel } from "../channel.ts";
import { strippedName } from "./named-queue.ts";

/** exchange.declare (spec 1.6.2.1; order of checks as RabbitMQ's). */
export function handleExchangeDeclare(
  channel: Channel,
  method: MethodOf<"exchange.declare">,
): void {
  const name = strippedName(method.exchange);
  if (method.passive) {
    refuseDefault(name);
    const { vhost } = channel;
    if (!vhost.exchanges.has(name)) throw exchangeNotFound(name, vhost.name);
  } else {
    declare(channel, method, name);
  }
  if (!method.noWait) channel.send("exchange.declare-ok", {});
}

function declare(channel: Channel, method: MethodOf<"exchange.declare">, name: string): void {
  const { broker, connection, vhost } = channel;
  const type = requireExchangeType(method.type);
  refuseDefault(name);
  broker.access.checkResource(connection.user, vhost.name, "configure", "exchange", name);
  const requested: ExchangeRecord = {
    vhost: vhost.name,
    name,
    type,
    durable: method.durable,
    autoDelete: method.autoDelete,
    internal: method.internal,
    arguments: method.arguments,
  };
  const existing = vhost.exchanges.get(name);
  if (existing !== undefined) {
    assertExchangeEquivalence(existing.record, requested, vhost.name, name);
    return;
  }
  checkNewExchange(channel, requested);
  broker.applyMetadata({ type: "declareExchange", exchange: requested });
}

function checkNewExchange(channel: Channel, record: ExchangeRecord): void {
  const { broker, connection } = channel;
  if (record.name.startsWith("amq.")) {
    throw accessRefused(`exchange name '${record.name}' contains reserved prefix 'amq.*'`);
  }
  const resource = resourceText("exchange", record.name, record.vhost);
  const alternate = alternateExchangeOf(record.arguments, resource);
  if (alternate !== undefined) {
    const { user } = connection;
    broker.access.checkResource(user, record.vhost, "read", "exchange", record.name);
    broker.access.checkResource(user, record.vhost, "write", "exchange", alternate);
  }
  validateExchangeArguments(record.type, record.arguments, resource);
}

/** exchange.delete (spec 1.6.2.3): deleting what is not there is fine (RabbitMQ). */
export function handleExchangeDelete(channel: Channel, method: MethodOf<"exchange.delete">): void {
  const { broker, connection, vhost } = channel;
  const name = strippedName(method.exchange);
  refuseDefault(name);
  if (name.startsWith("amq.")) {
    throw accessRefused(
      `deletion of system ${resourceText("exchange", name, vhost.name)} not allowed`,
    );
  }
  broker.access.checkResource(connection.user, vhost.name, "configure", "exchange", name);
  if (vhost.exchanges.has(name)) {
    const { ifUnused } = method;
    const result = broker.metadata.apply({
      type: "deleteExchange",
      vhost: vhost.name,
      name,
      ifUnused,
    });
    if (!result.ok) {
      throw preconditionFailed(`${resourceText("exchange", name, vhost.name)} in use`);
    }
  }
  if (!method.noWait) channel.send("exchange.delete-ok", {});
}

function refuseDefault(name: string): void {
  if (name === "") throw accessRefused("operation not permitted on the default exchange");
}
