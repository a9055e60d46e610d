import { refusedChange } from "../../errors.ts";
import type { Applied, MetadataCommand, MetadataResult, Refusal } from "../../metadata/commands.ts";
import type { Channel } from "../channel.ts";
import { suspendFor } from "../suspended-call.ts";

/**
 * Changes the metadata for a client, and calls `then` when the client may be told. A refusal, which comes from changes since the
 * handler's checks, fails the channel or the connection. @throws AmqpError
 */
export function changeMetadata(
  channel: Channel,
  command: MetadataCommand,
  then: (applied: Applied) => void,
): void {
  suspendFor<MetadataResult>(
    channel,
    (done) =>
      channel.broker.metadataStore.submit(command, done, "stored", channel.connection.actor),
    (result) => {
      if (!result.ok) throw refusedChange(result);
      then(result);
    },
  );
}

/**
 * Calls `then` when what the metadata shows is stored: nothing has to be changed for this client, but its answer rests on what another
 * one may have changed just now.
 */
export function whenStored(channel: Channel, then: () => void): void {
  suspendFor<Refusal | undefined>(
    channel,
    (done) => channel.broker.metadataStore.whenStored(done),
    (failure) => {
      if (failure !== undefined) throw refusedChange(failure);
      then();
    },
  );
}
