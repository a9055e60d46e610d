import { ConnectionError, NO_METHOD } from "@leveret/amqp";
import { ControlError } from "@leveret/control";
import * as v from "valibot";
import type { BrokerNode } from "../broker/broker-node.ts";
import type { Channel } from "../connection/channel.ts";
import type { ChannelConsumer } from "../connection/channel-consumer.ts";
import type { Connection } from "../connection/connection.ts";
import { type Columns, tableCell } from "./cells.ts";
import { type NodeMethods, whileRunning } from "./control-method.ts";
import { COLUMNS, listed, VHOST } from "./method-params.ts";
import { channelPid, connectionIdOf, connectionPid, isPid } from "./pid-text.ts";

/** A pause between two closes of many is at most so long. */
const DELAY_MAX_MS = 60_000;

export const CONNECTION_METHODS: NodeMethods = {
  list_connections: whileRunning(v.object(COLUMNS), ({ node, broker }, { columns }) =>
    listed(connectionColumns(node.nodeName, broker), columns, open(broker)),
  ),
  list_channels: whileRunning(v.object(COLUMNS), ({ node, broker }, { columns }) =>
    listed(channelColumns(node.nodeName), columns, channels(broker)),
  ),
  list_consumers: whileRunning(
    v.object({ ...VHOST, ...COLUMNS }),
    ({ node, broker }, { vhost, columns }) =>
      listed(consumerColumns(node.nodeName), columns, consumers(broker, vhost)),
  ),
  close_connection: whileRunning(
    v.object({ pid: v.string(), reason: v.string() }),
    async ({ broker }, { pid, reason }) => {
      if (!isPid(pid)) throw new ControlError("invalid_pid", `${pid} is no pid of a connection`);
      const id = connectionIdOf(pid);
      for (const connection of open(broker)) if (connection.id === id) close(connection, reason);
    },
  ),
  close_all_connections: whileRunning(
    v.object({
      vhost: v.optional(v.string()),
      user: v.optional(v.string()),
      limit: v.optional(v.number()),
      delayMs: v.pipe(v.number(), v.minValue(0), v.maxValue(DELAY_MAX_MS)),
      reason: v.string(),
    }),
    async ({ broker }, { vhost, user, limit, delayMs, reason }, { signal }) => {
      const chosen = open(broker)
        .filter((connection) => vhost === undefined || connection.vhost?.name === vhost)
        .filter((connection) => user === undefined || connection.user === user)
        .slice(0, limit);
      for (const connection of chosen) {
        signal.throwIfAborted();
        close(connection, reason);
        if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
      }
      return chosen.length;
    },
  ),
};

/** Clients that have opened a vhost. */
function open({ broker }: BrokerNode): Connection[] {
  return [...broker.connections].filter(({ isRunning }) => isRunning);
}

function channels(broker: BrokerNode): Channel[] {
  return open(broker).flatMap((connection) => [...connection.channels.values()]);
}

function consumers(broker: BrokerNode, vhost: string): ChannelConsumer[] {
  return channels(broker)
    .filter((channel) => channel.vhost.name === vhost)
    .flatMap((channel) => [...channel.consumers.values()]);
}

function close(connection: Connection, reason: string): void {
  const error = new ConnectionError("CONNECTION_FORCED", reason, { failed: NO_METHOD });
  connection.closeByServer(error);
}

function connectionColumns(nodeName: string, broker: BrokerNode): Columns<Connection> {
  const tlsPorts = new Set(
    broker.listeners.filter(({ isTls }) => isTls).map(({ address }) => address.port),
  );
  return {
    pid: ({ id }) => connectionPid(nodeName, id),
    name: ({ name }) => name,
    host: ({ name }) => endsOf(name).local.host,
    port: ({ name }) => endsOf(name).local.port,
    peer_host: ({ name }) => endsOf(name).remote.host,
    peer_port: ({ name }) => endsOf(name).remote.port,
    ssl: ({ name }) => tlsPorts.has(endsOf(name).local.port),
    state: ({ isBlocked }) => (isBlocked ? "blocked" : "running"),
    channels: (connection) => connection.channels.size,
    protocol: () => "{0,9,1}",
    user: ({ user }) => user,
    vhost: ({ vhost }) => vhost?.name ?? null,
    timeout: ({ heartbeatSeconds }) => heartbeatSeconds,
    frame_max: ({ frameMax }) => frameMax,
    channel_max: ({ channelMax }) => channelMax,
    client_properties: ({ client }) => tableCell(client.table),
    user_provided_name: ({ client }) => client.connectionName ?? null,
    send_pend: ({ output }) => output.unwritten,
  };
}

interface End {
  readonly host: string;
  readonly port: number;
}

/** From `127.0.0.1:51234 -> 127.0.0.1:5672`. */
function endsOf(name: string): { readonly remote: End; readonly local: End } {
  const [remote = "", local = ""] = name.split(" -> ");
  return { remote: endOf(remote), local: endOf(local) };
}

function endOf(text: string): End {
  const at = text.lastIndexOf(":");
  return { host: text.slice(0, at), port: Number(text.slice(at + 1)) };
}

function channelColumns(nodeName: string): Columns<Channel> {
  return {
    pid: (channel) => channelPid(nodeName, channel),
    connection: ({ connection }) => connectionPid(nodeName, connection.id),
    name: ({ connection, number }) => `${connection.name} (${number})`,
    number: ({ number }) => number,
    user: ({ connection }) => connection.user,
    vhost: ({ vhost }) => vhost.name,
    transactional: ({ mode }) => mode === "tx",
    confirm: ({ mode }) => mode === "confirm",
    consumer_count: (channel) => channel.consumers.size,
    messages_unacknowledged: ({ ledger }) => ledger.size,
    messages_unconfirmed: ({ confirms }) => confirms.undecidedCount,
    prefetch_count: ({ consumerPrefetch }) => consumerPrefetch,
    global_prefetch_count: ({ globalPrefetch }) => globalPrefetch.limit,
  };
}

function consumerColumns(nodeName: string): Columns<ChannelConsumer> {
  return {
    queue_name: ({ queue }) => queue.record.name,
    channel_pid: ({ channel }) => channelPid(nodeName, channel),
    consumer_tag: ({ tag }) => tag,
    ack_required: ({ noAck }) => !noAck,
    prefetch_count: ({ handle }) => handle?.spec.prefetch ?? 0,
    active: isActive,
    activity_status: (consumer) => {
      if (!consumer.queue.config.singleActiveConsumer) return "up";
      return isActive(consumer) ? "single_active" : "waiting";
    },
    arguments: () => [],
  };
}

/** Of a queue that takes turns, every consumer is. */
function isActive({ queue, handle }: ChannelConsumer): boolean {
  return !queue.config.singleActiveConsumer || handle?.isActive === true;
}
