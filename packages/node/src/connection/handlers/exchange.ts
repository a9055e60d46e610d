import type { MethodOf } from "@leveret/amqp";
import { accessRefused, exchangeNotFound, resourceText } from "../../errors.ts";
import { assertExchangeEquivalence } from "../../exchange/exchange-equivalence.ts";
import {
  alternateExchangeOf,
  requireExchangeType,
  validateExchangeArguments,
} from "../../exchange/exchange-types.ts";
import type { ExchangeRecord } from "../../metadata/records.ts";
import type { Channel } from "../channel.ts";
import { changeMetadata, whenStored } from "./change-metadata.ts";
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
    answerDeclare(channel, method.noWait);
  } else {
    declare(channel, method, name);
  }
}

function answerDeclare(channel: Channel, noWait: boolean): void {
  if (!noWait) channel.send("exchange.declare-ok", {});
}

function declare(channel: Channel, method: MethodOf<"exchange.declare">, name: string): void {
  const { connection, vhost } = channel;
  const type = requireExchangeType(method.type);
  refuseDefault(name);
  connection.permissions.checkResource(vhost.name, "configure", "exchange", name);
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
  if (existing === undefined) {
    checkNewExchange(channel, requested);
    declareNew(channel, requested, method.noWait);
    return;
  }
  assertExchangeEquivalence(existing.record, requested, vhost.name, name);
  // Another client may have declared it just now; or deleted it, and it is still here.
  whenStored(channel, () => {
    if (vhost.exchanges.get(name) === existing) answerDeclare(channel, method.noWait);
    else declare(channel, method, name);
  });
}

function declareNew(channel: Channel, requested: ExchangeRecord, noWait: boolean): void {
  const { vhost } = channel;
  const { name } = requested;
  changeMetadata(channel, { type: "declareExchange", exchange: requested }, ({ changed }) => {
    const first = vhost.exchanges.get(name);
    // Another client's declaration may have come first.
    if (!changed && first !== undefined) {
      assertExchangeEquivalence(first.record, requested, vhost.name, name);
    }
    answerDeclare(channel, noWait);
  });
}

function checkNewExchange(channel: Channel, record: ExchangeRecord): void {
  const { connection } = channel;
  if (record.name.startsWith("amq.")) {
    throw accessRefused(`exchange name '${record.name}' contains reserved prefix 'amq.*'`);
  }
  const resource = resourceText("exchange", record.name, record.vhost);
  const alternate = alternateExchangeOf(record.arguments, resource);
  if (alternate !== undefined) {
    const { permissions } = connection;
    permissions.checkResource(record.vhost, "read", "exchange", record.name);
    permissions.checkResource(record.vhost, "write", "exchange", alternate);
  }
  validateExchangeArguments(record.type, record.arguments, resource);
}

/** exchange.delete (spec 1.6.2.3): deleting what is not there is fine (RabbitMQ). */
export function handleExchangeDelete(channel: Channel, method: MethodOf<"exchange.delete">): void {
  const { connection, vhost } = channel;
  const name = strippedName(method.exchange);
  refuseDefault(name);
  if (name.startsWith("amq.")) {
    throw accessRefused(
      `deletion of system ${resourceText("exchange", name, vhost.name)} not allowed`,
    );
  }
  connection.permissions.checkResource(vhost.name, "configure", "exchange", name);
  const answer = (): void => {
    if (!method.noWait) channel.send("exchange.delete-ok", {});
  };
  if (!vhost.exchanges.has(name)) {
    whenStored(channel, answer);
    return;
  }
  const { ifUnused } = method;
  changeMetadata(channel, { type: "deleteExchange", vhost: vhost.name, name, ifUnused }, answer);
}

function refuseDefault(name: string): void {
  if (name === "") throw accessRefused("operation not permitted on the default exchange");
}
