import type { LiveExchange } from "../broker/live-exchange.ts";
import type { Channel } from "../connection/channel.ts";
import type { Connection } from "../connection/connection.ts";
import type { BrokerQueue } from "../queue/broker-queue.ts";
import type { HeldFigures } from "./held-figures.ts";
import {
  type DeliverFigures,
  DeliverTotals,
  type PublishFigures,
  PublishTotals,
} from "./message-counts.ts";
import type { ChurnCounts } from "./node-traffic.ts";
import type { TrafficTotals } from "./traffic-totals.ts";

/** Figures of an object as a row of numbers. The names are the HTTP API's. */
export type FigureNames = readonly string[];

const PUBLISH_NAMES = ["publish", "confirm", "return_unroutable", "drop_unroutable"] as const;
const DELIVER_NAMES = [
  "deliver",
  "deliver_no_ack",
  "get",
  "get_no_ack",
  "get_empty",
  "redeliver",
  "ack",
] as const;
const LENGTH_NAMES = ["messages_ready", "messages_unacknowledged"] as const;
const SOCKET_NAMES = ["recv_oct", "send_oct"] as const;
const PUBLISH_WIDTH = PUBLISH_NAMES.length;
const DELIVER_WIDTH = DELIVER_NAMES.length;

export const PUBLISH_FIGURES: FigureNames = PUBLISH_NAMES;
export const DELIVER_FIGURES: FigureNames = DELIVER_NAMES;
export const QUEUE_FIGURES: FigureNames = ["publish", ...DELIVER_NAMES, ...LENGTH_NAMES];
export const EXCHANGE_FIGURES: FigureNames = [
  "publish_in",
  "publish_out",
  "confirm",
  "return_unroutable",
  "drop_unroutable",
];
export const CONNECTION_FIGURES: FigureNames = [...SOCKET_NAMES, "recv_cnt", "send_cnt"];
export const CHANNEL_FIGURES: FigureNames = [...PUBLISH_NAMES, ...DELIVER_NAMES];
export const VHOST_FIGURES: FigureNames = [
  ...PUBLISH_NAMES,
  ...DELIVER_NAMES,
  ...LENGTH_NAMES,
  ...SOCKET_NAMES,
];
export const CHURN_FIGURES: FigureNames = [
  "connection_created",
  "connection_closed",
  "channel_created",
  "channel_closed",
  "queue_declared",
  "queue_created",
  "queue_deleted",
];
/** Of a node: what its vhosts have, and what comes and goes. */
export const NODE_FIGURES: FigureNames = [...VHOST_FIGURES, ...CHURN_FIGURES];

export function readQueue(queue: BrokerQueue, into: Float64Array): void {
  const { traffic } = queue;
  into[0] = traffic?.publish ?? 0;
  if (traffic === undefined) {
    into.fill(0, 1, 1 + DELIVER_WIDTH);
  } else {
    const deliveries = new DeliverTotals();
    traffic.addDeliveries(deliveries);
    writeDeliveries(deliveries, into, 1);
  }
  const at = 1 + DELIVER_WIDTH;
  // What another node leads, that node counts.
  into[at] = queue.isServing ? queue.readyCount : 0;
  into[at + 1] = queue.isServing ? queue.unackedCount : 0;
}

export function readExchange({ traffic }: LiveExchange, into: Float64Array): void {
  if (traffic === undefined) {
    into.fill(0);
    return;
  }
  const publishes = new PublishTotals();
  traffic.addPublishes(publishes);
  into[0] = publishes.publish;
  into[1] = traffic.publishOut;
  into[2] = publishes.confirm;
  into[3] = publishes.returnUnroutable;
  into[4] = publishes.dropUnroutable;
}

export function readConnection(connection: Connection, into: Float64Array): void {
  const { receivedBytes, sentBytes } = connection.sockets;
  into[0] = receivedBytes;
  into[1] = sentBytes;
  into[2] = connection.receivedPackets;
  into[3] = connection.output.flushCount;
}

export function readChannel({ traffic }: Channel, into: Float64Array): void {
  const publishes = new PublishTotals();
  const deliveries = new DeliverTotals();
  traffic.addTo(publishes, deliveries);
  writePublishes(publishes, into, 0);
  writeDeliveries(deliveries, into, PUBLISH_WIDTH);
}

export function readVhost(
  { publishes, allDeliveries }: TrafficTotals,
  held: HeldFigures,
  into: Float64Array,
): void {
  writePublishes(publishes, into, 0);
  writeDeliveries(allDeliveries, into, PUBLISH_WIDTH);
  const at = PUBLISH_WIDTH + DELIVER_WIDTH;
  into[at] = held.ready;
  into[at + 1] = held.unacked;
  into[at + 2] = held.receivedBytes;
  into[at + 3] = held.sentBytes;
}

export function readNode(
  totals: TrafficTotals,
  held: HeldFigures,
  churn: ChurnCounts,
  into: Float64Array,
): void {
  readVhost(totals, held, into);
  const at = VHOST_FIGURES.length;
  into[at] = churn.connectionsOpened;
  into[at + 1] = churn.connectionsClosed;
  into[at + 2] = churn.channelsOpened;
  into[at + 3] = churn.channelsClosed;
  into[at + 4] = churn.queuesDeclared;
  into[at + 5] = churn.queuesCreated;
  into[at + 6] = churn.queuesDeleted;
}

export function writePublishes(figures: PublishFigures, into: Float64Array, at: number): void {
  into[at] = figures.publish;
  into[at + 1] = figures.confirm;
  into[at + 2] = figures.returnUnroutable;
  into[at + 3] = figures.dropUnroutable;
}

export function writeDeliveries(figures: DeliverFigures, into: Float64Array, at: number): void {
  into[at] = figures.deliver;
  into[at + 1] = figures.deliverNoAck;
  into[at + 2] = figures.get;
  into[at + 3] = figures.getNoAck;
  into[at + 4] = figures.getEmpty;
  into[at + 5] = figures.redeliver;
  into[at + 6] = figures.ack;
}
