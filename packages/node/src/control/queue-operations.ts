import type { QueueRecord } from "../metadata/records.ts";

/** Which queues an operation on many is about: names are matched by PCRE, unanchored. */
export interface QueueSelection {
  readonly vhostPattern: string;
  readonly queuePattern: string;
}

/** Operations on the replicas of queues. All of them throw OperationError; the app is running. */
export interface QueueOperations {
  /** Starts to bring replicas up to date that wait for it; resolves when that has begun. @throws "no_such_queue", "not_supported" */
  sync(vhost: string, name: string): Promise<SyncResult>;
  /** @throws "no_such_queue" */
  cancelSync(vhost: string, name: string): Promise<CancelResult>;
  /** Spreads leaders evenly; resolves with where they are then. */
  rebalance(
    kind: "all" | "classic" | "quorum" | "stream",
    selection: QueueSelection,
  ): Promise<readonly LeaderCount[]>;
  /** The state of each replica of a queue with a log. @throws "no_such_queue", "not_supported" */
  quorumStatus(vhost: string, name: string): Promise<readonly ReplicaStatus[]>;
  /** Adds a replica on the node to all quorum queues ("even": to those with an even number of replicas). @throws "not_a_cluster_node" */
  grow(
    node: string,
    strategy: "all" | "even",
    selection: QueueSelection,
  ): Promise<readonly MembershipChange[]>;
  /** Removes the replicas on the node of all quorum queues. */
  shrink(node: string): Promise<readonly MembershipChange[]>;
  /** @throws "no_such_queue", "not_supported", "already_a_member", "not_a_cluster_node" */
  addMember(vhost: string, name: string, node: string): Promise<void>;
  /** @throws "no_such_queue", "not_supported", "not_a_member", "last_member" */
  deleteMember(vhost: string, name: string, node: string): Promise<void>;
  /** @throws "no_such_queue", "not_supported", "not_a_member" */
  transferLeadership(vhost: string, name: string, node: string): Promise<void>;
  /** What is known here of a queue's replicas; no questions to other nodes. */
  leaderInfo(record: QueueRecord): LeaderInfo;
  /** Names of queues that would have no majority if this node stopped. */
  quorumCritical(): Promise<readonly QueueName[]>;
  /** Names of mirrored queues that would have no synchronised replica if this node stopped. */
  mirrorSyncCritical(): Promise<readonly QueueName[]>;
}

export type SyncResult = "started" | "already_synchronised";
export type CancelResult = "cancelled" | "not_syncing";

export interface QueueName {
  readonly vhost: string;
  readonly name: string;
}

/** Replicas of one queue; all are names of nodes, sorted. */
export interface LeaderInfo {
  /** undefined: nobody leads, as far as this node knows. */
  readonly leader: string | undefined;
  readonly members: readonly string[];
  /** Those of `members` that run. */
  readonly online: readonly string[];
  /** Those of `members` that have all that is stored. */
  readonly synchronised: readonly string[];
}

/** How many queues a node leads. */
export interface LeaderCount {
  readonly node: string;
  readonly quorum: number;
  /** Mirrored classic queues. */
  readonly classic: number;
}

export interface ReplicaStatus {
  readonly node: string;
  /** "noproc": it does not answer. */
  readonly raftState: "leader" | "follower" | "candidate" | "pre_vote" | "learner" | "noproc";
  /** undefined: not known. */
  readonly logIndex: number | undefined;
  readonly commitIndex: number | undefined;
  readonly snapshotIndex: number | undefined;
  readonly term: number | undefined;
}

/** What became of one queue in an operation on many. */
export interface MembershipChange {
  readonly vhost: string;
  readonly name: string;
  /** Replicas after it. */
  readonly size: number;
  /** undefined: done. */
  readonly error: string | undefined;
}
