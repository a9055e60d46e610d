import { type FieldTable, type FieldValue, longstr, type MethodOf } from "@leveret/amqp";
import {
  accessRefused,
  notImplemented,
  preconditionFailed,
  queueLocked,
  queueNotFound,
  resourceText,
} from "../../errors.ts";
import type { QueueRecord } from "../../metadata/records.ts";
import type { LiveQueue } from "../../queue/live-queue.ts";
import {
  assertQueueEquivalence,
  deadLetterExchangeOf,
  queueTypeOf,
  validateQueueArguments,
} from "../../queue/queue-arguments.ts";
import type { Channel } from "../channel.ts";
import { isReplyAddress, REPLY_TO_QUEUE } from "../reply-consumer.ts";
import { generatedName } from "./consume.ts";
import { queueNameOf, refuseForeignQueue, requireOwnQueue, strippedName } from "./named-queue.ts";

const QUEUE_TYPE = "x-queue-type";

/** queue.declare (spec 1.7.2.1; order of checks as RabbitMQ's). */
export function handleQueueDeclare(channel: Channel, method: MethodOf<"queue.declare">): void {
  if (isReplyAddress(method.queue)) {
    answerReplyQueue(channel, method.queue, method.noWait);
    return;
  }
  if (method.passive) {
    declarePassively(channel, method);
    return;
  }
  const isServerNamed = strippedName(method.queue) === "";
  const name = isServerNamed ? generatedName("amq.gen-") : strippedName(method.queue);
  if (!isServerNamed && !channel.vhost.queues.has(name)) refuseReservedName(name);
  const { broker, connection, vhost } = channel;
  broker.access.checkResource(connection.user, vhost.name, "configure", "queue", name);
  const requested = requestedRecord(channel, method, name);
  const existing = vhost.queues.get(name);
  if (existing !== undefined) {
    assertSameQueue(existing, requested);
    existing.touch(connection.now);
    answerDeclare(channel, existing, method.noWait);
    return;
  }
  checkNewQueue(channel, requested, isServerNamed);
  const queue = broker.declareQueue(requested);
  if (requested.exclusiveOwner !== undefined) connection.ownQueue(queue);
  answerDeclare(channel, queue, method.noWait);
}

/** RabbitMQ 3.x checks no permission here. Asking for the counts is a use of the queue (x-expires). */
function declarePassively(channel: Channel, method: MethodOf<"queue.declare">): void {
  const queue = requireOwnQueue(channel, strippedName(method.queue));
  if (!method.noWait) queue.touch(channel.connection.now);
  answerDeclare(channel, queue, method.noWait);
}

/** Tells whether the requester of a direct reply is still there (RabbitMQ: ok 0/1 or 404). */
function answerReplyQueue(channel: Channel, name: string, noWait: boolean): void {
  const isAddress = name !== REPLY_TO_QUEUE;
  if (isAddress && channel.broker.replies.find(name) === undefined) {
    throw queueNotFound(name, channel.vhost.name);
  }
  if (noWait) return;
  channel.send("queue.declare-ok", { queue: name, messageCount: 0, consumerCount: 1 });
}

function requestedRecord(
  channel: Channel,
  method: MethodOf<"queue.declare">,
  name: string,
): QueueRecord {
  const { broker, vhost, connection } = channel;
  const args = withDefaultType(method, broker.defaultQueueType(vhost.name));
  return {
    vhost: vhost.name,
    name,
    type: queueTypeOf(args, name, vhost.name),
    durable: method.durable,
    autoDelete: method.autoDelete,
    exclusiveOwner: method.exclusive ? connection.id : undefined,
    arguments: args,
  };
}

/** The vhost's or node's default type, where the declared properties suit it (RabbitMQ). */
function withDefaultType(
  method: MethodOf<"queue.declare">,
  defaultType: string | undefined,
): FieldTable {
  const args = method.arguments;
  const suits = method.durable && !method.exclusive && !method.autoDelete;
  if (defaultType === undefined || defaultType === "classic" || args.has(QUEUE_TYPE) || !suits) {
    return args;
  }
  return new Map<string, FieldValue>([...args, [QUEUE_TYPE, longstr(defaultType)]]);
}

function assertSameQueue(existing: LiveQueue, requested: QueueRecord): void {
  const { exclusiveOwner, name, vhost } = existing.record;
  if (exclusiveOwner !== requested.exclusiveOwner) throw queueLocked(name, vhost);
  assertQueueEquivalence(existing.record, requested);
}

