import type { GroupId, NodeId } from "@leveret/raft";
import { OperationError } from "../../control/operation-error.ts";
import type {
  CancelResult,
  LeaderCount,
  LeaderInfo,
  MembershipChange,
  QueueName,
  QueueOperations,
  QueueSelection,
  ReplicaStatus,
  SyncResult,
} from "../../control/queue-operations.ts";
import { isNotStored, type MetadataResult } from "../../metadata/commands.ts";
import type { MetadataStore } from "../../metadata/metadata-store.ts";
import { compilePattern, InvalidPatternError } from "../../metadata/name-pattern.ts";
import { homeOf, replicasOf } from "../../metadata/queue-replicas.ts";
import type { QueueRecord } from "../../metadata/records.ts";
import { queueKey } from "../placement/cluster-view.ts";
import { type LedQueue, leaderMoves } from "../placement/leader-balance.ts";
import type { QueueCluster } from "../queue/queue-cluster.ts";
import { type ReplicaQuestions, statesOn } from "./ask-replicas.ts";
import type { ReplicaState } from "./group-service.ts";
import { moveLeaders } from "./move-leaders.ts";
import { MEMBER_CHANGES_AT_ONCE } from "./operation-limits.ts";

export interface ClusterOperationsOptions {
  readonly queues: QueueCluster;
  readonly metadata: Pick<MetadataStore, "machine" | "submit">;
  /** Another member runs, and can be reached from here. */
  isReachable(nodeId: NodeId): boolean;
  /** Names of members that are drained: they are to lead nothing. */
  drained(): Promise<ReadonlySet<string>>;
  /** The answer of another node's control method, within a few seconds. @throws OperationError */
  ask(nodeId: NodeId, method: string, params: object): Promise<unknown>;
}

/** A queue whose log may have replicas. */
interface GroupRecord extends QueueRecord {
  readonly groupId: GroupId;
}

/**
 * What operators do to the replicas of queues, from any node: where replicas are to be is said in the metadata, which come to those
 * who make them; leaders are moved by the nodes that lead.
 */
export class ClusterOperations implements QueueOperations {
  readonly #options: ClusterOperationsOptions;
  readonly #questions: ReplicaQuestions;

  constructor(options: ClusterOperationsOptions) {
    const { nodeId, groupService: service } = options.queues;
    this.#options = options;
    this.#questions = { nodeId, service, ask: (...args) => options.ask(...args) };
  }

  async sync(vhost: string, name: string): Promise<SyncResult> {
    const queue = this.#mirroredQueue(vhost, name);
    const { placer } = this.#options.queues;
    if (placer.unsyncedOf(queue).length === 0) return "already_synchronised";
    await this.#place(queue, placer.synchronisedPlaces(queue));
    return "started";
  }

  async cancelSync(vhost: string, name: string): Promise<CancelResult> {
    const queue = this.#mirroredQueue(vhost, name);
    const mirroring = this.#options.queues.placer.mirroringOf(queue);
    // Where mirrors are synchronised by themselves, they would be placed again at once.
    if (!("sync" in mirroring) || mirroring.sync === "automatic") return "not_syncing";
    const voters = await this.#votersOf(queue);
    const nodes = nodesOf(queue);
    const staying = nodes.filter((nodeId) => voters.includes(nodeId));
    if (staying.length === 0 || staying.length === nodes.length) return "not_syncing";
    await this.#place(queue, staying);
    return "cancelled";
  }

  async rebalance(
    kind: "all" | "classic" | "quorum" | "stream",
    selection: QueueSelection,
  ): Promise<readonly LeaderCount[]> {
    const { hub } = this.#options.queues;
    const isChosen = selected(selection);
    const queues = this.#groups().filter(
      (queue) =>
        (kind === "all" || kind === queue.type) && this.#isReplicable(queue) && isChosen(queue),
    );
    const groups = new Map(queues.map((queue) => [queueKey(queue.vhost, queue.name), queue]));
    const drained = await this.#options.drained();
    const canLead = (nodeId: NodeId): boolean => !drained.has(this.#nameOf(nodeId));
    const led: LedQueue[] = [];
    for (const [key, queue] of groups) {
      const leader = hub.leaderNodeOf(queue.groupId);
      if (leader === undefined) continue;
      const candidates = nodesOf(queue).filter(
        (nodeId) => this.#isReachable(nodeId) && canLead(nodeId),
      );
      led.push({ key, leader, candidates });
    }
    const moves = leaderMoves(led, this.#running.filter(canLead)).flatMap(({ key, to }) => {
      const queue = groups.get(key);
      return queue === undefined ? [] : [{ groupId: queue.groupId, to }];
    });
    await moveLeaders(moves, this.#moving);
    return this.#leaderCounts(queues);
  }

