import type { LiveExchange } from "../broker/live-exchange.ts";
import { DeliverTotals } from "./message-counts.ts";
import type { DeliverCounts, FlowCounts } from "./traffic-counts.ts";

/** What channels of this node did with one queue, wherever that lives. Made when the first of them does something. */
export class QueueTraffic {
  readonly incoming: Map<LiveExchange, FlowCounts> = new Map();
  readonly readers: Set<DeliverCounts> = new Set();
  /** From exchanges that are gone, in messages. */
  endedPublish = 0;
  /** Of channels that are gone. */
  readonly ended: DeliverTotals = new DeliverTotals();

  /** Messages published into the queue. */
  get publish(): number {
    let sum = this.endedPublish;
    for (const flow of this.incoming.values()) sum += flow.publish;
    return sum;
  }

  /** Adds what consumers did to `totals`. */
  addDeliveries(totals: DeliverTotals): void {
    totals.add(this.ended);
    for (const counts of this.readers) totals.add(counts);
  }
}
