import type { LiveExchange } from "../broker/live-exchange.ts";
import type { Channel } from "../connection/channel.ts";
import type { BrokerQueue } from "../queue/broker-queue.ts";
import { DeliverTotals, PublishTotals } from "./message-counts.ts";

/**
 * What one channel published to one exchange. This and the two below are what is counted on the way of each message, in place: every
 * other figure is a sum of these, made when somebody asks.
 */
export class PublishCounts extends PublishTotals {
  readonly channel: Channel;
  readonly exchange: LiveExchange;

  constructor(channel: Channel, exchange: LiveExchange) {
    super();
    this.channel = channel;
    this.exchange = exchange;
  }
}

/** What one channel got from one queue. */
export class DeliverCounts extends DeliverTotals {
  readonly channel: Channel;
  readonly queue: BrokerQueue;

  constructor(channel: Channel, queue: BrokerQueue) {
    super();
    this.channel = channel;
    this.queue = queue;
  }
}

/** What channels of this node published to one exchange that came to one queue, over other exchanges maybe. */
export class FlowCounts {
  readonly exchange: LiveExchange;
  readonly queue: BrokerQueue;
  publish = 0;

  constructor(exchange: LiveExchange, queue: BrokerQueue) {
    this.exchange = exchange;
    this.queue = queue;
  }
}
