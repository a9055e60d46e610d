import type { LiveExchange } from "../broker/live-exchange.ts";
import type { Channel } from "../connection/channel.ts";
import type { BrokerQueue } from "../queue/broker-queue.ts";
import { DeliverTotals, PublishTotals } from "./message-counts.ts";
import type { NodeTraffic } from "./node-traffic.ts";
import type { DeliverCounts, PublishCounts } from "./traffic-counts.ts";

/** From this many counts on a channel looks for those of deleted objects, each time they have doubled. */
const SWEEP_COUNT = 32;

/** What one channel published, and got. */
export class ChannelTraffic {
  readonly #channel: Channel;
  readonly #node: NodeTraffic;
  #publishes: Map<LiveExchange, PublishCounts> | undefined = undefined;
  #deliveries: Map<BrokerQueue, DeliverCounts> | undefined = undefined;
  /** Of exchanges and queues that are gone. */
  #endedPublishes: PublishTotals | undefined = undefined;
  #endedDeliveries: DeliverTotals | undefined = undefined;
  #publishSweepCount = SWEEP_COUNT;
  #deliverSweepCount = SWEEP_COUNT;

  constructor(channel: Channel, node: NodeTraffic) {
    this.#channel = channel;
    this.#node = node;
  }

  /** It has published something. */
  get isPublisher(): boolean {
    return this.#publishes !== undefined;
  }

  get publishes(): Iterable<PublishCounts> {
    return this.#publishes?.values() ?? [];
  }

  get deliveries(): Iterable<DeliverCounts> {
    return this.#deliveries?.values() ?? [];
  }

  /** Where publishes to the exchange are counted. */
  publishesTo(exchange: LiveExchange): PublishCounts {
    this.#publishes ??= new Map();
    const known = this.#publishes.get(exchange);
    if (known !== undefined) return known;
    if (this.#publishes.size >= this.#publishSweepCount) this.#sweepPublishes(this.#publishes);
    const made = this.#node.startPublishes(this.#channel, exchange);
    this.#publishes.set(exchange, made);
    return made;
  }

  /** Where deliveries from the queue are counted. */
  deliveriesOf(queue: BrokerQueue): DeliverCounts {
    this.#deliveries ??= new Map();
    const known = this.#deliveries.get(queue);
    if (known !== undefined) return known;
    if (this.#deliveries.size >= this.#deliverSweepCount) this.#sweepDeliveries(this.#deliveries);
    const made = this.#node.startDeliveries(this.#channel, queue);
    this.#deliveries.set(queue, made);
    return made;
  }

  /** Adds all that was counted. */
  addTo(publishes: PublishTotals, deliveries: DeliverTotals): void {
    if (this.#endedPublishes !== undefined) publishes.add(this.#endedPublishes);
    if (this.#endedDeliveries !== undefined) deliveries.add(this.#endedDeliveries);
    for (const counts of this.publishes) publishes.add(counts);
    for (const counts of this.deliveries) deliveries.add(counts);
  }

  /** The channel is gone. */
  end(): void {
    for (const counts of this.publishes) this.#node.endPublishes(counts);
    for (const counts of this.deliveries) this.#node.endDeliveries(counts);
    this.#publishes = undefined;
    this.#deliveries = undefined;
  }

  #sweepPublishes(all: Map<LiveExchange, PublishCounts>): void {
    this.#endedPublishes ??= new PublishTotals();
    for (const [exchange, counts] of all) {
      if (!exchange.isDeleted) continue;
      this.#endedPublishes.add(counts);
      this.#node.endPublishes(counts);
      all.delete(exchange);
    }
    this.#publishSweepCount = Math.max(SWEEP_COUNT, all.size * 2);
  }

  #sweepDeliveries(all: Map<BrokerQueue, DeliverCounts>): void {
    this.#endedDeliveries ??= new DeliverTotals();
    for (const [queue, counts] of all) {
      if (!queue.isClosed) continue;
      this.#endedDeliveries.add(counts);
      this.#node.endDeliveries(counts);
      all.delete(queue);
    }
    this.#deliverSweepCount = Math.max(SWEEP_COUNT, all.size * 2);
  }
}
