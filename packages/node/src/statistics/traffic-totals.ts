import type { QueueRecord } from "../metadata/records.ts";
import { DeliverTotals, PublishTotals } from "./message-counts.ts";

type QueueType = QueueRecord["type"];

/** What was published and delivered, of a vhost or of all of them. */
export class TrafficTotals {
  readonly publishes: PublishTotals = new PublishTotals();
  /** Messages that came to queues, one for each queue. */
  routed = 0;
  /** By type of the queue. */
  readonly deliveries: Readonly<Record<QueueType, DeliverTotals>> = {
    classic: new DeliverTotals(),
    quorum: new DeliverTotals(),
  };

  /** Of queues of all types. */
  get allDeliveries(): DeliverTotals {
    const sum = new DeliverTotals();
    for (const deliveries of Object.values(this.deliveries)) sum.add(deliveries);
    return sum;
  }

  add({ publishes, routed, deliveries }: TrafficTotals): void {
    this.publishes.add(publishes);
    this.routed += routed;
    this.deliveries.classic.add(deliveries.classic);
    this.deliveries.quorum.add(deliveries.quorum);
  }
}
