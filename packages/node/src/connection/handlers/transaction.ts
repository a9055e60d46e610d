import { preconditionFailed } from "../../errors.ts";
import type { Channel } from "../channel.ts";
import type { ChannelTransaction } from "../channel-transaction.ts";
import { suspendFor } from "../suspended-call.ts";
import { countPublish, deliverTo, handleUnroutable } from "./publish.ts";

/** tx.select (spec 1.9.2.1). A channel is either transactional or confirms (RabbitMQ). */
export function selectTransactions(channel: Channel): void {
  if (channel.mode === "confirm") throw preconditionFailed("cannot switch from confirm to tx mode");
  channel.startTransactions();
  channel.send("tx.select-ok", {});
}

/** confirm.select: RabbitMQ's publisher confirms. */
export function selectConfirms(channel: Channel, noWait: boolean): void {
  if (channel.mode === "tx") throw preconditionFailed("cannot switch from tx to confirm mode");
  channel.mode = "confirm";
  if (!noWait) channel.send("confirm.select-ok", {});
}

/** tx.commit (spec 1.9.2.3). @throws ChannelError 406 when a queue refused a message */
export function commitTransaction(channel: Channel): void {
  const transaction = requireTransaction(channel);
  suspendFor<boolean>(
    channel,
    (done) => {
      transaction.commit(({ message, sinks, mandatory, counts, flows }, receipt) => {
        countPublish(counts, flows);
        if (sinks === undefined) return deliverTo(channel, message, []);
        handleUnroutable(channel, { message, sinks, mandatory, counts });
        return deliverTo(channel, message, sinks, receipt);
      }, done);
    },
    (isAccepted) => {
      if (!isAccepted) throw preconditionFailed("partial tx completion");
      channel.send("tx.commit-ok", {});
    },
  );
}

/** tx.rollback (spec 1.9.2.5). */
export function rollBack(channel: Channel): void {
  requireTransaction(channel).rollback();
  channel.send("tx.rollback-ok", {});
}

function requireTransaction(channel: Channel): ChannelTransaction {
  if (channel.transaction === undefined) throw preconditionFailed("channel is not transactional");
  return channel.transaction;
}
