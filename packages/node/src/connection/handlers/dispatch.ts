import { ConnectionError, type Method, type MethodName, type MethodOf } from "@leveret/amqp";
import { notImplemented } from "../../errors.ts";
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
import { handleQueueDeclare, handleQueueDelete, handleQueuePurge } from "./queue.ts";
import { commitTransaction, rollBack, selectConfirms, selectTransactions } from "./transaction.ts";

type Handlers = { readonly [N in MethodName]?: (channel: Channel, method: MethodOf<N>) => void };

/** The methods that a client may send on an open channel; basic.publish comes with content and another way. */
const HANDLERS: Handlers = {
  "channel.open": () => {
    throw new ConnectionError("CHANNEL_ERROR", "second 'channel.open' seen");
  },
  "channel.flow": (channel, { active }) => {
    if (!active) throw notImplemented("active=false");
    channel.send("channel.flow-ok", { active: true });
  },
  "channel.close": (channel) => {
    channel.release();
    channel.send("channel.close-ok", {});
    channel.connection.channelClosed(channel);
  },
  "channel.close-ok": ignore,
  "access.request": (channel) => channel.send("access.request-ok", { ticket: 1 }),
  "exchange.declare": handleExchangeDeclare,
  "exchange.delete": handleExchangeDelete,
  "exchange.bind": handleExchangeBind,
  "exchange.unbind": handleExchangeUnbind,
  "queue.declare": handleQueueDeclare,
  "queue.bind": handleQueueBind,
  "queue.unbind": handleQueueUnbind,
  "queue.purge": handleQueuePurge,
  "queue.delete": handleQueueDelete,
  "basic.qos": handleQos,
  "basic.consume": handleConsume,
  "basic.cancel": handleCancel,
  "basic.get": handleGet,
  "basic.ack": (channel, { deliveryTag, multiple }) => handleAck(channel, deliveryTag, multiple),
  "basic.nack": handleNack,
  "basic.reject": handleReject,
  "basic.recover": (channel, { requeue }) => {
    handleRecover(channel, requeue);
    channel.send("basic.recover-ok", {});
  },
  "basic.recover-async": (channel, { requeue }) => handleRecover(channel, requeue),
  "basic.cancel-ok": ignore,
  "tx.select": selectTransactions,
  "tx.commit": commitTransaction,
  "tx.rollback": rollBack,
  "confirm.select": (channel, { noWait }) => selectConfirms(channel, noWait),
};

/** Carries out one method on an open channel. @throws ChannelError, ConnectionError */
export function dispatchMethod(channel: Channel, method: Method): void {
  // The table pairs each name with a handler of that very method.
  const handler = HANDLERS[method.name] as ((channel: Channel, method: Method) => void) | undefined;
  if (handler === undefined) throw new ConnectionError("COMMAND_INVALID", "unimplemented method");
  handler(channel, method);
}

/** An answer that was not asked for, and does no harm. */
function ignore(): void {}
