import type { FieldTable, MethodOf } from "@leveret/amqp";
import { accessRefused, exchangeNotFound, queueNotFound } from "../../errors.ts";
import { validateBinding } from "../../exchange/exchange-types.ts";
import type { BindingRecord, DestinationType } from "../../metadata/records.ts";
import type { Channel } from "../channel.ts";
import { changeMetadata, whenStored } from "./change-metadata.ts";
import { queueNameOf, refuseForeignQueue, strippedName } from "./named-queue.ts";

/** queue.bind (spec 1.7.2.3). */
export function handleQueueBind(channel: Channel, method: MethodOf<"queue.bind">): void {
  bind(channel, queueBinding(channel, method), () => {
    if (!method.noWait) channel.send("queue.bind-ok", {});
  });
}

/** queue.unbind (spec 1.7.2.5). */
export function handleQueueUnbind(channel: Channel, method: MethodOf<"queue.unbind">): void {
  unbind(channel, queueBinding(channel, method), () => channel.send("queue.unbind-ok", {}));
}

/** exchange.bind: RabbitMQ's exchange-to-exchange bindings. */
export function handleExchangeBind(channel: Channel, method: MethodOf<"exchange.bind">): void {
  bind(channel, exchangeBinding(channel, method), () => {
    if (!method.noWait) channel.send("exchange.bind-ok", {});
  });
}

export function handleExchangeUnbind(channel: Channel, method: MethodOf<"exchange.unbind">): void {
  unbind(channel, exchangeBinding(channel, method), () => {
    if (!method.noWait) channel.send("exchange.unbind-ok", {});
  });
}

interface QueueBindArguments {
  readonly queue: string;
  readonly exchange: string;
  readonly routingKey: string;
  readonly arguments: FieldTable;
}

function queueBinding(channel: Channel, method: QueueBindArguments): BindingRecord {
  const destination = queueNameOf(channel, method.queue);
  // An empty key with an empty queue name means the queue's name, too (RabbitMQ).
  const keyIsName = method.queue === "" && method.routingKey === "";
  return {
    vhost: channel.vhost.name,
    source: strippedName(method.exchange),
    destination,
    destinationType: "queue",
    routingKey: keyIsName ? destination : method.routingKey,
    arguments: method.arguments,
  };
}

interface ExchangeBindArguments {
  readonly destination: string;
  readonly source: string;
  readonly routingKey: string;
  readonly arguments: FieldTable;
}

function exchangeBinding(channel: Channel, method: ExchangeBindArguments): BindingRecord {
  return {
    vhost: channel.vhost.name,
    source: strippedName(method.source),
    destination: strippedName(method.destination),
    destinationType: "exchange",
    routingKey: method.routingKey,
    arguments: method.arguments,
  };
}

/** Order of checks as RabbitMQ's: write on the destination, default exchange, read on the source, topic. */
function bind(channel: Channel, binding: BindingRecord, answer: () => void): void {
  checkPermissions(channel, binding);
  const { vhost, broker } = channel;
  const source = vhost.exchanges.get(binding.source);
  if (source === undefined) throw exchangeNotFound(binding.source, vhost.name);
  requireDestination(channel, binding.destinationType, binding.destination);
  validateBinding(source.record, binding.routingKey, binding.arguments);
  // Clients bind anew at each start: what is there needs no place in a log.
  if (broker.metadata.bindings(vhost.name)?.has(binding) === true) whenStored(channel, answer);
  else changeMetadata(channel, { type: "bind", binding }, answer);
}

function unbind(channel: Channel, binding: BindingRecord, answer: () => void): void {
  checkPermissions(channel, binding);
  const { vhost } = channel;
  const { metadata } = channel.broker;
  if (metadata.bindings(vhost.name)?.has(binding) !== true) {
    whenStored(channel, answer); // Nothing to check, either (RabbitMQ).
    return;
  }
  const queue =
    binding.destinationType === "queue" ? vhost.queues.get(binding.destination) : undefined;
  if (queue !== undefined) refuseForeignQueue(channel, queue);
  changeMetadata(channel, { type: "unbind", binding }, answer);
}

function requireDestination(channel: Channel, type: DestinationType, name: string): void {
  const { vhost } = channel;
  if (type === "exchange") {
    if (!vhost.exchanges.has(name)) throw exchangeNotFound(name, vhost.name);
    return;
  }
  const queue = vhost.queues.get(name);
  if (queue === undefined) throw queueNotFound(name, vhost.name);
  refuseForeignQueue(channel, queue);
}

function checkPermissions(channel: Channel, binding: BindingRecord): void {
  const { connection, vhost } = channel;
  const { permissions } = connection;
  const { destination, destinationType, source, routingKey } = binding;
  permissions.checkResource(vhost.name, "write", destinationType, destination);
  if (source === "" || (destinationType === "exchange" && destination === "")) {
    throw accessRefused("operation not permitted on the default exchange");
  }
  permissions.checkResource(vhost.name, "read", "exchange", source);
  if (vhost.exchanges.get(source)?.record.type === "topic") {
    permissions.checkTopic(vhost.name, "read", source, routingKey);
  }
}