function checkNewQueue(channel: Channel, record: QueueRecord, isServerNamed: boolean): void {
  const { broker, connection, vhost } = channel;
  checkQueueLimit(channel, record.name);
  const dlx = deadLetterExchangeOf(record.arguments, vhost.name, record.name);
  if (dlx !== undefined) {
    const { user } = connection;
    broker.access.checkResource(user, vhost.name, "read", "queue", record.name);
    broker.access.checkResource(user, vhost.name, "write", "exchange", dlx);
  }
  if (isServerNamed && record.type === "quorum") {
    throw preconditionFailed("Cannot declare a server-named queue for type rabbit_quorum_queue");
  }
  validateQueueArguments(vhost.name, record.name, record.type, record.arguments, {
    durable: record.durable,
    exclusive: record.exclusiveOwner !== undefined,
    autoDelete: record.autoDelete,
  });
}

/** The vhost's limit before the cluster's (RabbitMQ: rabbit_queue_type). */
function checkQueueLimit(channel: Channel, name: string): void {
  checkVhostQueueLimit(channel, name);
  const { broker } = channel;
  const { queueMax } = broker.options;
  if (queueMax === undefined || broker.queueCount < queueMax) return;
  throw preconditionFailed(
    `cannot declare queue '${name}': queue limit in cluster (${queueMax}) is reached`,
  );
}

function checkVhostQueueLimit({ vhost, broker }: Channel, name: string): void {
  const limit = broker.metadata.vhost(vhost.name)?.record.limits.maxQueues;
  if (limit === undefined || limit < 0 || vhost.queues.size < limit) return;
  throw preconditionFailed(
    `cannot declare queue '${name}': queue limit in vhost '${vhost.name}' (${limit}) is reached`,
  );
}

function refuseReservedName(name: string): void {
  if (!name.startsWith("amq.")) return;
  throw accessRefused(`queue name '${name}' contains reserved prefix 'amq.*'`);
}

function answerDeclare(channel: Channel, queue: LiveQueue, noWait: boolean): void {
  const { name } = queue.record;
  channel.lastQueueName = name;
  if (noWait) return;
  channel.send("queue.declare-ok", {
    queue: name,
    messageCount: queue.readyCount,
    consumerCount: queue.consumerCount,
  });
}

/** queue.purge (spec 1.7.2.7): ready messages only. */
export function handleQueuePurge(channel: Channel, method: MethodOf<"queue.purge">): void {
  const { broker, connection, vhost } = channel;
  const name = queueNameOf(channel, method.queue);
  broker.access.checkResource(connection.user, vhost.name, "read", "queue", name);
  const count = requireOwnQueue(channel, name).purge(connection.now);
  if (!method.noWait) channel.send("queue.purge-ok", { messageCount: count });
}

/** queue.delete (spec 1.7.2.9): deleting what is not there is fine (RabbitMQ). */
export function handleQueueDelete(channel: Channel, method: MethodOf<"queue.delete">): void {
  const { broker, connection, vhost } = channel;
  const name = queueNameOf(channel, method.queue);
  broker.access.checkResource(connection.user, vhost.name, "configure", "queue", name);
  const queue = vhost.queues.get(name);
  let count = 0;
  if (queue !== undefined) {
    refuseForeignQueue(channel, queue);
    refuseDelete(queue, method);
    count = queue.readyCount;
    broker.deleteQueue(queue);
  }
  if (!method.noWait) channel.send("queue.delete-ok", { messageCount: count });
}

function refuseDelete(queue: LiveQueue, method: MethodOf<"queue.delete">): void {
  const { name, vhost, type } = queue.record;
  const resource = resourceText("queue", name, vhost);
  if (type === "quorum") refuseConditions(resource, method);
  if (method.ifEmpty && queue.readyCount > 0) throw preconditionFailed(`${resource} not empty`);
  if (method.ifUnused && queue.consumerCount > 0) throw preconditionFailed(`${resource} in use`);
}

/** Quorum queues are deleted without conditions only (RabbitMQ). */
function refuseConditions(resource: string, method: MethodOf<"queue.delete">): void {
  const flag = method.ifUnused ? "if-unused" : method.ifEmpty ? "if-empty" : undefined;
  if (flag === undefined) return;
  throw notImplemented(
    `cannot delete ${resource}. queue.delete operations with ${flag} flag set are not supported by quorum queues`,
  );
}
