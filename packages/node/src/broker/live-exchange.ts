import type { DelayedMessages } from "../exchange/delayed-messages.ts";
import type { RecentHistory } from "../exchange/recent-history.ts";
import type { Router } from "../exchange/router.ts";
import type { ExchangeRecord } from "../metadata/records.ts";
import type { BrokerQueue } from "../queue/broker-queue.ts";
import type { Message } from "../queue/message.ts";
import type { Timer } from "../runtime/clock.ts";
import type { ExchangeTraffic } from "../statistics/exchange-traffic.ts";

/** What an exchange's bindings point to. */
export type Destination = BrokerQueue | LiveExchange;

/** An exchange as this node uses it: its record with the router that its bindings make. */
export class LiveExchange {
  readonly record: ExchangeRecord;
  readonly router: Router<Destination>;
  /** Alternate exchange in force, by argument or policy. */
  alternate: string | undefined = undefined;
  /** x-delayed-message only: what waits for its time. */
  delayed: DelayedMessages<DelayedPublish> | undefined = undefined;
  delayTimer: Timer | undefined = undefined;
  /** x-recent-history only. */
  history: RecentHistory<Message> | undefined = undefined;
  isDeleted = false;
  /** What channels of this node published to it; undefined: nothing so far. */
  traffic: ExchangeTraffic | undefined = undefined;

  constructor(record: ExchangeRecord, router: Router<Destination>) {
    this.record = record;
    this.router = router;
  }

  get name(): string {
    return this.record.name;
  }
}

/** A message that a delayed exchange holds, with the routing keys (CC, BCC included) it was published with. */
export interface DelayedPublish {
  readonly message: Message;
  readonly keys: readonly string[];
}
