import { ControlError } from "@leveret/control";
import type { BrokerNode } from "../broker/broker-node.ts";
import type { BrokerQueue } from "../queue/broker-queue.ts";
import type { RunningNode } from "./control-method.ts";
import type { OtherNode } from "./controlled-node.ts";
import { plannedLeaderInfo } from "./queue-columns.ts";

/** @throws ControlError "no_such_queue" */
export function namedQueue({ broker }: BrokerNode, vhost: string, name: string): BrokerQueue {
  const queue = broker.vhosts.get(vhost)?.queues.get(name);
  if (queue !== undefined) return queue;
  throw new ControlError("no_such_queue", `no queue '${name}' in vhost '${vhost}'`);
}

/** The node that leads a queue: this one, or another one that runs. @throws ControlError "no_leader" */
export function leaderPlace(
  { node, broker }: RunningNode,
  queue: BrokerQueue,
  isLocal: boolean,
): "here" | OtherNode {
  if (queue.isServing) return "here";
  const { record } = queue;
  const leader = (node.queues?.leaderInfo(record) ?? plannedLeaderInfo(node, broker, record))
    .leader;
  const other = isLocal ? undefined : node.others.find(({ name }) => name === leader);
  if (other !== undefined) return other;
  throw new ControlError("no_leader", `queue '${record.name}' has no leader at the moment`);
}
