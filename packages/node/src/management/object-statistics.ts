import type { JsonObject, SampleWindows } from "@leveret/management";
import type { BrokerNode } from "../broker/broker-node.ts";
import type { LiveExchange } from "../broker/live-exchange.ts";
import type { Channel } from "../connection/channel.ts";
import { endsOf } from "../connection/connection-ends.ts";
import type { BrokerQueue } from "../queue/broker-queue.ts";
import type { Reading } from "../statistics/history.ts";
import { channelName } from "./objects/channel-name.ts";

/** Kinds of objects that have figures of their own. */
export const STATISTICS_KINDS = ["connections", "channels", "exchanges", "queues"] as const;
export type StatisticsKind = (typeof STATISTICS_KINDS)[number];

/** Names an object on its node: `ID` of a connection, `ID.NUMBER` of a channel; vhost and name of others. */
export type ObjectId = string | readonly [vhost: string, name: string];

/** What one object did with others, each with a label as GET shows it: `{ exchange: { name, vhost } }`. */
export type DetailList = readonly (readonly [label: JsonObject, reading: Reading])[];

/** What one node knows of an object. */
export interface ObjectPart {
  readonly reading: Reading;
  /** Something has passed through it here. */
  readonly isUsed: boolean;
  /** By the key of the answer: `incoming`, `deliveries` and so on. Only if asked for. */
  readonly details: Readonly<Record<string, DetailList>>;
}

export interface PartOptions {
  readonly windows: SampleWindows;
  readonly isDetailed: boolean;
}

/** Finds the figures of one kind of object on this node, as of now. */
export function objectParts(
  kind: StatisticsKind,
  node: BrokerNode,
  options: PartOptions,
): (id: ObjectId) => ObjectPart | undefined {
  const { vhosts } = node.broker;
  switch (kind) {
    case "connections":
    case "channels":
      return clientParts(kind, node, options);
    case "exchanges":
      return ([vhost = "", name = ""]) => {
        const exchange = vhosts.get(vhost)?.exchanges.get(name);
        return exchange && exchangePart(node, exchange, options);
      };
    case "queues":
      return ([vhost = "", name = ""]) => {
        const queue = vhosts.get(vhost)?.queues.get(name);
        return queue && queuePart(node, queue, options);
      };
    default:
      return kind satisfies never;
  }
}

function clientParts(
  kind: "connections" | "channels",
  node: BrokerNode,
  options: PartOptions,
): (id: ObjectId) => ObjectPart | undefined {
  const { statistics } = node.figures;
  const connections = new Map(Array.from(node.broker.connections, (one) => [one.id, one]));
  return (id) => {
    const [connectionId, number] = String(id).split(".");
    const connection = connections.get(Number(connectionId));
    if (connection === undefined) return undefined;
    if (kind === "connections") {
      const reading = statistics.connection(connection, options.windows);
      return { reading, isUsed: true, details: {} };
    }
    const channel = connection.channels.get(Number(number));
    return channel && channelPart(node, channel, options);
  };
}

function channelPart(
  { figures }: BrokerNode,
  channel: Channel,
  { windows, isDetailed }: PartOptions,
): ObjectPart {
  const { statistics } = figures;
  const reading = statistics.channel(channel, windows);
  const isUsed = hasFigures(reading);
  if (!isDetailed) return { reading, isUsed, details: {} };
  const { publishes, deliveries } = channel.traffic;
  return {
    reading,
    isUsed,
    details: {
      publishes: Array.from(publishes, (counts) => [
        exchangeLabel(counts.exchange),
        statistics.publishes(counts),
      ]),
      deliveries: Array.from(deliveries, (counts) => [
        queueLabel(counts.queue),
        statistics.deliveries(counts),
      ]),
    },
  };
}

function exchangePart(
  { figures, config }: BrokerNode,
  exchange: LiveExchange,
  { windows, isDetailed }: PartOptions,
): ObjectPart {
  const { statistics } = figures;
  const { traffic } = exchange;
  const reading = statistics.exchange(exchange, windows);
  const isUsed = hasFigures(reading);
  if (!isDetailed) return { reading, isUsed, details: {} };
  return {
    reading,
    isUsed,
    details: {
      incoming: Array.from(traffic?.writers ?? [], (counts) => [
        channelLabel(counts.channel, config.node.name),
        statistics.publishes(counts),
      ]),
      outgoing: Array.from(traffic?.outgoing ?? [], (flow) => [
        queueLabel(flow.queue),
        statistics.flow(flow),
      ]),
    },
  };
}

function queuePart(
  { figures, config }: BrokerNode,
  queue: BrokerQueue,
  { windows, isDetailed }: PartOptions,
): ObjectPart {
  const { statistics } = figures;
  const { traffic } = queue;
  const reading = statistics.queue(queue, windows);
  const isUsed = hasFigures(reading);
  if (!isDetailed) return { reading, isUsed, details: {} };
  return {
    reading,
    isUsed,
    details: {
      incoming: Array.from(traffic?.incoming.values() ?? [], (flow) => [
        exchangeLabel(flow.exchange),
        statistics.flow(flow),
      ]),
      deliveries: Array.from(traffic?.readers ?? [], (counts) => [
        channelLabel(counts.channel, config.node.name),
        statistics.deliveries(counts),
      ]),
    },
  };
}

function hasFigures({ values, samples }: Reading): boolean {
  const isFull = (row: readonly number[]): boolean => row.some((value) => value !== 0);
  return isFull(values) || Object.values(samples).some((rows) => rows.some(isFull));
}

function exchangeLabel({ record: { name, vhost } }: LiveExchange): JsonObject {
  return { exchange: { name, vhost } };
}

function queueLabel({ record: { name, vhost } }: BrokerQueue): JsonObject {
  return { queue: { name, vhost } };
}

function channelLabel(channel: Channel, node: string): JsonObject {
  const { connection, number } = channel;
  const { host, port } = endsOf(connection.name).remote;
  return {
    channel_details: {
      name: channelName(channel),
      number,
      user: connection.user,
      connection_name: connection.name,
      peer_port: port,
      peer_host: host,
      node,
    },
  };
}
