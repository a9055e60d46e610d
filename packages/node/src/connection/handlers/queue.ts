import { type FieldTable, type FieldValue, longstr, type MethodOf } from "@leveret/amqp";
import {
  accessRefused,
  notImplemented,
  preconditionFailed,
  queueLocked,
  queueNotFound,
  refusedChange,
  resourceText,
} from "../../errors.ts";
import type { MetadataResult, Refusal } from "../../metadata/commands.ts";
import type { QueueRecord } from "../../metadata/records.ts";
import type { BrokerQueue } from "../../queue/broker-queue.ts";
import {
  assertQueueEquivalence,
  deadLetterExchangeOf,
  queueTypeOf,
  validateQueueArguments,
} from "../../queue/queue-arguments.ts";
import type { Channel } from "../channel.ts";
import { isReplyAddress, REPLY_TO_QUEUE } from "../reply-consumer.ts";
import { oncePermitted, suspendFor } from "../suspended-call.ts";
import { whenStored } from "./change-metadata.ts";
import { generatedName } from "./consume.ts";
import {
  queueNameOf,
  refuseForeignQueue,
  requireOwnQueue,
  requireWorking,
  strippedName,
} from "./named-queue.ts";

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
  // A name that was made up stays the same while its permission is asked for.
  oncePermitted(channel, () => declare(channel, method, { name, isServerNamed }));
}

interface DeclaredName {
  readonly name: string;
  readonly isServerNamed: boolean;
}

function declare(
  channel: Channel,
  method: MethodOf<"queue.declare">,
  { name, isServerNamed }: DeclaredName,
): void {
  const { broker, connection, vhost } = channel;
  connection.permissions.checkResource(vhost.name, "configure", "queue", name);
  const requested = requestedRecord(channel, method, name);
  const existing = vhost.queues.get(name);
  if (existing === undefined) {
    checkNewQueue(channel, requested, isServerNamed);
    declareNew(channel, requested, method.noWait);
    return;
  }
  assertSameQueue(existing, requested);
  requireWorking(existing);
  existing.touch(connection.now);
  // Another client may have declared it just now; or deleted it, and it is still here.
  whenStored(channel, () => {
    if (vhost.queues.get(name) !== existing) {
      handleQueueDeclare(channel, method);
      return;
    }
    whenCounted(channel, existing, () => {
      requireWorking(existing);
      broker.traffic.churn.queuesDeclared++;
      answerDeclare(channel, name, existing, method.noWait);
    });
  });
}

function declareNew(channel: Channel, requested: QueueRecord, noWait: boolean): void {
  const { broker, connection, vhost } = channel;
  suspendFor<MetadataResult>(
    channel,
    (done) => {
      const queue = { ...requested, replicas: broker.places?.placesOf(requested) };
      const onResult = (result: MetadataResult): void => {
        const declared = vhost.queues.get(requested.name);
        const isOwn = result.ok && result.changed && requested.exclusiveOwner !== undefined;
        // It has an owner even if the channel is closed by now.
        if (isOwn && declared !== undefined) connection.ownQueue(declared);
        done(result);
      };
      const command = { type: "declareQueue", queue } as const;
      broker.metadataStore.submit(command, onResult, "stored", connection.actor);
    },
    (result) => {
      if (!result.ok) throw refusedChange(result);
      const queue = vhost.queues.get(requested.name);
      // Another client's declaration may have come first.
      if (queue !== undefined && !result.changed) assertSameQueue(queue, requested);
      broker.traffic.churn.queuesDeclared++;
      answerDeclare(channel, requested.name, queue, noWait);
    },
  );
}

/** RabbitMQ 3.x checks no permission here. Asking for the counts is a use of the queue (x-expires). */
function declarePassively(channel: Channel, method: MethodOf<"queue.declare">): void {
  const queue = requireOwnQueue(channel, strippedName(method.queue));
  if (!method.noWait) queue.touch(channel.connection.now);
  whenCounted(channel, queue, () => {
    requireWorking(queue);
    answerDeclare(channel, queue.record.name, queue, method.noWait);
  });
}

