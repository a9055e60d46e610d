import { RefusedError } from "@leveret/management";
import type { BrokerNode } from "../broker/broker-node.ts";
import type { ControlledNode } from "../control/controlled-node.ts";

/** The broker of a node whose app runs. @throws RefusedError "not_running" */
export function runningBroker({ broker, nodeName }: ControlledNode): BrokerNode {
  if (broker !== undefined) return broker;
  throw new RefusedError("not_running", `the app on node ${nodeName} does not run`);
}
