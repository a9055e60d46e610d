import type { JsonObject } from "@leveret/management";
import { endsOf } from "../../connection/connection-ends.ts";
import { isAnswering } from "../../control/answering-queue.ts";
import type { RunningNode } from "../../control/control-method.ts";
import { type ListedQueue, plannedLeaderInfo } from "../../control/queue-columns.ts";
import type { QueueRecord } from "../../metadata/records.ts";
import { consumerColumns } from "./consumer-object.ts";
import { objectOf } from "./object-columns.ts";
import { ownConsumers, QUEUE_CLIENTS, QUEUE_FIGURES } from "./queue-object.ts";

/** What one node knows of a queue that others do not. */
export interface QueuePart {
  /** Of the node that leads it; undefined: this one does not. */
  readonly figures: JsonObject | undefined;
  /** Of those of its clients that are connected here. */
  readonly clients: JsonObject;
  /** Those consumers, if details are asked for. */
  readonly consumers: readonly JsonObject[];
}

/** The queue as this node has it. Nothing is asked of it yet. */
export function findQueue({ node, broker }: RunningNode, record: QueueRecord): ListedQueue {
  const queue = broker.broker.vhosts.get(record.vhost)?.queues.get(record.name);
  const leaderInfo = node.queues?.leaderInfo(record) ?? plannedLeaderInfo(node, broker, record);
  return { record, queue, isResponsive: queue !== undefined, leaderInfo };
}

export function isLedHere({ node }: RunningNode, { leaderInfo }: ListedQueue): boolean {
  return leaderInfo.leader === node.nodeName;
}

/** Waits until the counts are right, which takes a moment only after a start. */
export async function answered(found: ListedQueue): Promise<ListedQueue> {
  if (found.queue === undefined) return found;
  return { ...found, isResponsive: await isAnswering(found.queue) };
}

/** What this node has to say about a queue. */
export async function queuePart(
  running: RunningNode,
  record: QueueRecord,
  isDetailed: boolean,
): Promise<QueuePart> {
  const found = findQueue(running, record);
  const figures = isLedHere(running, found)
    ? objectOf(QUEUE_FIGURES, await answered(found))
    : undefined;
  const clients = objectOf(QUEUE_CLIENTS, found);
  if (!isDetailed) return { figures, clients, consumers: [] };
  const columns = consumerColumns(running.node.nodeName);
  const consumers = Array.from(ownConsumers(found.queue), (consumer) =>
    objectOf(columns, consumer),
  );
  return { figures, clients: { ...clients, ...ownerDetails(running, record) }, consumers };
}

/** Of an exclusive queue: the connection that it belongs to. */
function ownerDetails({ broker }: RunningNode, { exclusiveOwner }: QueueRecord): JsonObject {
  if (exclusiveOwner === undefined) return {};
  for (const { id, name } of broker.broker.connections) {
    if (id !== exclusiveOwner) continue;
    const { host, port } = endsOf(name).remote;
    return { owner_pid_details: { name, peer_host: host, peer_port: port } };
  }
  return {};
}
