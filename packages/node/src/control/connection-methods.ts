import { ConnectionError, NO_METHOD } from "@leveret/amqp";
import { ControlError } from "@leveret/control";
import * as v from "valibot";
import type { BrokerNode } from "../broker/broker-node.ts";
import type { Channel } from "../connection/channel.ts";
import type { ChannelConsumer } from "../connection/channel-consumer.ts";
import type { Connection } from "../connection/connection.ts";
import { endsOf } from "../connection/connection-ends.ts";
import { isAnswering } from "./answering-queue.ts";
import { type Columns, tableCell } from "./cells.ts";
import { type NodeMethods, whileRunning } from "./control-method.ts";
import { COLUMNS, listed, VHOST } from "./method-params.ts";
import { channelPid, connectionIdOf, connectionPid, isPid, nodeOfPid } from "./pid-text.ts";
import { askIfThere, rowsOfAll } from "./whole-cluster.ts";

/** A pause between two closes of many is at most so long. */
const DELAY_MAX_MS = 60_000;

/** Asked by an operator, a node answers for all; asked by another node, for itself. */
const LOCAL = { local: v.optional(v.boolean(), false) };
const CLOSED_MANY = v.object({
  ...LOCAL,
  vhost: v.optional(v.string()),
  user: v.optional(v.string()),
  limit: v.optional(v.number()),
  delayMs: v.pipe(v.number(), v.minValue(0), v.maxValue(DELAY_MAX_MS)),
  reason: v.string(),
});
type ClosedMany = v.InferOutput<typeof CLOSED_MANY>;

export const CONNECTION_METHODS: NodeMethods = {
  list_connections: whileRunning(
    v.object({ ...COLUMNS, ...LOCAL }),
    ({ node, broker }, { columns, local }) => {
      const own = listed(connectionColumns(node.nodeName, broker), columns, open(broker));
      return rowsOfAll(node, own, { method: "list_connections", params: { columns }, local });
    },
  ),
  list_channels: whileRunning(
    v.object({ ...COLUMNS, ...LOCAL }),
    ({ node, broker }, { columns, local }) => {
      const own = listed(channelColumns(node.nodeName), columns, channels(broker));
      return rowsOfAll(node, own, { method: "list_channels", params: { columns }, local });
    },
  ),
  list_consumers: whileRunning(
    v.object({ ...VHOST, ...COLUMNS, ...LOCAL }),
    ({ node, broker }, { vhost, columns, local }) => {
      const own = listed(consumerColumns(node.nodeName), columns, consumers(broker, vhost));
      const params = { vhost, columns };
      return rowsOfAll(node, own, { method: "list_consumers", params, local });
    },
  ),
  close_connection: whileRunning(
    v.object({ pid: v.string(), reason: v.string() }),
    async ({ node, broker }, { pid, reason }) => {
      if (!isPid(pid)) throw new ControlError("invalid_pid", `${pid} is no pid of a connection`);
      const other = node.others.find(({ name }) => name === nodeOfPid(pid));
      if (other !== undefined) return askIfThere(other, "close_connection", { pid, reason });
      const id = connectionIdOf(pid);
      for (const connection of open(broker)) if (connection.id === id) close(connection, reason);
      return undefined;
    },
  ),
  close_all_connections: whileRunning(CLOSED_MANY, async (running, asked, { signal }) => {
    let count = await closeOwn(running.broker, asked, signal);
    // Without a vhost or a user it is about one node (RabbitMQ).
    const isLocal = asked.local || (asked.vhost === undefined && asked.user === undefined);
    for (const other of isLocal ? [] : running.node.others) {
      signal.throwIfAborted();
      const limit = asked.limit === undefined ? undefined : asked.limit - count;
      if (limit !== undefined && limit <= 0) break;
      const params = { ...asked, limit, local: true };
      // With pauses it takes as long as it takes; the operator's call has its own time.
      const timeoutMs = asked.delayMs > 0 ? Number.POSITIVE_INFINITY : undefined;
      const closed = await askIfThere(other, "close_all_connections", params, timeoutMs);
      if (typeof closed === "number") count += closed;
    }
    return count;
  }),
};

/** Resolves with how many that were. */
async function closeOwn(
  broker: BrokerNode,
  { vhost, user, limit, delayMs, reason }: ClosedMany,
  signal: AbortSignal,
): Promise<number> {
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
}

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
    connected_at: ({ connectedAtMs }) => connectedAtMs,
    auth_mechanism: ({ authMechanism }) => authMechanism,
    recv_oct: ({ sockets }) => sockets.receivedBytes,
    recv_cnt: ({ receivedPackets }) => receivedPackets,
    send_oct: ({ sockets }) => sockets.sentBytes,
    send_cnt: ({ output }) => output.flushCount,
    send_pend: ({ output }) => output.unwritten,
    ...TLS_COLUMNS,
  };
}

/** Empty where there is no TLS, or no certificate of the client. */
const TLS_COLUMNS: Columns<Connection> = {
  ssl_protocol: ({ tls }) => tls?.protocol ?? null,
  ssl_cipher: ({ tls }) => tls?.cipher ?? null,
  ssl_hash: ({ tls }) => /SHA\d*$/.exec(tls?.cipher ?? "")?.[0] ?? null,
  ssl_key_exchange: ({ tls }) => /^TLS_(.+)_WITH_/.exec(tls?.cipher ?? "")?.[1] ?? null,
  peer_cert_subject: ({ tls }) => tls?.peerCertificate?.subject ?? null,
  peer_cert_issuer: ({ tls }) => tls?.peerCertificate?.issuer ?? null,
  peer_cert_validity: ({ tls }) => {
    const certificate = tls?.peerCertificate;
    return certificate === undefined ? null : `${certificate.validFrom} - ${certificate.validTo}`;
  },
};

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
    messages_uncommitted: ({ transaction }) => transaction?.publishCount ?? 0,
    acks_uncommitted: ({ transaction }) => transaction?.ackCount ?? 0,
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
    activity_status: async (consumer) => {
      if (!consumer.queue.config.singleActiveConsumer) return "up";
      return (await isActive(consumer)) ? "single_active" : "waiting";
    },
    arguments: (consumer) => tableCell(consumer.arguments),
  };
}

/** Of a queue whose consumers take turns, every one is. Which one alone gets the messages of another, its leader knows. */
async function isActive({ queue, handle }: ChannelConsumer): Promise<boolean> {
  if (!queue.config.singleActiveConsumer) return true;
  await isAnswering(queue);
  return handle?.isActive === true;
}
