import type { Broker } from "../broker/broker.ts";
import type { Connection } from "../connection/connection.ts";
import type { BrokerQueue } from "../queue/broker-queue.ts";

/** Counts of one queue at the time of asking. */
export interface QueueInfo {
  readonly name: string;
  readonly vhost: string;
  readonly messagesReady: number;
  readonly messagesUnacknowledged: number;
  readonly consumers: number;
}

/** One client that has opened a vhost. */
export interface ConnectionInfo {
  /** `127.0.0.1:51234 -> 127.0.0.1:5672`; no two open connections have the same. */
  readonly name: string;
  /** What the client called itself (`connection_name`); undefined: nothing. */
  readonly clientName: string | undefined;
  readonly user: string;
  readonly vhost: string | undefined;
  readonly channels: number;
}

export function queueInfo(queue: BrokerQueue): QueueInfo {
  const { name, vhost } = queue.record;
  return {
    name,
    vhost,
    messagesReady: queue.readyCount,
    messagesUnacknowledged: queue.unackedCount,
    consumers: queue.consumerCount,
  };
}

export function connectionInfo(connection: Connection): ConnectionInfo {
  return {
    name: connection.name,
    clientName: connection.client.connectionName,
    user: connection.user,
    vhost: connection.vhost?.name,
    channels: connection.channels.size,
  };
}

/** @throws Error that names the queues there are */
export function getQueue(broker: Broker, name: string, vhostName: string): BrokerQueue {
  const vhost = broker.vhosts.get(vhostName);
  if (vhost === undefined) {
    throw new Error(`no vhost '${vhostName}'; there is: ${quoted(broker.vhosts.keys())}`);
  }
  const queue = vhost.queues.get(name);
  if (queue === undefined) {
    throw new Error(`no queue '${name}' in vhost '${vhostName}'; ${existing(vhost.queues)}`);
  }
  return queue;
}

/** Names listed in an error message, at most. */
const NAMES_SHOWN_MAX = 10;

function existing(queues: ReadonlyMap<string, BrokerQueue>): string {
  if (queues.size === 0) return "no queue has been declared there";
  const more = queues.size > NAMES_SHOWN_MAX ? ` and ${queues.size - NAMES_SHOWN_MAX} more` : "";
  return `there is: ${quoted([...queues.keys()].slice(0, NAMES_SHOWN_MAX))}${more}`;
}

function quoted(names: Iterable<string>): string {
  return [...names].map((name) => `'${name}'`).join(", ");
}
