import { randomBytes } from "node:crypto";
import { encodeMethodFrame, type FieldTable, integerOf, type MethodOf } from "@leveret/amqp";
import {
  accessRefused,
  notAllowed,
  notImplemented,
  preconditionFailed,
  queueNotFound,
  resourceLocked,
  resourceText,
} from "../../errors.ts";
import type {
  BrokerQueue,
  ConsumeRefusal,
  ConsumerHandle,
  FoundMessage,
} from "../../queue/broker-queue.ts";
import type { Channel } from "../channel.ts";
import { ChannelConsumer } from "../channel-consumer.ts";
import { writeContent } from "../content-writer.ts";
import { withDeliveryCount } from "../delivery-count-header.ts";
import { REPLY_TO_QUEUE, ReplyConsumer } from "../reply-consumer.ts";
import { suspendFor } from "../suspended-call.ts";
import { queueNameOf, requireOwnQueue, requireWorking } from "./named-queue.ts";

const GENERATED_NAME_SIZE = 16;

/** A name that cannot be guessed: `prefix` and 16 random bytes in URL-safe base64 (RabbitMQ). */
export function generatedName(prefix: string): string {
  return prefix + randomBytes(GENERATED_NAME_SIZE).toString("base64url");
}

/** basic.qos (spec 1.8.3.1, with RabbitMQ's meaning of `global`). */
export function handleQos(channel: Channel, method: MethodOf<"basic.qos">): void {
  if (method.prefetchSize !== 0) {
    throw notImplemented(`prefetch_size!=0 (${method.prefetchSize})`);
  }
  channel.send("basic.qos-ok", {}); // Before what a raised limit lets through.
  if (method.global) {
    const outstanding = channel.ledger.size;
    channel.globalPrefetch.setLimit(method.prefetchCount, outstanding, channel.consumers.values());
  } else {
    channel.consumerPrefetch = method.prefetchCount;
  }
}

/** basic.consume (spec 1.8.3.3; order of checks as RabbitMQ's). */
export function handleConsume(channel: Channel, method: MethodOf<"basic.consume">): void {
  if (method.queue === REPLY_TO_QUEUE) {
    consumeReplies(channel, method);
    return;
  }
  const { connection, vhost } = channel;
  if (channel.consumers.has(method.consumerTag)) {
    throw notAllowed(`attempt to reuse consumer tag '${method.consumerTag}'`);
  }
  const name = queueNameOf(channel, method.queue);
  connection.permissions.checkResource(vhost.name, "read", "queue", name);
  const tag = method.consumerTag === "" ? generatedName("amq.ctag-") : method.consumerTag;
  checkConsumerCount(channel);
  const queue = requireOwnQueue(channel, name);
  const priority = consumerPriority(queue, method.arguments);
  refuseGlobalQosOnQuorum(channel, queue);
  attach(channel, method, { queue, tag, priority });
}

interface NewConsumer {
  readonly queue: BrokerQueue;
  readonly tag: string;
  readonly priority: number;
}

function attach(
  channel: Channel,
  method: MethodOf<"basic.consume">,
  { queue, tag, priority }: NewConsumer,
): void {
  const counts = channel.traffic.deliveriesOf(queue);
  const consumer = new ChannelConsumer(channel, tag, queue, method.noAck, counts);
  consumer.arguments = method.arguments;
  consumer.isLimited = channel.globalPrefetch.isActive && !method.noAck;
  const spec = {
    context: consumer,
    sessionId: channel.sessionId,
    noAck: method.noAck,
    // Quorum queues ignore the flag (RabbitMQ); single active consumer is their way.
    exclusive: method.exclusive && queue.record.type === "classic",
    prefetch: channel.consumerPrefetch,
    priority,
    needsCredit: consumer.isLimited,
  };
  // Also if it never hears of its consumer: then the queue has to forget that.
  channel.useQueue(queue);
  suspendFor<ConsumerHandle | ConsumeRefusal>(
    channel,
    (done) => queue.consume(channel.connection.now, spec, done),
    (outcome) => {
      const { name, vhost } = queue.record;
      if (outcome === "unavailable") {
        requireWorking(queue);
        // It was deleted meanwhile.
        throw queueNotFound(name, vhost);
      }
      if (outcome === "exclusive-use") {
        throw accessRefused(`${resourceText("queue", name, vhost)} in exclusive use`);
      }
      consumer.handle = outcome;
      channel.consumers.set(tag, consumer);
      if (!method.noWait) channel.send("basic.consume-ok", { consumerTag: tag });
      channel.broker.events.consumerAdded(consumer, method.exclusive, spec.prefetch);
      queue.start(channel.connection.now, outcome);
    },
  );
}

function consumeReplies(channel: Channel, method: MethodOf<"basic.consume">): void {
  if (channel.replyConsumer !== undefined) throw preconditionFailed("reply consumer already set");
  if (!method.noAck) throw preconditionFailed("reply consumer cannot acknowledge");
  const tag = method.consumerTag === "" ? generatedName("amq.ctag-") : method.consumerTag;
  channel.replyConsumer = new ReplyConsumer(channel, tag);
  channel.broker.replies.add(channel.replyConsumer);
  if (!method.noWait) channel.send("basic.consume-ok", { consumerTag: tag });
}

