import { ChannelError } from "@leveret/amqp";
import { homeNodeDown, queueLocked, queueNotFound, resourceText } from "../../errors.ts";
import type { BrokerQueue } from "../../queue/broker-queue.ts";
import type { Channel } from "../channel.ts";

/** RabbitMQ removes carriage returns and line feeds from names. */
export function strippedName(name: string): string {
  return /[\r\n]/.test(name) ? name.replace(/[\r\n]/g, "") : name;
}

/** The queue a method means: an empty name is the queue declared last on this channel (spec 1.7.2.1). */
export function queueNameOf(channel: Channel, name: string): string {
  if (name !== "") return strippedName(name);
  if (channel.lastQueueName === "") {
    throw new ChannelError("NOT_FOUND", "no previously declared queue");
  }
  return channel.lastQueueName;
}

/** @throws ChannelError 405 if the queue is exclusive to another connection */
export function refuseForeignQueue(channel: Channel, queue: BrokerQueue): void {
  const { exclusiveOwner, name, vhost } = queue.record;
  if (exclusiveOwner !== undefined && exclusiveOwner !== channel.connection.id) {
    throw queueLocked(name, vhost);
  }
}

/** @throws ChannelError 404 if the queue's only node is down, or its log has failed (RabbitMQ: its process is down) */
export function requireWorking(queue: BrokerQueue): void {
  const { awayNode, failure, record } = queue;
  const { name, vhost, durable } = record;
  if (awayNode !== undefined) throw homeNodeDown(name, vhost, durable, awayNode);
  const resource = resourceText("queue", name, vhost);
  // A queue without a majority (RabbitMQ: the call to its leader times out).
  if (queue.isOutOfReach) {
    throw new ChannelError(
      "NOT_FOUND",
      `failed to perform operation on ${resource} due to timeout`,
    );
  }
  if (failure === undefined) return;
  throw new ChannelError("NOT_FOUND", `${resource} is not available: ${failure}`);
}

/** The queue of this name, usable by this connection. @throws ChannelError 404, 405 */
export function requireOwnQueue(channel: Channel, name: string): BrokerQueue {
  const queue = channel.vhost.queues.get(name);
  if (queue === undefined) throw queueNotFound(name, channel.vhost.name);
  refuseForeignQueue(channel, queue);
  requireWorking(queue);
  return queue;
}
