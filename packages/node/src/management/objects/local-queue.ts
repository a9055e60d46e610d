import type { JsonObject } from "@leveret/management";
import { endsOf } from "../../connection/connection-ends.ts";
import { isAnswering } from "../../control/answering-queue.ts";
import type { RunningNode } from "../../control/control-method.ts";
import { type ListedQueue, plannedLeaderInfo } from "../../control/queue-columns.ts";
import type { QueueOperations } from "../../control/queue-operations.ts";
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

/** What of a queue is wanted. */
export interface PartOptions {
  readonly isDetailed: boolean;
  /** undefined: all. */
  readonly keys?: readonly string[] | undefined;
}

/** Finds queues as this node has them; nothing is asked of them yet. To be made for each request, as it keeps who leads what. */
export class LocalQueues {
  readonly #running: RunningNode;
  readonly #operations: QueueOperations | undefined;

  constructor(running: RunningNode) {
    this.#running = running;
    this.#operations = running.node.queues;
  }

  find(record: QueueRecord): ListedQueue {
    const { node, broker } = this.#running;
    const queue = broker.broker.vhosts.get(record.vhost)?.queues.get(record.name);
    const known = this.#operations?.leaderInfo(record) ?? plannedLeaderInfo(node, broker, record);
    // Who has just begun to lead knows it first.
    const leader = queue?.isServing === true ? node.nodeName : known.leader;
    const leaderInfo = { ...known, leader };
    return { record, queue, isResponsive: queue !== undefined, leaderInfo };
  }

  isLedHere({ queue }: ListedQueue): boolean {
    return queue?.isServing === true;
  }

  /** What this node has to say about a queue. */
  async part(record: QueueRecord, { isDetailed, keys }: PartOptions): Promise<QueuePart> {
    const found = this.find(record);
    const figures = this.isLedHere(found)
      ? objectOf(QUEUE_FIGURES, await answered(found), keys)
      : undefined;
    const clients = objectOf(QUEUE_CLIENTS, found, keys);
    if (!isDetailed) return { figures, clients, consumers: [] };
    const columns = consumerColumns(this.#running.node.nodeName);
    const consumers = Array.from(ownConsumers(found.queue), (one) => objectOf(columns, one));
    const owner = ownerDetails(this.#running, record);
    return { figures, clients: { ...clients, ...owner }, consumers };
  }
}

/** The same when its counts are right: at once, but for a moment after a start. */
export function answered(found: ListedQueue): ListedQueue | Promise<ListedQueue> {
  const { queue } = found;
  if (queue === undefined) return found;
  const state = { isReady: false };
  queue.whenReady(() => {
    state.isReady = true;
  });
  if (!state.isReady)
    return isAnswering(queue).then((isResponsive) => ({ ...found, isResponsive }));
  return queue.failure === undefined ? found : { ...found, isResponsive: false };
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