function checkConsumerCount(channel: Channel): void {
  const max = channel.broker.options.consumerMaxPerChannel;
  if (max > 0 && channel.consumers.size >= max) {
    throw notAllowed(`reached maximum (${max}) of consumers per channel`);
  }
}

function consumerPriority(queue: BrokerQueue, args: FieldTable): number {
  const value = args.get("x-priority");
  if (value === undefined) return 0;
  const priority = integerOf(value);
  if (priority === undefined) {
    const { name, vhost } = queue.record;
    throw preconditionFailed(
      `invalid arg 'x-priority' for ${resourceText("queue", name, vhost)}: ` +
        `"expected integer, got ${value.type}"`,
    );
  }
  return Number(priority);
}

function refuseGlobalQosOnQuorum(channel: Channel, queue: BrokerQueue): void {
  if (queue.record.type !== "quorum" || !channel.globalPrefetch.isActive) return;
  const { name, vhost } = queue.record;
  throw notImplemented(`${resourceText("queue", name, vhost)} does not support global qos`);
}

/** basic.cancel (spec 1.8.3.5): an unknown tag is fine; unacknowledged messages stay with the channel. */
export function handleCancel(channel: Channel, method: MethodOf<"basic.cancel">): void {
  const consumer = channel.consumers.get(method.consumerTag);
  if (consumer !== undefined) {
    channel.consumers.delete(method.consumerTag);
    consumer.isCancelled = true;
    channel.broker.events.consumerRemoved(consumer);
    cancelConsumer(channel, consumer, method.noWait);
    return;
  }
  if (channel.replyConsumer?.tag === method.consumerTag) {
    channel.broker.replies.remove(channel.replyConsumer);
    channel.replyConsumer = undefined;
  }
  if (!method.noWait) channel.send("basic.cancel-ok", { consumerTag: method.consumerTag });
}

/** What is on its way to the consumer comes before the answer (RabbitMQ). */
function cancelConsumer(channel: Channel, consumer: ChannelConsumer, noWait: boolean): void {
  const { handle, queue, tag } = consumer;
  suspendFor<void>(
    channel,
    (done) => {
      if (handle === undefined) done();
      else queue.detach(channel.connection.now, handle, done);
    },
    () => {
      if (!noWait) channel.send("basic.cancel-ok", { consumerTag: tag });
    },
  );
}

/** basic.get (spec 1.8.3.10). */
export function handleGet(channel: Channel, method: MethodOf<"basic.get">): void {
  const { connection, vhost } = channel;
  const name = queueNameOf(channel, method.queue);
  connection.permissions.checkResource(vhost.name, "read", "queue", name);
  const queue = requireOwnQueue(channel, name);
  refuseGetOnSingleActiveQuorum(queue);
  suspendFor<FoundMessage | undefined>(
    channel,
    (done) => queue.get(connection.now, channel, method.noAck, done),
    (found) => {
      if (found === undefined) requireWorking(queue);
      answerGet(channel, queue, found);
    },
  );
}

function answerGet(channel: Channel, queue: BrokerQueue, found: FoundMessage | undefined): void {
  const counts = channel.traffic.deliveriesOf(queue);
  if (found === undefined) {
    counts.getEmpty++;
    channel.send("basic.get-empty", {});
    return;
  }
  const deliveryTag = channel.nextDeliveryTag();
  if (found.consumer === undefined) {
    counts.getNoAck++;
  } else {
    counts.get++;
    const getter = channel.getterOf(queue);
    getter.handle = found.consumer;
    channel.noteDelivery(deliveryTag, getter, found.deliveryNumber);
  }
  const { message, redelivered, remaining } = found;
  if (redelivered) counts.redeliver++;
  const { exchange, routingKey } = message.routing;
  channel.flushConfirms();
  const { output, frameMax } = channel.connection;
  output.append(
    encodeMethodFrame(channel.number, "basic.get-ok", {
      deliveryTag,
      redelivered,
      exchange,
      routingKey,
      messageCount: remaining,
    }),
  );
  const properties =
    found.deliveryCount < 0 ? undefined : withDeliveryCount(message, found.deliveryCount);
  writeContent(output, channel.number, message, frameMax, properties);
  output.checkWater();
  channel.connection.checkOutput();
  channel.vhost.tracer?.delivered(channel, queue.record.name, message, redelivered);
  if (found.consumer === undefined) message.release();
}

function refuseGetOnSingleActiveQuorum(queue: BrokerQueue): void {
  if (queue.record.type !== "quorum" || !queue.config.singleActiveConsumer) return;
  const { name, vhost } = queue.record;
  throw resourceLocked(
    `cannot obtain access to locked ${resourceText("queue", name, vhost)}. basic.get operations are not ` +
      "supported by quorum queues with single active consumer",
  );
}
