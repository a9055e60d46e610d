import type { MethodOf } from "@leveret/amqp";
import { notImplemented, preconditionFailed } from "../../errors.ts";
import type { Channel } from "../channel.ts";
import type { OnSettled } from "../delivery-ledger.ts";

/** basic.ack (spec 1.8.3.13). @throws ChannelError 406 for a tag that is not outstanding */
export function handleAck(channel: Channel, tag: number, multiple: boolean): void {
  if (channel.transaction !== undefined) {
    takeForTransaction(channel, tag, multiple, "ack");
    return;
  }
  settle(channel, tag, multiple, channel.settleRange);
}

/** basic.nack, RabbitMQ's reject with `multiple`. */
export function handleNack(channel: Channel, method: MethodOf<"basic.nack">): void {
  refuse(channel, method.deliveryTag, method.multiple, method.requeue, "nack");
}

/** basic.reject (spec 1.8.3.14). */
export function handleReject(channel: Channel, method: MethodOf<"basic.reject">): void {
  refuse(channel, method.deliveryTag, false, method.requeue, "reject");
}

/** basic.recover and recover-async: requeues everything outstanding (RabbitMQ knows requeue=true only). */
export function handleRecover(channel: Channel, requeue: boolean): void {
  if (!requeue) throw notImplemented("requeue=false");
  if (channel.transaction === undefined) {
    channel.recoverAll();
  } else {
    // The queues hold also what was acknowledged and is not committed: that stays where it is.
    channel.ledger.settleUpTo(0, requeueRange(channel, "nack"));
  }
}

function refuse(
  channel: Channel,
  tag: number,
  multiple: boolean,
  requeue: boolean,
  kind: "nack" | "reject",
): void {
  if (channel.transaction !== undefined) {
    takeForTransaction(channel, tag, multiple, requeue ? "requeue" : "reject");
    return;
  }
  settle(channel, tag, multiple, requeue ? requeueRange(channel, kind) : discardRange(channel));
}

function settle(channel: Channel, tag: number, multiple: boolean, onSettled: OnSettled): void {
  const found = multiple
    ? channel.ledger.settleUpTo(tag, onSettled)
    : channel.ledger.settleOne(tag, onSettled);
  if (!found) throw unknownTag(tag);
}

function takeForTransaction(
  channel: Channel,
  tag: number,
  multiple: boolean,
  outcome: "ack" | "requeue" | "reject",
): void {
  const taken = channel.ledger.take(tag, multiple);
  if (taken === undefined) throw unknownTag(tag);
  channel.transaction?.addAck(taken, outcome);
}

function requeueRange(channel: Channel, kind: "nack" | "reject"): OnSettled {
  return (consumer, from, to) => {
    if (consumer.handle === undefined) return;
    consumer.queue.returnMessages(channel.connection.now, consumer.handle, from, to, kind);
    channel.globalPrefetch.settled(consumer, to - from + 1);
  };
}

function discardRange(channel: Channel): OnSettled {
  return (consumer, from, to) => {
    if (consumer.handle === undefined) return;
    consumer.queue.discard(channel.connection.now, consumer.handle, from, to);
    channel.globalPrefetch.settled(consumer, to - from + 1);
  };
}

function unknownTag(tag: number): Error {
  // Beyond 2^53 the number is not exact; such a tag is unknown in any case.
  return preconditionFailed(`unknown delivery tag ${BigInt(tag)}`);
}
