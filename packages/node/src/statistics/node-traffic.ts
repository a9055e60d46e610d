import type { LiveExchange } from "../broker/live-exchange.ts";
import type { Channel } from "../connection/channel.ts";
import type { BrokerQueue } from "../queue/broker-queue.ts";
import type { DeadLetterReason } from "../queue/queue-effects.ts";
import { ExchangeTraffic } from "./exchange-traffic.ts";
import { MessageSizes } from "./message-sizes.ts";
import { QueueTraffic } from "./queue-traffic.ts";
import { DeliverCounts, FlowCounts, PublishCounts } from "./traffic-counts.ts";
import { TrafficTotals } from "./traffic-totals.ts";

/** Opened and closed, made and deleted on this node since it started. They never fall. */
export interface ChurnCounts {
  connectionsOpened: number;
  connectionsClosed: number;
  channelsOpened: number;
  channelsClosed: number;
  /** queue.declare that went well, also of queues that were there. */
  queuesDeclared: number;
  /** Queues that were declared here, by whatever means, and are new; and those of them that are gone. */
  queuesCreated: number;
  queuesDeleted: number;
}

/** Octets from and to clients, and how many reads and writes they took. */
export interface SocketFigures {
  receivedBytes: number;
  sentBytes: number;
  receivedPackets: number;
  sentPackets: number;
}

/**
 * What the clients of one node do. Messages are counted once, where they pass (PublishCounts, DeliverCounts, FlowCounts); the sums
 * over vhosts and the node are made when somebody asks, of what runs and of what has ended. So they never fall, whatever is deleted.
 */
export class NodeTraffic {
  readonly sizes: MessageSizes = new MessageSizes();
  readonly churn: ChurnCounts = {
    connectionsOpened: 0,
    connectionsClosed: 0,
    channelsOpened: 0,
    channelsClosed: 0,
    queuesDeclared: 0,
    queuesCreated: 0,
    queuesDeleted: 0,
  };
  /** Messages that were sent on to a dead-letter exchange, by type of their queue. */
  readonly deadLetters: Readonly<Record<"classic" | "quorum", Record<DeadLetterReason, number>>> = {
    classic: { rejected: 0, expired: 0, maxlen: 0, delivery_limit: 0 },
    quorum: { rejected: 0, expired: 0, maxlen: 0, delivery_limit: 0 },
  };
  readonly #publishes = new Set<PublishCounts>();
  readonly #deliveries = new Set<DeliverCounts>();
  readonly #flows = new Set<FlowCounts>();
  readonly #ended = new TrafficTotals();
  /** Of vhosts that are there. */
  readonly #endedByVhost = new Map<string, TrafficTotals>();
  readonly #endedSockets: SocketFigures = noSockets();
  readonly #endedSocketsByVhost = new Map<string, SocketFigures>();
  readonly #hasVhost: (name: string) => boolean;

  constructor(hasVhost: (name: string) => boolean) {
    this.#hasVhost = hasVhost;
  }

  /** Of channels that are there. */
  get publishes(): Iterable<PublishCounts> {
    return this.#publishes;
  }

  get deliveries(): Iterable<DeliverCounts> {
    return this.#deliveries;
  }

  get flows(): Iterable<FlowCounts> {
    return this.#flows;
  }

  /** What was counted for channels, exchanges and queues that are gone. */
  get ended(): TrafficTotals {
    return this.#ended;
  }

  /** By clients that are gone; of `vhost`, or of all. */
  endedSockets(vhost?: string): Readonly<SocketFigures> {
    if (vhost === undefined) return this.#endedSockets;
    return this.#endedSocketsByVhost.get(vhost) ?? noSockets();
  }

