import type { Broker } from "../broker/broker.ts";
import { addSockets, type SocketFigures } from "./node-traffic.ts";

/** What a vhost, or the node, has besides messages that pass. */
export interface HeldFigures extends SocketFigures {
  /** In queues that this node leads. */
  ready: number;
  unacked: number;
}

/** The same by vhost, and in all. */
export interface Held {
  readonly total: HeldFigures;
  readonly byVhost: ReadonlyMap<string, HeldFigures>;
}

/** Walks over all queues and connections: a millisecond for 10,000 of them. */
export function heldBy(broker: Broker): Held {
  const total = { ready: 0, unacked: 0, ...broker.traffic.endedSockets() };
  const byVhost = new Map<string, HeldFigures>();
  for (const vhost of broker.vhosts.values()) {
    const held = { ready: 0, unacked: 0, ...broker.traffic.endedSockets(vhost.name) };
    for (const queue of vhost.queues.values()) {
      if (!queue.isServing) continue;
      held.ready += queue.readyCount;
      held.unacked += queue.unackedCount;
    }
    total.ready += held.ready;
    total.unacked += held.unacked;
    byVhost.set(vhost.name, held);
  }
  for (const { sockets, vhost } of broker.connections) {
    addSockets(total, sockets);
    const held = vhost === undefined ? undefined : byVhost.get(vhost.name);
    if (held !== undefined) addSockets(held, sockets);
  }
  return { total, byVhost };
}

/** Of a vhost that has just come. */
export function nothingHeld(): HeldFigures {
  return {
    ready: 0,
    unacked: 0,
    receivedBytes: 0,
    sentBytes: 0,
    receivedPackets: 0,
    sentPackets: 0,
  };
}
