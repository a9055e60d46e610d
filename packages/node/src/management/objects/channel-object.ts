import type { JsonObject } from "@leveret/management";
import type { Channel } from "../../connection/channel.ts";
import { endsOf } from "../../connection/connection-ends.ts";
import { channelName } from "./channel-name.ts";
import { consumerColumns } from "./consumer-object.ts";
import { type ObjectColumns, objectOf } from "./object-columns.ts";

/** A channel as GET /api/channels shows it; without what RabbitMQ tells of its Erlang processes. */
export function channelColumns(nodeName: string): ObjectColumns<Channel> {
  return {
    node: () => nodeName,
    name: channelName,
    number: ({ number }) => number,
    vhost: ({ vhost }) => vhost.name,
    user: ({ connection }) => connection.user,
    user_who_performed_action: ({ connection }) => connection.user,
    connection_details: ({ connection: { name } }) => {
      const { host, port } = endsOf(name).remote;
      return { name, peer_host: host, peer_port: port };
    },
    state: ({ connection, isClosing }) =>
      isClosing ? "closing" : connection.isReadingPaused ? "flow" : "running",
    transactional: ({ mode }) => mode === "tx",
    confirm: ({ mode }) => mode === "confirm",
    consumer_count: ({ consumers }) => consumers.size,
    prefetch_count: ({ consumerPrefetch }) => consumerPrefetch,
    global_prefetch_count: ({ globalPrefetch }) => globalPrefetch.limit,
    messages_unacknowledged: ({ ledger }) => ledger.size,
    messages_unconfirmed: ({ confirms }) => confirms.undecidedCount,
    messages_uncommitted: ({ transaction }) => transaction?.publishCount ?? 0,
    acks_uncommitted: ({ transaction }) => transaction?.ackCount ?? 0,
  };
}

/** With what only the answer about a single channel has. */
export function channelDetailColumns(nodeName: string): ObjectColumns<Channel> {
  return {
    ...channelColumns(nodeName),
    consumer_details: (channel): JsonObject[] => {
      const columns = consumerColumns(nodeName);
      return Array.from(channel.consumers.values(), (consumer) => objectOf(columns, consumer));
    },
  };
}