  async quorumStatus(vhost: string, name: string): Promise<readonly ReplicaStatus[]> {
    const queue = this.#quorumQueue(vhost, name);
    const { groupId } = queue;
    const asked = nodesOf(queue).map(async (nodeId): Promise<ReplicaStatus> => {
      const isAsked = this.#isReachable(nodeId);
      const states = isAsked ? await statesOn(nodeId, [groupId], this.#questions) : undefined;
      return statusOf(this.#nameOf(nodeId), states?.get(groupId));
    });
    return (await Promise.all(asked)).sort((a, b) => (a.node < b.node ? -1 : 1));
  }

  async grow(
    node: string,
    strategy: "all" | "even",
    selection: QueueSelection,
  ): Promise<readonly MembershipChange[]> {
    const nodeId = this.#runningMember(node);
    const isChosen = selected(selection);
    const queues = this.#groups().filter((queue) => {
      const nodes = nodesOf(queue);
      if (queue.type !== "quorum" || nodes.includes(nodeId) || !isChosen(queue)) return false;
      return strategy === "all" || nodes.length % 2 === 0;
    });
    return this.#changeAll(queues, (nodes) => [...nodes, nodeId]);
  }

  async shrink(node: string): Promise<readonly MembershipChange[]> {
    const nodeId = this.#member(node);
    const queues = this.#groups().filter(
      (queue) => queue.type === "quorum" && nodesOf(queue).includes(nodeId),
    );
    return this.#changeAll(queues, (nodes) => nodes.filter((other) => other !== nodeId));
  }

  async addMember(vhost: string, name: string, node: string): Promise<void> {
    const queue = this.#quorumQueue(vhost, name);
    const nodeId = this.#runningMember(node);
    const nodes = nodesOf(queue);
    // Asked again, it is done already (RabbitMQ).
    if (!nodes.includes(nodeId)) await this.#place(queue, [...nodes, nodeId]);
  }

  async deleteMember(vhost: string, name: string, node: string): Promise<void> {
    const queue = this.#quorumQueue(vhost, name);
    const nodes = nodesOf(queue);
    const nodeId = this.#options.metadata.machine.memberNamed(node)?.nodeId;
    if (nodeId === undefined || !nodes.includes(nodeId)) return;
    if (nodes.length === 1) throw lastMember();
    await this.#place(
      queue,
      nodes.filter((other) => other !== nodeId),
    );
  }

  async transferLeadership(vhost: string, name: string, node: string): Promise<void> {
    const queue = this.#groupQueue(vhost, name);
    const to = this.#runningMember(node);
    if (!nodesOf(queue).includes(to)) {
      throw new OperationError("not_a_member", `node ${node} has no replica of queue '${name}'`);
    }
    const left = await moveLeaders([{ groupId: queue.groupId, to }], this.#moving);
    if (left.length === 0) return;
    throw new OperationError("failed", `the replica on node ${node} could not take over in time`);
  }

  leaderInfo(record: QueueRecord): LeaderInfo {
    const { queues } = this.#options;
    if (record.groupId === undefined) return this.#infoInMemory(record);
    const leading = queues.hub.leaderNodeOf(record.groupId);
    const waiting = queues.placer.unsyncedOf(record).filter((nodeId) => this.#isReachable(nodeId));
    const members = [...nodesOf(record), ...waiting];
    const online = members.filter((nodeId) => this.#isReachable(nodeId));
    const leader = leading !== undefined && this.#isReachable(leading) ? leading : undefined;
    const synchronised = leader === undefined ? [] : queues.synchronisedOf(record.groupId);
    return {
      leader: leader === undefined ? undefined : this.#nameOf(leader),
      members: this.#names(members),
      online: this.#names(online),
      synchronised: this.#names(synchronised.filter((nodeId) => members.includes(nodeId))),
    };
  }

  async quorumCritical(): Promise<readonly QueueName[]> {
    const { nodeId } = this.#questions;
    const queues = this.#groups().filter(
      (queue) => queue.type === "quorum" && nodesOf(queue).includes(nodeId),
    );
    const votes = await this.#countVotes(queues);
    return queues
      .filter((queue) => (votes.get(queue.groupId) ?? 0) <= majorityOf(nodesOf(queue).length))
      .map(({ vhost, name }) => ({ vhost, name }));
  }

  async mirrorSyncCritical(): Promise<readonly QueueName[]> {
    const { hub, groupService } = this.#options.queues;
    const { nodeId } = this.#questions;
    return this.#groups()
      .filter((queue) => queue.type === "classic" && this.#isReplicable(queue))
      .filter(({ groupId }) => hub.leaderNodeOf(groupId) === nodeId)
      .filter(({ groupId }) => (groupService.synchronised(groupId)?.length ?? 0) < 2)
      .map(({ vhost, name }) => ({ vhost, name }));
  }

  get #running(): NodeId[] {
    const members = this.#options.metadata.machine.members();
    return members.map(({ nodeId }) => nodeId).filter((nodeId) => this.#isReachable(nodeId));
  }

  get #moving(): Parameters<typeof moveLeaders>[1] {
    const { hub } = this.#options.queues;
    return { ...this.#questions, leaderOf: (groupId) => hub.leaderNodeOf(groupId) };
  }

  #isReachable(nodeId: NodeId): boolean {
    return nodeId === this.#questions.nodeId || this.#options.isReachable(nodeId);
  }

  /** A queue of which RabbitMQ counts the leader: a quorum queue, or a mirrored one. */
  #isReplicable(queue: QueueRecord): boolean {
    return this.#options.queues.placer.mirroringOf(queue).mode !== "none";
  }

  #infoInMemory(record: QueueRecord): LeaderInfo {
    const home = this.#nameOf(homeOf(record));
    const online = this.#isReachable(homeOf(record)) ? [home] : [];
    return { leader: online[0], members: [home], online, synchronised: online };
  }

  /** All queues with a log. */
  #groups(): GroupRecord[] {
    const found: GroupRecord[] = [];
    for (const { queues } of this.#options.metadata.machine.vhosts()) {
      for (const queue of queues.values()) if (hasGroup(queue)) found.push(queue);
    }
    return found;
  }

  /** @throws OperationError */
  #queue(vhost: string, name: string): QueueRecord {
    const queue = this.#options.metadata.machine.queue(vhost, name);
    if (queue !== undefined) return queue;
    throw new OperationError("no_such_queue", `no queue '${name}' in vhost '${vhost}'`);
  }

  /** @throws OperationError */
  #groupQueue(vhost: string, name: string): GroupRecord {
    const queue = this.#queue(vhost, name);
    if (hasGroup(queue)) return queue;
    throw new OperationError("not_supported", `queue '${name}' lives in the memory of one node`);
  }

  /** @throws OperationError */
  #quorumQueue(vhost: string, name: string): GroupRecord {
    const queue = this.#queue(vhost, name);
    if (hasGroup(queue) && queue.type === "quorum") return queue;
    throw new OperationError("not_supported", "classic_queue_not_supported");
  }

  /** @throws OperationError */
  #mirroredQueue(vhost: string, name: string): GroupRecord {
    const queue = this.#queue(vhost, name);
    if (queue.type === "quorum") {
      throw new OperationError("not_supported", "quorum_queue_not_supported");
    }
    if (hasGroup(queue) && this.#isReplicable(queue)) return queue;
    throw new OperationError("not_supported", "not_mirrored");
  }

  /** @throws OperationError */
  #member(node: string): NodeId {
    const member = this.#options.metadata.machine.memberNamed(node);
    if (member !== undefined) return member.nodeId;
    throw new OperationError("not_a_cluster_node", `node ${node} is no member of the cluster`);
  }

  /** @throws OperationError */
  #runningMember(node: string): NodeId {
    const nodeId = this.#member(node);
    if (this.#isReachable(nodeId)) return nodeId;
    throw new OperationError("unreachable", "node_not_running");
  }

  #nameOf(nodeId: NodeId): string {
    return this.#options.metadata.machine.member(nodeId)?.name ?? `node ${nodeId}`;
  }

  #names(nodes: readonly NodeId[]): string[] {
    return nodes.map((nodeId) => this.#nameOf(nodeId)).sort();
  }

  /** Resolves when the metadata say so. @throws OperationError */
  async #place({ vhost, name }: QueueRecord, replicas: readonly NodeId[]): Promise<void> {
    const result = await new Promise<MetadataResult>((resolve) => {
      this.#options.metadata.submit({ type: "placeQueue", vhost, name, replicas }, resolve);
    });
    if (result.ok) return;
    throw new OperationError(isNotStored(result) ? "no_quorum" : "failed", result.text);
  }

  async #changeAll(
    queues: readonly GroupRecord[],
    change: (nodes: readonly NodeId[]) => readonly NodeId[],
  ): Promise<MembershipChange[]> {
    const changes: MembershipChange[] = [];
    for (let at = 0; at < queues.length; at += MEMBER_CHANGES_AT_ONCE) {
      const some = queues.slice(at, at + MEMBER_CHANGES_AT_ONCE);
      changes.push(...(await Promise.all(some.map((queue) => this.#changeOne(queue, change)))));
    }
    return changes;
  }

  async #changeOne(
    queue: GroupRecord,
    change: (nodes: readonly NodeId[]) => readonly NodeId[],
  ): Promise<MembershipChange> {
    const { vhost, name } = queue;
    const before = nodesOf(queue);
    const after = change(before);
    try {
      if (after.length === 0) throw lastMember();
      await this.#place(queue, after);
      return { vhost, name, size: after.length, error: undefined };
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      return { vhost, name, size: before.length, error: error.message };
    }
  }

  /** Nodes whose replicas vote, as the leader says; none if nobody answers who leads. */
  async #votersOf({ groupId }: GroupRecord): Promise<readonly NodeId[]> {
    const leader = this.#options.queues.hub.leaderNodeOf(groupId);
    if (leader === undefined || !this.#isReachable(leader)) return [];
    const states = await statesOn(leader, [groupId], this.#questions);
    return states.get(groupId)?.voters ?? [];
  }

  /** How many replicas of each group are there and vote. */
  async #countVotes(queues: readonly GroupRecord[]): Promise<ReadonlyMap<GroupId, number>> {
    const votes = new Map<GroupId, number>();
    const asked = this.#running.map((nodeId) => {
      const groups = queues.filter((queue) => nodesOf(queue).includes(nodeId));
      const ids = groups.map(({ groupId }) => groupId);
      return statesOn(nodeId, ids, this.#questions);
    });
    for (const states of await Promise.all(asked)) {
      for (const [groupId, { role }] of states) {
        if (role !== "learner") votes.set(groupId, (votes.get(groupId) ?? 0) + 1);
      }
    }
    return votes;
  }

  #leaderCounts(queues: readonly GroupRecord[]): LeaderCount[] {
    const { hub } = this.#options.queues;
    const ledBy = (nodeId: NodeId, type: string): number =>
      queues.filter((queue) => queue.type === type && hub.leaderNodeOf(queue.groupId) === nodeId)
        .length;
    return this.#running
      .map((nodeId) => ({
        node: this.#nameOf(nodeId),
        quorum: ledBy(nodeId, "quorum"),
        classic: ledBy(nodeId, "classic"),
      }))
      .sort((a, b) => (a.node < b.node ? -1 : 1));
  }
}

