/** A node of the cluster, 1 to 65,535, given by the metadata group and never given again. */
export type NodeId = number;
/**
 * A replica of a group: node number times 65,536 plus a generation that is new whenever the node is added to the group again.
 * So a replica is never mistaken for its predecessor on the same node, and no table is needed to find its node.
 */
export type ReplicaId = number;
/** A Raft group: the metadata log index that created it, below 2^48. Never reused. */
export type GroupId = number;

/** No replica: nobody voted for, no leader known. */
export const NONE = 0;

/** The replica of a node in its `generation`, 1 to 65,535. @throws RangeError outside the ranges */
export function replicaIdOf(nodeId: NodeId, generation: number): ReplicaId {
  if (!(nodeId >= 1 && nodeId <= 0xffff && generation >= 1 && generation <= 0xffff)) {
    throw new RangeError(`no replica id for node ${nodeId}, generation ${generation}`);
  }
  return nodeId * 0x10000 + generation;
}

/** The node on which a replica lives. */
export function nodeIdOf(replicaId: ReplicaId): NodeId {
  return replicaId >>> 16;
}
