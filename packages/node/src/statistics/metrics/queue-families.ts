import { seriesOf } from "@leveret/management";
import type { LiveExchange } from "../../broker/live-exchange.ts";
import type { BrokerQueue } from "../../queue/broker-queue.ts";
import { readExchange } from "../figures.ts";
import { DeliverTotals } from "../message-counts.ts";
import type { FlowCounts } from "../traffic-counts.ts";
import { counter, gauge, type MetricSpec } from "./metric-spec.ts";
import type { MetricsContext } from "./metrics-context.ts";
import type { ObjectFamily } from "./object-family.ts";

/** Queues that this node leads: in a cluster each is told by one node. */
function* servedQueues({ node }: MetricsContext): Iterable<BrokerQueue> {
  for (const { queues } of node.broker.vhosts.values()) {
    for (const queue of queues.values()) if (queue.isServing) yield queue;
  }
}

/** Queues that clients of this node have used. */
function* usedQueues({ node }: MetricsContext): Iterable<BrokerQueue> {
  for (const { queues } of node.broker.vhosts.values()) {
    for (const queue of queues.values()) if (queue.traffic !== undefined) yield queue;
  }
}

function* usedExchanges({ node }: MetricsContext): Iterable<LiveExchange> {
  for (const { exchanges } of node.broker.vhosts.values()) {
    for (const exchange of exchanges.values()) if (exchange.traffic !== undefined) yield exchange;
  }
}

const OF_QUEUE = {
  vhostOf: ({ record }: BrokerQueue) => record.vhost,
  seriesOf: ({ record }: BrokerQueue) =>
    seriesOf([
      ["vhost", record.vhost],
      ["queue", record.name],
    ]),
};

export const QUEUE_COARSE: ObjectFamily<BrokerQueue> = {
  name: "queue_coarse_metrics",
  metrics: [
    gauge("queue_messages_ready", "Messages that wait for a consumer"),
    gauge("queue_messages_unacked", "Messages that were delivered and are not acknowledged yet"),
    gauge("queue_messages", "Messages in queues: ready and unacknowledged ones"),
  ],
  objects: servedQueues,
  ...OF_QUEUE,
  read: (queue, into) => {
    into[0] = queue.readyCount;
    into[1] = queue.unackedCount;
    into[2] = queue.readyCount + queue.unackedCount;
  },
};

const CONSUMERS: MetricSpec = gauge("queue_consumers", "Consumers of queues");

export const QUEUE_CONSUMER_COUNT: ObjectFamily<BrokerQueue> = {
  name: "queue_consumer_count",
  metrics: [CONSUMERS],
  objects: servedQueues,
  ...OF_QUEUE,
  read: (queue, into) => {
    into[0] = queue.consumerCount;
  },
};

export const QUEUE_METRICS: ObjectFamily<BrokerQueue> = {
  name: "queue_metrics",
  metrics: [
    CONSUMERS,
    gauge("queue_messages_persistent", "Messages of queues that are in the log"),
    gauge("queue_messages_persistent_bytes", "Octets of messages that are in the log"),
    gauge("queue_messages_bytes", "Octets of the bodies of all messages in queues"),
    gauge("queue_messages_ready_bytes", "Octets of the bodies of ready messages"),
    gauge("queue_messages_unacked_bytes", "Octets of the bodies of unacknowledged messages"),
  ],
  objects: servedQueues,
  ...OF_QUEUE,
  read: (queue, into) => {
    const { counts } = queue;
    into[0] = counts.consumers;
    into[1] = counts.persistent;
    into[2] = counts.persistentBytes;
    into[3] = counts.readyBytes + counts.unackedBytes;
    into[4] = counts.readyBytes;
    into[5] = counts.unackedBytes;
  },
};

export const QUEUE_DELIVERY: ObjectFamily<BrokerQueue> = {
  name: "queue_delivery_metrics",
  metrics: [
    counter("queue_get_ack_total", "Messages taken by basic.get, to be acknowledged"),
    counter("queue_get_total", "Messages taken by basic.get without acknowledgement"),
    counter("queue_messages_delivered_ack_total", "Messages delivered, to be acknowledged"),
    counter("queue_messages_delivered_total", "Messages delivered without acknowledgement"),
    counter("queue_messages_redelivered_total", "Messages delivered again"),
    counter("queue_messages_acked_total", "Messages acknowledged by consumers"),
    counter("queue_get_empty_total", "basic.get that found nothing"),
  ],
  objects: usedQueues,
  ...OF_QUEUE,
  read: (queue, into) => {
    const totals = new DeliverTotals();
    queue.traffic?.addDeliveries(totals);
    into[0] = totals.get;
    into[1] = totals.getNoAck;
    into[2] = totals.deliver;
    into[3] = totals.deliverNoAck;
    into[4] = totals.redeliver;
    into[5] = totals.ack;
    into[6] = totals.getEmpty;
  },
};

const OF_FLOW = {
  objects: ({ node }: MetricsContext) => node.broker.traffic.flows,
  vhostOf: ({ queue }: FlowCounts) => queue.record.vhost,
  seriesOf: ({ queue, exchange }: FlowCounts) =>
    seriesOf([
      ["vhost", queue.record.vhost],
      ["exchange", exchange.name],
      ["queue", queue.record.name],
    ]),
  read: (flow: FlowCounts, into: Float64Array) => {
    into[0] = flow.publish;
  },
};

/** RabbitMQ's has a label for the channel, too: here flows of an exchange to a queue are counted for all channels together. */
export const QUEUE_PUBLISHES: ObjectFamily<FlowCounts> = {
  name: "channel_queue_exchange_metrics",
  metrics: [counter("queue_messages_published_total", "Messages published into queues")],
  ...OF_FLOW,
  readEnded: ({ node }, into) => {
    into[0] = node.broker.traffic.ended.routed;
  },
};

export const QUEUE_EXCHANGE: ObjectFamily<FlowCounts> = {
  name: "queue_exchange_metrics",
  metrics: [
    counter(
      "queue_exchange_messages_published_total",
      "Messages published into a queue through an exchange",
    ),
  ],
  ...OF_FLOW,
};

export const EXCHANGE_METRICS: ObjectFamily<LiveExchange> = {
  name: "exchange_metrics",
  metrics: [
    counter("exchange_messages_published_total", "Messages published to an exchange"),
    counter("exchange_messages_confirmed_total", "Messages published to an exchange and confirmed"),
    counter("exchange_messages_unroutable_returned_total", "Mandatory messages that no queue got"),
    counter("exchange_messages_unroutable_dropped_total", "Other messages that no queue got"),
  ],
  objects: usedExchanges,
  vhostOf: ({ record }) => record.vhost,
  seriesOf: ({ record }) =>
    seriesOf([
      ["vhost", record.vhost],
      ["exchange", record.name],
    ]),
  read: (exchange, into) => {
    readExchange(exchange, EXCHANGE_ROW);
    // published in, out, confirmed, returned, dropped
    into[0] = EXCHANGE_ROW[0] as number;
    into[1] = EXCHANGE_ROW[2] as number;
    into[2] = EXCHANGE_ROW[3] as number;
    into[3] = EXCHANGE_ROW[4] as number;
  },
};

const EXCHANGE_ROW: Float64Array = new Float64Array(5);
