import { type NodeId, type ReplicaId, replicaIdOf } from "@leveret/raft";
import { METADATA_VOTERS_MAX } from "../../limits.ts";
import type { ConfTarget } from "./conf-plan.ts";

/** Where a replica of a group is wanted: `generation` makes it another one whenever the node is added again. */
export interface ReplicaPlace {
  readonly nodeId: NodeId;
  readonly generation: number;
}

/** Who is to be in a queue's group: all replicas of its record; those on nodes that are stopped, or about to be, do not vote. */
export function queueTarget(
  replicas: readonly ReplicaPlace[],
  isStopped: (nodeId: NodeId) => boolean,
): ConfTarget {
  const voters: ReplicaId[] = [];
  const learners: ReplicaId[] = [];
  for (const { nodeId, generation } of replicas) {
    (isStopped(nodeId) ? learners : voters).push(replicaIdOf(nodeId, generation));
  }
  return { voters, learners };
}

/**
 * Who is to be in the group of the metadata: all members, of which up to seven vote. Those that vote already come first, so that
 * no vote moves without need; then those with the lowest numbers.
 */
export function metadataTarget(
  members: readonly ReplicaPlace[],
  isStopped: (nodeId: NodeId) => boolean,
  votesNow: (replica: ReplicaId) => boolean,
): ConfTarget {
  const { voters, learners } = queueTarget(members, isStopped);
  const rank = (replica: ReplicaId): number => (votesNow(replica) ? 0 : 1);
  const ordered = [...voters].sort((a, b) => rank(a) - rank(b) || a - b);
  return {
    voters: ordered.slice(0, METADATA_VOTERS_MAX),
    learners: [...ordered.slice(METADATA_VOTERS_MAX), ...learners],
  };
}