function hasGroup(queue: QueueRecord): queue is GroupRecord {
  return queue.groupId !== undefined;
}

function nodesOf(queue: QueueRecord): NodeId[] {
  return replicasOf(queue).map(({ nodeId }) => nodeId);
}

function majorityOf(count: number): number {
  return Math.floor(count / 2) + 1;
}

function lastMember(): OperationError {
  return new OperationError("last_member", "last_node");
}

function statusOf(node: string, state: ReplicaState | undefined): ReplicaStatus {
  return {
    node,
    raftState: state?.role ?? "noproc",
    logIndex: state?.lastIndex,
    commitIndex: state?.commitIndex,
    snapshotIndex: state?.snapshotIndex,
    term: state?.term,
  };
}

/** Both patterns match. @throws OperationError */
function selected({ vhostPattern, queuePattern }: QueueSelection): (queue: QueueRecord) => boolean {
  try {
    const vhosts = compilePattern(vhostPattern);
    const names = compilePattern(queuePattern);
    return ({ vhost, name }) => vhosts.test(vhost) && names.test(name);
  } catch (error) {
    throw error instanceof InvalidPatternError ? badPattern(error) : error;
  }
}

function badPattern(cause: InvalidPatternError): OperationError {
  return new OperationError("failed", cause.message, { cause });
}
