import type { JsonObject } from "@leveret/management";
import type { Broker } from "../../broker/broker.ts";
import type { Channel } from "../../connection/channel.ts";
import type { ChannelConsumer } from "../../connection/channel-consumer.ts";
import type { Connection } from "../../connection/connection.ts";
import { channelName } from "./channel-name.ts";
import { channelColumns, channelDetailColumns } from "./channel-object.ts";
import { connectionColumns, connectionDetailColumns } from "./connection-object.ts";
import { consumerColumns } from "./consumer-object.ts";
import { columnValue, type ObjectColumns, objectOf } from "./object-columns.ts";

/** What clients of a node have there; other nodes know nothing of it. */
export type ClientKind = "connections" | "channels" | "consumers";

/** An object of a client, as it is listed: its key names it on its node. */
interface ClientFacts {
  readonly key: string;
  readonly vhost: string;
  readonly name: string;
  readonly user: string;
}

/** The objects of one kind on one node. */
export interface ClientObjects {
  all(): Iterable<ClientFacts>;
  /** undefined: it is gone. */
  value(key: string, path: readonly string[]): JsonObject[string];
  /** undefined: it is gone. */
  object(
    key: string,
    options: { readonly isDetailed: boolean; readonly keys?: readonly string[] | undefined },
  ): JsonObject | undefined;
}

interface Source<Item> {
  items(): Iterable<Item>;
  facts(item: Item): ClientFacts;
  find(key: string): Item | undefined;
  readonly columns: ObjectColumns<Item>;
  readonly detailColumns: ObjectColumns<Item>;
}

/** Those of this node, as of now. */
export function clientObjects(kind: ClientKind, nodeName: string, broker: Broker): ClientObjects {
  const connections = new Map(Array.from(openConnections(broker), (one) => [String(one.id), one]));
  switch (kind) {
    case "connections":
      return objectsOf(connectionSource(nodeName, connections));
    case "channels":
      return objectsOf(channelSource(nodeName, connections));
    case "consumers":
      return objectsOf(consumerSource(nodeName, connections));
    default:
      return kind satisfies never;
  }
}

type Connections = ReadonlyMap<string, Connection>;

/** Clients that have opened a vhost. */
function* openConnections({ connections }: Broker): Generator<Connection> {
  for (const connection of connections) if (connection.isRunning) yield connection;
}

function connectionSource(nodeName: string, connections: Connections): Source<Connection> {
  return {
    items: () => connections.values(),
    facts: (connection) => ({
      key: String(connection.id),
      vhost: connection.vhost?.name ?? "",
      name: connection.name,
      user: connection.user,
    }),
    find: (key) => connections.get(key),
    columns: connectionColumns(nodeName),
    detailColumns: connectionDetailColumns(nodeName),
  };
}

function channelSource(nodeName: string, connections: Connections): Source<Channel> {
  return {
    *items() {
      for (const { channels } of connections.values()) yield* channels.values();
    },
    facts: (channel) => ({
      key: channelKey(channel),
      vhost: channel.vhost.name,
      name: channelName(channel),
      user: channel.connection.user,
    }),
    find: (key) => findChannel(connections, key),
    columns: channelColumns(nodeName),
    detailColumns: channelDetailColumns(nodeName),
  };
}

function consumerSource(nodeName: string, connections: Connections): Source<ChannelConsumer> {
  const columns = consumerColumns(nodeName);
  return {
    *items() {
      for (const { channels } of connections.values()) {
        for (const { consumers } of channels.values()) yield* consumers.values();
      }
    },
    facts: ({ tag, channel }) => ({
      key: `${channelKey(channel)} ${tag}`,
      vhost: channel.vhost.name,
      name: tag,
      user: channel.connection.user,
    }),
    find: (key) => {
      const end = key.indexOf(" ");
      return findChannel(connections, key.slice(0, end))?.consumers.get(key.slice(end + 1));
    },
    columns,
    detailColumns: columns,
  };
}

function channelKey({ connection, number }: Channel): string {
  return `${connection.id}.${number}`;
}

function findChannel(connections: Connections, key: string): Channel | undefined {
  const [connection = "", number] = key.split(".");
  return connections.get(connection)?.channels.get(Number(number));
}

function objectsOf<Item>(source: Source<Item>): ClientObjects {
  return {
    *all() {
      for (const item of source.items()) yield source.facts(item);
    },
    value: (key, path) => {
      const item = source.find(key);
      return item === undefined ? undefined : columnValue(source.columns, item, path);
    },
    object: (key, { isDetailed, keys }) => {
      const item = source.find(key);
      if (item === undefined) return undefined;
      return objectOf(isDetailed ? source.detailColumns : source.columns, item, keys);
    },
  };
}
