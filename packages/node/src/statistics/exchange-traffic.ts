import { PublishTotals } from "./message-counts.ts";
import type { FlowCounts, PublishCounts } from "./traffic-counts.ts";

/** What channels of this node published to one exchange. Made at the first publish. */
export class ExchangeTraffic {
  readonly writers: Set<PublishCounts> = new Set();
  readonly outgoing: Set<FlowCounts> = new Set();
  /** To queues that are gone, in messages. */
  endedOut = 0;
  /** By channels that are gone. */
  readonly ended: PublishTotals = new PublishTotals();

  /** Messages that came to queues, one for each queue. */
  get publishOut(): number {
    let sum = this.endedOut;
    for (const flow of this.outgoing) sum += flow.publish;
    return sum;
  }

  /** Adds what was published to `totals`. */
  addPublishes(totals: PublishTotals): void {
    totals.add(this.ended);
    for (const counts of this.writers) totals.add(counts);
  }
}
