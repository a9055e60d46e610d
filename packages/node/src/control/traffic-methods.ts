import * as v from "valibot";
import { DeliverTotals } from "../statistics/message-counts.ts";
import { type NodeMethods, type RunningNode, whileRunning } from "./control-method.ts";
import { askIfThere, rowsOfAll } from "./whole-cluster.ts";

/** Rows: vhost, queue, messages published into it, and messages handed out, by channels of one node since its start. */
type TrafficRow = readonly [string, string, number, number];

export const TRAFFIC_METHODS: NodeMethods = {
  /** Asked by an operator, of all nodes one after the other: the rows of a queue add up. */
  queue_traffic: whileRunning(
    v.object({ local: v.optional(v.boolean(), false) }),
    (running, { local }) =>
      rowsOfAll(running.node, ownTraffic(running), { method: "queue_traffic", params: {}, local }),
  ),
  /** A row for each node: how many messages were published to it since its start, by size; see MESSAGE_SIZE_BOUNDS. */
  message_sizes: whileRunning(
    v.object({ local: v.optional(v.boolean(), false) }),
    (running, { local }) =>
      rowsOfAll(running.node, ownSizes(running), { method: "message_sizes", params: {}, local }),
  ),
  /** Forgets samples and totals of this node, with `all` of all that run. */
  reset_statistics: whileRunning(
    v.object({ all: v.optional(v.boolean(), false) }),
    async ({ node, broker }, { all }) => {
      broker.figures.statistics.reset();
      if (!all) return;
      for (const other of node.others) await askIfThere(other, "statistics_reset", {});
    },
  ),
};

async function* ownSizes({ broker }: RunningNode): AsyncIterable<readonly number[]> {
  yield [...broker.broker.traffic.sizes.counts];
}

async function* ownTraffic({ broker: { broker } }: RunningNode): AsyncIterable<TrafficRow> {
  for (const vhost of broker.vhosts.values()) {
    for (const { record, traffic } of vhost.queues.values()) {
      if (traffic === undefined) continue;
      const totals = new DeliverTotals();
      traffic.addDeliveries(totals);
      const { deliver, deliverNoAck, get, getNoAck } = totals;
      const delivered = deliver + deliverNoAck + get + getNoAck;
      yield [vhost.name, record.name, traffic.publish, delivered];
    }
  }
}
