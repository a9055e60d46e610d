import type { NodeId } from "@leveret/raft";
import type { QueueRecord, QueueReplica } from "./records.ts";

/** The node of all that is older than clusters. */
const FIRST_NODE_ID: NodeId = 1;
const FIRST_REPLICAS: readonly QueueReplica[] = [{ nodeId: FIRST_NODE_ID, generation: 1 }];
/** Generations fit in 16 bits (`replicaIdOf` of packages/raft). */
const GENERATION_MAX = 0xffff;

/** Where the replicas of a queue's group are to be; none if it has no group. */
export function replicasOf({ groupId, replicas }: QueueRecord): readonly QueueReplica[] {
  return groupId === undefined ? [] : (replicas ?? FIRST_REPLICAS);
}

/** The node on which a queue was declared. */
export function homeOf({ home }: QueueRecord): NodeId {
  return home ?? FIRST_NODE_ID;
}

/** The record of a queue with a group as it is when declared: on the nodes that are named, or at home. */
export function placedFirst(
  queue: QueueRecord,
  isMember: (nodeId: NodeId) => boolean,
): QueueRecord {
  const named = (queue.replicas ?? []).map(({ nodeId }) => nodeId).filter(isMember);
  const nodes = named.length === 0 && queue.home !== undefined ? [queue.home] : named;
  if (nodes.length === 0) return { ...queue, replicas: undefined, nextGeneration: undefined };
  const replicas = [...new Set(nodes)].map((nodeId) => ({ nodeId, generation: 1 }));
  return { ...queue, replicas, nextGeneration: 2 };
}

/**
 * The record with its replicas on `nodes`; undefined: its generations are used up. The next generation tells whether the nodes are still
 * those of the declaration (see isAsDeclared), so it also grows when some only go.
 */
export function placedOn(queue: QueueRecord, nodes: readonly NodeId[]): QueueRecord | undefined {
  const before = new Map(replicasOf(queue).map((replica) => [replica.nodeId, replica]));
  const next = queue.nextGeneration ?? 2;
  const replicas = nodes.map((nodeId) => before.get(nodeId) ?? { nodeId, generation: next });
  const isChanged = nodes.length !== before.size || nodes.some((nodeId) => !before.has(nodeId));
  if (isChanged && next > GENERATION_MAX) return undefined;
  return { ...queue, replicas, nextGeneration: isChanged ? next + 1 : next };
}

/** The replicas are those of the declaration, all of them: nothing was ever added or taken away. */
export function isAsDeclared(queue: QueueRecord): boolean {
  return (queue.nextGeneration ?? 2) === 2;
}

/** Whether the replicas are those, in this order. */
export function isPlacedOn(queue: QueueRecord, nodes: readonly NodeId[]): boolean {
  const replicas = replicasOf(queue);
  return (
    replicas.length === nodes.length && replicas.every(({ nodeId }, at) => nodeId === nodes[at])
  );
}
