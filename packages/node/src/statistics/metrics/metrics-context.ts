import type { BrokerNode } from "../../broker/broker-node.ts";

/** What metrics are read from. */
export interface MetricsContext {
  readonly node: BrokerNode;
}
