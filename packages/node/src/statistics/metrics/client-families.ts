import { seriesOf } from "@leveret/management";
import type { Channel } from "../../connection/channel.ts";
import type { Connection } from "../../connection/connection.ts";
import { channelPid, connectionPid } from "../../control/pid-text.ts";
import type { DeliverFigures, PublishFigures } from "../message-counts.ts";
import type { DeliverCounts, PublishCounts } from "../traffic-counts.ts";
import { counter, gauge } from "./metric-spec.ts";
import type { MetricsContext } from "./metrics-context.ts";
import type { ObjectFamily } from "./object-family.ts";

/** Clients that have opened a vhost. */
function* openConnections({ node }: MetricsContext): Iterable<Connection> {
  for (const connection of node.broker.connections) if (connection.isRunning) yield connection;
}

function* openChannels(context: MetricsContext): Iterable<Channel> {
  for (const { channels } of openConnections(context)) yield* channels.values();
}

/** RabbitMQ shows a process id; ours names the node, connection and channel, and the name that people know comes with it. */
function channelLabels(channel: Channel, { node }: MetricsContext): (readonly [string, string])[] {
  return [
    ["channel", channelPid(node.config.node.name, channel)],
    ["connection", channel.connection.name],
  ];
}

export const CONNECTION_COARSE: ObjectFamily<Connection> = {
  name: "connection_coarse_metrics",
  metrics: [
    counter("connection_incoming_bytes_total", "Octets that came from clients"),
    counter("connection_outgoing_bytes_total", "Octets that went to clients"),
  ],
  // Also those that have opened no vhost yet: what they sent stays in the sum.
  objects: ({ node }) => node.broker.connections,
  vhostOf: ({ vhost }) => vhost?.name,
  seriesOf: connectionSeries,
  read: ({ sockets }, into) => {
    into[0] = sockets.receivedBytes;
    into[1] = sockets.sentBytes;
  },
  readEnded: ({ node }, into) => {
    const { receivedBytes, sentBytes } = node.broker.traffic.endedSockets();
    into[0] = receivedBytes;
    into[1] = sentBytes;
  },
};

export const CONNECTION_PACKETS: ObjectFamily<Connection> = {
  name: "connection_metrics",
  metrics: [
    counter(
      "connection_incoming_packets_total",
      "Reads of clients' sockets that brought something",
    ),
    counter("connection_outgoing_packets_total", "Writes to clients' sockets"),
    gauge("connection_pending_packets", "Octets that wait until clients read them"),
    gauge("connection_channels", "Channels of connections"),
  ],
  objects: ({ node }) => node.broker.connections,
  vhostOf: ({ vhost }) => vhost?.name,
  seriesOf: connectionSeries,
  read: (connection, into) => {
    into[0] = connection.receivedPackets;
    into[1] = connection.output.flushCount;
    into[2] = connection.output.unwritten;
    into[3] = connection.channels.size;
  },
  readEnded: ({ node }, into) => {
    const { receivedPackets, sentPackets } = node.broker.traffic.endedSockets();
    into[0] = receivedPackets;
    into[1] = sentPackets;
  },
};

function connectionSeries({ id, name }: Connection, { node }: MetricsContext): string {
  return seriesOf([
    ["channel", connectionPid(node.config.node.name, id)],
    ["connection", name],
  ]);
}

export const CHANNEL_METRICS: ObjectFamily<Channel> = {
  name: "channel_metrics",
  metrics: [
    gauge("channel_consumers", "Consumers of channels"),
    gauge("channel_messages_unacked", "Messages that channels have got and not acknowledged"),
    gauge("channel_messages_unconfirmed", "Publishes that are not confirmed yet"),
    gauge("channel_messages_uncommitted", "Publishes of open transactions"),
    gauge("channel_acks_uncommitted", "Acknowledgements of open transactions"),
    gauge("consumer_prefetch", "Prefetch limit of new consumers; 0: none"),
    gauge("channel_prefetch", "Prefetch limit of channels; 0: none"),
  ],
  objects: openChannels,
  vhostOf: ({ vhost }) => vhost.name,
  seriesOf: (channel, context) => seriesOf(channelLabels(channel, context)),
  read: (channel, into) => {
    into[0] = channel.consumers.size;
    into[1] = channel.ledger.size;
    into[2] = channel.confirms.undecidedCount;
    into[3] = channel.transaction?.publishCount ?? 0;
    into[4] = channel.transaction?.ackCount ?? 0;
    into[5] = channel.consumerPrefetch;
    into[6] = channel.globalPrefetch.limit;
  },
};

export const CHANNEL_EXCHANGE: ObjectFamily<PublishCounts> = {
  name: "channel_exchange_metrics",
  metrics: [
    counter("channel_messages_published_total", "Messages published"),
    counter("channel_messages_confirmed_total", "Messages published and confirmed"),
    counter("channel_messages_unroutable_returned_total", "Mandatory messages that no queue got"),
    counter("channel_messages_unroutable_dropped_total", "Other messages that no queue got"),
  ],
  objects: ({ node }) => node.broker.traffic.publishes,
  vhostOf: ({ channel }) => channel.vhost.name,
  seriesOf: ({ channel, exchange }, context) =>
    seriesOf([
      ...channelLabels(channel, context),
      ["vhost", exchange.record.vhost],
      ["exchange", exchange.name],
    ]),
  read: (counts, into) => writePublishes(counts, into),
  readEnded: ({ node }, into) => writePublishes(node.broker.traffic.ended.publishes, into),
};

function writePublishes(figures: PublishFigures, into: Float64Array): void {
  into[0] = figures.publish;
  into[1] = figures.confirm;
  into[2] = figures.returnUnroutable;
  into[3] = figures.dropUnroutable;
}

export const CHANNEL_QUEUE: ObjectFamily<DeliverCounts> = {
  name: "channel_queue_metrics",
  metrics: [
    counter("channel_get_ack_total", "Messages taken by basic.get, to be acknowledged"),
    counter("channel_get_total", "Messages taken by basic.get without acknowledgement"),
    counter("channel_messages_delivered_ack_total", "Messages delivered, to be acknowledged"),
    counter("channel_messages_delivered_total", "Messages delivered without acknowledgement"),
    counter("channel_messages_redelivered_total", "Messages delivered again"),
    counter("channel_messages_acked_total", "Messages acknowledged by consumers"),
    counter("channel_get_empty_total", "basic.get that found nothing"),
  ],
  objects: ({ node }) => node.broker.traffic.deliveries,
  vhostOf: ({ channel }) => channel.vhost.name,
  seriesOf: ({ channel, queue }, context) =>
    seriesOf([
      ...channelLabels(channel, context),
      ["vhost", queue.record.vhost],
      ["queue", queue.record.name],
    ]),
  read: (counts, into) => writeDeliveries(counts, into),
  readEnded: ({ node }, into) => writeDeliveries(node.broker.traffic.ended.allDeliveries, into),
};

function writeDeliveries(figures: DeliverFigures, into: Float64Array): void {
  into[0] = figures.get;
  into[1] = figures.getNoAck;
  into[2] = figures.deliver;
  into[3] = figures.deliverNoAck;
  into[4] = figures.redeliver;
  into[5] = figures.ack;
  into[6] = figures.getEmpty;
}