  /** Since the start of the node. */
  totals(): TrafficTotals {
    const totals = new TrafficTotals();
    totals.add(this.#ended);
    for (const counts of this.#publishes) totals.publishes.add(counts);
    for (const counts of this.#deliveries) totals.deliveries[counts.queue.record.type].add(counts);
    for (const flow of this.#flows) totals.routed += flow.publish;
    return totals;
  }

  /** The same for each vhost that was used. */
  totalsByVhost(): Map<string, TrafficTotals> {
    const found = new Map<string, TrafficTotals>();
    const of = (vhost: string): TrafficTotals => {
      let totals = found.get(vhost);
      if (totals === undefined) {
        totals = new TrafficTotals();
        found.set(vhost, totals);
      }
      return totals;
    };
    for (const [vhost, ended] of this.#endedByVhost) of(vhost).add(ended);
    for (const counts of this.#publishes) of(counts.exchange.record.vhost).publishes.add(counts);
    for (const counts of this.#deliveries) {
      const { vhost, type } = counts.queue.record;
      of(vhost).deliveries[type].add(counts);
    }
    for (const flow of this.#flows) of(flow.exchange.record.vhost).routed += flow.publish;
    return found;
  }

  startPublishes(channel: Channel, exchange: LiveExchange): PublishCounts {
    const counts = new PublishCounts(channel, exchange);
    this.#publishes.add(counts);
    trafficOfExchange(exchange).writers.add(counts);
    return counts;
  }

  startDeliveries(channel: Channel, queue: BrokerQueue): DeliverCounts {
    const counts = new DeliverCounts(channel, queue);
    this.#deliveries.add(counts);
    trafficOfQueue(queue).readers.add(counts);
    return counts;
  }

  /** Where messages are counted that were published to `exchange` and come to `queue`. */
  flow(exchange: LiveExchange, queue: BrokerQueue): FlowCounts {
    const { incoming } = trafficOfQueue(queue);
    let flow = incoming.get(exchange);
    if (flow === undefined) {
      flow = new FlowCounts(exchange, queue);
      incoming.set(exchange, flow);
      trafficOfExchange(exchange).outgoing.add(flow);
      this.#flows.add(flow);
    }
    return flow;
  }

  /** Nothing more is counted there. */
  endPublishes(counts: PublishCounts): void {
    if (!this.#publishes.delete(counts)) return;
    const { exchange } = counts;
    for (const ended of this.#endedOf(exchange.record.vhost)) ended.publishes.add(counts);
    const traffic = trafficOfExchange(exchange);
    traffic.writers.delete(counts);
    traffic.ended.add(counts);
  }

  endDeliveries(counts: DeliverCounts): void {
    if (!this.#deliveries.delete(counts)) return;
    const { queue } = counts;
    const { vhost, type } = queue.record;
    for (const ended of this.#endedOf(vhost)) ended.deliveries[type].add(counts);
    const traffic = trafficOfQueue(queue);
    traffic.readers.delete(counts);
    traffic.ended.add(counts);
  }

  exchangeDeleted({ traffic }: LiveExchange): void {
    for (const flow of traffic?.outgoing ?? []) {
      this.#endFlow(flow);
      const { traffic: ofQueue } = flow.queue;
      if (ofQueue === undefined) continue;
      ofQueue.incoming.delete(flow.exchange);
      ofQueue.endedPublish += flow.publish;
    }
    traffic?.outgoing.clear();
  }

  queueDeleted({ traffic }: BrokerQueue): void {
    for (const flow of traffic?.incoming.values() ?? []) {
      this.#endFlow(flow);
      const { traffic: ofExchange } = flow.exchange;
      if (ofExchange === undefined) continue;
      ofExchange.outgoing.delete(flow);
      ofExchange.endedOut += flow.publish;
    }
    traffic?.incoming.clear();
  }

  vhostDeleted(name: string): void {
    this.#endedByVhost.delete(name);
    this.#endedSocketsByVhost.delete(name);
  }

  /** A client is gone. `vhost` undefined: it had opened none. */
  socketClosed(vhost: string | undefined, figures: Readonly<SocketFigures>): void {
    addSockets(this.#endedSockets, figures);
    if (vhost === undefined || !this.#hasVhost(vhost)) return;
    const ended = this.#endedSocketsByVhost.get(vhost) ?? noSockets();
    addSockets(ended, figures);
    this.#endedSocketsByVhost.set(vhost, ended);
  }

  #endFlow(flow: FlowCounts): void {
    if (!this.#flows.delete(flow)) return;
    for (const ended of this.#endedOf(flow.exchange.record.vhost)) ended.routed += flow.publish;
  }

  #endedOf(vhost: string): readonly TrafficTotals[] {
    if (!this.#hasVhost(vhost)) return [this.#ended];
    let ended = this.#endedByVhost.get(vhost);
    if (ended === undefined) {
      ended = new TrafficTotals();
      this.#endedByVhost.set(vhost, ended);
    }
    return [this.#ended, ended];
  }
}

function trafficOfQueue(queue: BrokerQueue): QueueTraffic {
  queue.traffic ??= new QueueTraffic();
  return queue.traffic;
}

function trafficOfExchange(exchange: LiveExchange): ExchangeTraffic {
  exchange.traffic ??= new ExchangeTraffic();
  return exchange.traffic;
}

function noSockets(): SocketFigures {
  return { receivedBytes: 0, sentBytes: 0, receivedPackets: 0, sentPackets: 0 };
}

/** Adds `more` to `sum`. */
export function addSockets(sum: SocketFigures, more: Readonly<SocketFigures>): void {
  sum.receivedBytes += more.receivedBytes;
  sum.sentBytes += more.sentBytes;
  sum.receivedPackets += more.receivedPackets;
  sum.sentPackets += more.sentPackets;
}
