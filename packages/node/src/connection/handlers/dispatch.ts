import { ConnectionError, type Method } from "@leveret/amqp";
import { notImplemented, preconditionFailed } from "../../errors.ts";
import type { Channel } from "../channel.ts";
import { handleAck, handleNack, handleRecover, handleReject } from "./acknowledge.ts";
import {
  handleExchangeBind,
  handleExchangeUnbind,
  handleQueueBind,
  handleQueueUnbind,
} from "./bind.ts";
import { handleCancel, handleConsume, handleGet, handleQos } from "./consume.ts";
import { handleExchangeDeclare, handleExchangeDelete } from "./exchange.ts";
import { deliverTo, returnMessage } from "./publish.ts";
import { handleQueueDeclare, handleQueueDelete, handleQueuePurge } from "./queue.ts";

/** Carries out one method on an open channel. @throws ChannelError, ConnectionError */
export function dispatchMethod(channel: Channel, method: Method): void {
  switch (method.name) {
    case "channel.open":
      throw new ConnectionError("CHANNEL_ERROR", "second 'channel.open' seen");
    case "channel.flow":
      if (!method.active) throw notImplemented("active=false");
      channel.send("channel.flow-ok", { active: true });
      return;
    case "channel.close":
      channel.release();
      channel.send("channel.close-ok", {});
      channel.connection.channelClosed(channel);
      return;
    case "channel.close-ok":
      return; // Nobody asked.
    case "access.request":
      channel.send("access.request-ok", { ticket: 1 });
      return;
    case "exchange.declare":
      return handleExchangeDeclare(channel, method);
    case "exchange.delete":
      return handleExchangeDelete(channel, method);
    case "exchange.bind":
      return handleExchangeBind(channel, method);
    case "exchange.unbind":
      return handleExchangeUnbind(channel, method);
    case "queue.declare":
      return handleQueueDeclare(channel, method);
    case "queue.bind":
      return handleQueueBind(channel, method);
    case "queue.unbind":
      return handleQueueUnbind(channel, method);
    case "queue.purge":
      return handleQueuePurge(channel, method);
    case "queue.delete":
      return handleQueueDelete(channel, method);
    default:
      dispatchMessageMethod(channel, method);
  }
}

/** The classes basic, tx and confirm. */
function dispatchMessageMethod(channel: Channel, method: Method): void {
  switch (method.name) {
    case "basic.qos":
      return handleQos(channel, method);
    case "basic.consume":
      return handleConsume(channel, method);
    case "basic.cancel":
      return handleCancel(channel, method);
    case "basic.get":
      return handleGet(channel, method);
    case "basic.ack":
      return handleAck(channel, method.deliveryTag, method.multiple);
    case "basic.nack":
      return handleNack(channel, method);
    case "basic.reject":
      return handleReject(channel, method);
    case "basic.recover":
      handleRecover(channel, method.requeue);
      channel.send("basic.recover-ok", {});
      return;
    case "basic.recover-async":
      return handleRecover(channel, method.requeue);
    case "basic.cancel-ok":
      return; // The answer to basic.cancel with no-wait is not expected, and harmless.
    case "tx.select":
      return selectTransactions(channel);
    case "tx.commit":
      return commitTransaction(channel);
    case "tx.rollback":
      requireTransaction(channel).rollback();
      channel.send("tx.rollback-ok", {});
      return;
    case "confirm.select":
      return selectConfirms(channel, method.noWait);
    default:
      throw new ConnectionError("COMMAND_INVALID", "unimplemented method");
  }
}

function selectTransactions(channel: Channel): void {
  if (channel.mode === "confirm") throw preconditionFailed("cannot switch from confirm to tx mode");
  channel.startTransactions();
  channel.send("tx.select-ok", {});
}

function selectConfirms(channel: Channel, noWait: boolean): void {
  if (channel.mode === "tx") throw preconditionFailed("cannot switch from tx to confirm mode");
  channel.mode = "confirm";
  if (!noWait) channel.send("confirm.select-ok", {});
}

function commitTransaction(channel: Channel): void {
  requireTransaction(channel).commit(({ message, sinks, mandatory }) => {
    if (mandatory && sinks.length === 0) returnMessage(channel, message);
    return deliverTo(channel, message, sinks);
  });
  channel.send("tx.commit-ok", {});
}

function requireTransaction(channel: Channel): NonNullable<Channel["transaction"]> {
  if (channel.transaction === undefined) throw preconditionFailed("channel is not transactional");
  return channel.transaction;
}