/** Tells whether the requester of a direct reply is still there (RabbitMQ: ok 0/1 or 404). */
function answerReplyQueue(channel: Channel, name: string, noWait: boolean): void {
  suspendFor<boolean>(
    channel,
    (done) => {
      if (name === REPLY_TO_QUEUE) done(true);
      else channel.broker.replies.whetherWaiting(name, done);
    },
    (isWaiting) => {
      if (!isWaiting) throw queueNotFound(name, channel.vhost.name);
      if (noWait) return;
      channel.send("queue.declare-ok", { queue: name, messageCount: 0, consumerCount: 1 });
    },
  );
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
    home: broker.places?.nodeId,
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

function assertSameQueue(existing: BrokerQueue, requested: QueueRecord): void {
  const { exclusiveOwner, name, vhost } = existing.record;
  if (exclusiveOwner !== requested.exclusiveOwner) throw queueLocked(name, vhost);
  assertQueueEquivalence(existing.record, requested);
}

function checkNewQueue(channel: Channel, record: QueueRecord, isServerNamed: boolean): void {
  const { connection, vhost } = channel;
  checkQueueLimit(channel, record.name);
  const dlx = deadLetterExchangeOf(record.arguments, vhost.name, record.name);
  if (dlx !== undefined) {
    const { permissions } = connection;
    permissions.checkResource(vhost.name, "read", "queue", record.name);
    permissions.checkResource(vhost.name, "write", "exchange", dlx);
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

/** undefined: it was declared, and another client has deleted it since. */
function answerDeclare(
  channel: Channel,
  name: string,
  queue: BrokerQueue | undefined,
  noWait: boolean,
): void {
  channel.lastQueueName = name;
  if (noWait) return;
  channel.send("queue.declare-ok", {
    queue: name,
    messageCount: queue?.readyCount ?? 0,
    consumerCount: queue?.consumerCount ?? 0,
  });
}

/** Calls `then` when it is known what is in the queue: its log may still be being replayed. */
function whenCounted(channel: Channel, queue: BrokerQueue, then: () => void): void {
  suspendFor<void>(channel, (done) => queue.whenReady(done), then);
}

/** queue.purge (spec 1.7.2.7): ready messages only. Answered when they cannot come back. */
export function handleQueuePurge(channel: Channel, method: MethodOf<"queue.purge">): void {
  const { connection, vhost } = channel;
  const name = queueNameOf(channel, method.queue);
  connection.permissions.checkResource(vhost.name, "read", "queue", name);
  const queue = requireOwnQueue(channel, name);
  whenCounted(channel, queue, () => {
    requireWorking(queue);
    if (method.noWait) {
      queue.purgeStored(connection.now, () => undefined);
      return;
    }
    suspendFor<number | undefined>(
      channel,
      (done) => queue.purgeStored(connection.now, done),
      (count) => {
        requireWorking(queue);
        channel.send("queue.purge-ok", { messageCount: count ?? 0 });
      },
    );
  });
}

/** queue.delete (spec 1.7.2.9): deleting what is not there is fine (RabbitMQ). */
export function handleQueueDelete(channel: Channel, method: MethodOf<"queue.delete">): void {
  const { connection, vhost } = channel;
  const name = queueNameOf(channel, method.queue);
  connection.permissions.checkResource(vhost.name, "configure", "queue", name);
  const queue = vhost.queues.get(name);
  if (queue === undefined) {
    whenStored(channel, () => answerDelete(channel, 0, method.noWait));
    return;
  }
  refuseForeignQueue(channel, queue);
  whenCounted(channel, queue, () => {
    refuseDelete(queue, method);
    deleteCounted(channel, queue, method.noWait);
  });
}

function deleteCounted(channel: Channel, queue: BrokerQueue, noWait: boolean): void {
  const count = queue.readyCount;
  suspendFor<Refusal | undefined>(
    channel,
    (done) => channel.broker.removeQueue(queue, done, channel.connection.actor),
    (failure) => {
      if (failure !== undefined) throw refusedChange(failure);
      answerDelete(channel, count, noWait);
    },
  );
}

function answerDelete(channel: Channel, messageCount: number, noWait: boolean): void {
  if (!noWait) channel.send("queue.delete-ok", { messageCount });
}

function refuseDelete(queue: BrokerQueue, method: MethodOf<"queue.delete">): void {
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
