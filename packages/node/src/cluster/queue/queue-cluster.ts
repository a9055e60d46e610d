import type { Clock, GroupEvent, RaftGroup, Timers } from "@leveret/raft";
import type { MetadataEvent } from "../../metadata/events.ts";
import type { MetadataStore } from "../../metadata/metadata-store.ts";
import { homeOf, replicasOf } from "../../metadata/queue-replicas.ts";
import type { QueueRecord, QueueReplica } from "../../metadata/records.ts";
import { QueueLog } from "../../queue/log/queue-log.ts";
import { FIRST_EPOCH, METADATA_GROUP_ID, type NodeStorage } from "../../storage/node-storage.ts";
import type { ConfDriver } from "../conf/conf-driver.ts";
import type { ConfTarget } from "../conf/conf-plan.ts";
import { queueTarget } from "../conf/conf-target.ts";
import { ReplicaCleaner } from "../conf/replica-cleaner.ts";
import { groupPlaceOf, ReplicaMaker } from "../conf/replica-maker.ts";
import { CleaningOverLinks } from "../link/cleaning-over-links.ts";
import type { NodeLinks } from "../link/node-links.ts";
import { GroupService } from "../operations/group-service.ts";
import { ClusterView, queueKey } from "../placement/cluster-view.ts";
import { DrainedSync, type LogContents } from "../placement/drained-sync.ts";
import { initialReplicas } from "../placement/initial-replicas.ts";
import { type LeaderLocator, leaderLocatorOf } from "../placement/leader-locator.ts";
import { mirroringOf } from "../placement/mirroring.ts";
import { QueueLoads } from "../placement/queue-loads.ts";
import { QueuePlacer } from "../placement/queue-placer.ts";
import { QueueHub } from "./queue-hub.ts";
import { TransientCleaner } from "./transient-cleaner.ts";

export interface QueueClusterOptions {
  readonly storage: Pick<NodeStorage, "node" | "identity" | "metadata" | "open">;
  /** Current: all that the cluster had when this node started. */
  readonly metadata: Pick<MetadataStore, "machine" | "submit">;
  readonly links: NodeLinks;
  readonly conf: ConfDriver;
  readonly clock: Clock;
  readonly timers: Timers;
  /** queue_leader_locator of the configuration; undefined: client-local. */
  readonly leaderLocator: LeaderLocator | undefined;
}

/** What the broker of a node needs to know of the cluster to place and reach queues. */
export interface QueuePlaces {
  readonly nodeId: number;
  readonly hub: QueueHub;
  /** Where the replicas of a queue about to be declared here should be, the leader first; undefined: in one log, here. */
  placesOf(record: QueueRecord): readonly QueueReplica[] | undefined;
}

/**
 * The queues of a cluster as one node takes part in them: the replicas that it is to have, who leads what, where queues are to be. Follows
 * the metadata.
 */
export class QueueCluster implements QueuePlaces {
  readonly hub: QueueHub;
  readonly placer: QueuePlacer;
  readonly groupService: GroupService;
  readonly #options: QueueClusterOptions;
  readonly #records = new Map<number, QueueRecord>();
  readonly #loads = new QueueLoads();
  readonly #cleaner: ReplicaCleaner;
  readonly #maker: ReplicaMaker;
  readonly #drainedSync: DrainedSync;
  /** Of groups that went through a forced recovery, as far as this node has heard. */
  readonly #epochs = new Map<number, number>();
  readonly #transientCleaner: TransientCleaner;
  readonly #downSinceMs = new Map<number, number>();
  #view: ClusterView | undefined;

  constructor(options: QueueClusterOptions) {
    const { storage, metadata, links, clock, timers } = options;
    const { node } = storage;
    const { nodeId } = storage.identity;
    this.#options = options;
    const isNodeAlive = (id: number): boolean => id === nodeId || node.isAlive(id);
    this.groupService = new GroupService((groupId) => node.group(groupId), isNodeAlive);
    this.hub = new QueueHub({
      nodeId,
      incarnation: node.incarnation,
      links,
      timers,
      isNodeAlive,
      isNodeSilent: (id) => node.isSilent(id),
      synchronisedOf: (groupId) => this.groupService.synchronised(groupId) ?? [],
      nodeName: (id) => metadata.machine.member(id)?.name,
    });
    const cleaning = new CleaningOverLinks(links, (groupId) => node.group(groupId), timers);
    const placeOf = (groupId: number) => {
      const record = this.#records.get(groupId);
      return record === undefined ? undefined : groupPlaceOf(record);
    };
    this.#cleaner = new ReplicaCleaner({
      nodeId,
      node,
      timers,
      placeOf,
      leaderOf: (groupId) => this.hub.leaderNodeOf(groupId),
      isQueueGroup: (groupId) => groupId !== METADATA_GROUP_ID,
      ask: (to, question, done) => cleaning.ask(to, question, done),
    });
    this.#maker = new ReplicaMaker({
      nodeId,
      node,
      cleaner: this.#cleaner,
      placeOf,
      epochOf: (groupId) => this.#epochs.get(groupId) ?? FIRST_EPOCH,
      onPresent: (groupId) => this.#onPresent(groupId),
    });
    this.#drainedSync = new DrainedSync({
      timers,
      contentsOf: (groupId) => this.#contentsOf(groupId),
      hasUnsynced: (groupId) => this.#hasUnsynced(groupId),
      place: (groupId) => this.#placeUnsynced(groupId),
    });
    this.placer = new QueuePlacer({
      metadata,
      clock,
      timers,
      leaderOf: ({ groupId }) =>
        groupId === undefined ? undefined : this.hub.leaderNodeOf(groupId),
      downForMs: (id) => this.#downForMs(id),
      replicasOn: (id) => this.#loads.replicasOn(id),
    });
    this.#transientCleaner = new TransientCleaner({
      nodeId,
      metadata,
      timers,
      isReachable: (id) => links.peer(id) !== undefined,
      isAlive: (id) => node.isAlive(id),
    });
    links.onUp(({ nodeId: id }) => this.#onReachable(id, true));
    links.onDown((id) => this.#onReachable(id, false));
  }

  get nodeId(): number {
    return this.hub.nodeId;
  }

  /** The metadata are current. Before the broker makes its queues. */
  start(): void {
    this.#readAll();
    this.#cleaner.start();
    for (const groupId of this.#records.keys()) this.#maker.ensure(groupId);
    if (this.#options.storage.metadata.isReady) this.#onMetadataLed();
  }

  stop(): void {
    this.placer.stop();
    this.#transientCleaner.stop();
    this.#cleaner.stop();
    this.hub.close();
  }

  /** This node's replica of a queue's group; undefined: it has none. */
  replicaOf(queueId: number): RaftGroup | undefined {
    return this.#options.storage.node.group(queueId);
  }

  placesOf(record: QueueRecord): readonly QueueReplica[] | undefined {
    const { vhost, name } = record;
    const { machine } = this.#options.metadata;
    const { policy, operatorPolicy } = machine.policyOfNewQueue(record);
    const nodes = initialReplicas(
      {
        key: queueKey(vhost, name),
        mirroring: mirroringOf(record, policy, operatorPolicy),
        locator: leaderLocatorOf(
          record.arguments,
          [policy, operatorPolicy],
          this.#options.leaderLocator,
        ),
        declaredOn: this.nodeId,
      },
      this.#viewNow(),
      this.#loads,
    );
    return nodes.map((nodeId) => ({ nodeId, generation: 1 }));
  }

  /** Nodes whose replicas have all that is stored, as its leader says, or said when it was asked last. */
  synchronisedOf(groupId: number): readonly number[] {
    return this.groupService.synchronised(groupId) ?? this.hub.find(groupId)?.synchronised ?? [];
  }

  /** Who is to be in a queue's group. */
  targetOf(groupId: number): ConfTarget | undefined {
    const record = this.#records.get(groupId);
    if (record === undefined) return undefined;
    const { machine } = this.#options.metadata;
    return queueTarget(replicasOf(record), (id) => machine.member(id)?.state === "stopped");
  }

  onEvent(event: MetadataEvent): void {
    const { type } = event;
    if (type === "queueDeclared" || type === "queuePlaced") this.#note(event.queue);
    else if (type === "queueDeleted") this.#forget(event.queue);
    else if (type === "queueConfigChanged") this.#onConfigChanged(event.vhost, event.name);
    else if (type === "memberChanged" || type === "memberRemoved") this.#onMembersChanged();
    else if (type === "replaced") this.#onReplaced();
    this.placer.onEvent(event);
  }

  onGroupEvent(groupId: number, event: GroupEvent): void {
    if (groupId !== METADATA_GROUP_ID) {
      if (event.kind === "ready") this.#onLeader(groupId);
      else if (event.kind === "removed") this.#cleaner.review(groupId);
      else if (event.kind === "obsolete") this.#onOtherEpoch(groupId, event.epoch);
      return;
    }
    if (event.kind === "ready") this.#onMetadataLed();
    else if (event.kind === "role" && event.role !== "leader") {
      this.placer.stop();
      this.#transientCleaner.stop();
    }
  }

  /** The group went through a forced recovery. A replica that never was a member has nothing to lose: it is made anew. */
  #onOtherEpoch(groupId: number, epoch: number): void {
    this.#epochs.set(groupId, epoch);
    const { node } = this.#options.storage;
    const { conf, lastIndex } = node.group(groupId)?.status() ?? {};
    if (conf?.voters.length === 0 && lastIndex === 0) {
      node.deleteGroup(groupId, () => this.#maker.ensure(groupId));
    } else {
      this.#cleaner.review(groupId);
    }
  }

  #onMetadataLed(): void {
    this.placer.start();
    this.#transientCleaner.start();
  }

  #readAll(): void {
    this.#records.clear();
    for (const { queues } of this.#options.metadata.machine.vhosts()) {
      for (const queue of queues.values()) this.#count(queue);
    }
  }

  #count(queue: QueueRecord): void {
    const key = queueKey(queue.vhost, queue.name);
    if (queue.groupId === undefined) {
      this.#loads.place(key, [homeOf(queue)]);
      return;
    }
    this.#records.set(queue.groupId, queue);
    this.#loads.place(
      key,
      replicasOf(queue).map(({ nodeId }) => nodeId),
    );
  }

  #note(queue: QueueRecord): void {
    this.#count(queue);
    if (queue.groupId === undefined) return;
    this.#maker.ensure(queue.groupId);
    this.#options.conf.onTargetChanged(queue.groupId);
  }

  #forget({ vhost, name, groupId }: QueueRecord): void {
    this.#loads.remove(queueKey(vhost, name));
    if (groupId === undefined) return;
    this.#records.delete(groupId);
    this.#maker.ensure(groupId);
  }

  #wakeGroups(): void {
    for (const groupId of this.#records.keys()) {
      this.#options.conf.onTargetChanged(groupId);
      this.#drainedSync.look(groupId);
    }
  }

  #onMembersChanged(): void {
    this.#view = undefined;
    this.#wakeGroups();
  }

  #onReplaced(): void {
    this.#view = undefined;
    this.#readAll();
    for (const groupId of this.#records.keys()) this.#maker.ensure(groupId);
    this.#cleaner.start();
    this.#wakeGroups();
  }

  #onLeader(groupId: number): void {
    this.#options.conf.onLeader(groupId);
    this.#drainedSync.look(groupId);
  }

  #onConfigChanged(vhost: string, name: string): void {
    const groupId = this.#options.metadata.machine.queue(vhost, name)?.groupId;
    if (groupId !== undefined) this.#drainedSync.lookFromHere(groupId);
  }

  /** undefined: it is not led here. */
  #contentsOf(groupId: number): LogContents | undefined {
    const group = this.#options.storage.node.group(groupId);
    if (group?.isReady !== true || !(group.machine instanceof QueueLog)) return undefined;
    return { lastIndex: group.status().lastIndex, oldestIndex: group.machine.oldestIndex };
  }

  #hasUnsynced(groupId: number): boolean {
    const record = this.#records.get(groupId);
    return record !== undefined && this.placer.unsyncedOf(record).length > 0;
  }

  #placeUnsynced(groupId: number): void {
    const record = this.#records.get(groupId);
    if (record === undefined) return;
    const { vhost, name } = record;
    const replicas = this.placer.synchronisedPlaces(record);
    this.#options.metadata.submit({ type: "placeQueue", vhost, name, replicas }, (result) => {
      if (!result.ok) this.#drainedSync.look(groupId);
    });
  }

  #onPresent(groupId: number): void {
    const record = this.#records.get(groupId);
    if (record === undefined) return;
    this.hub.find(groupId)?.replicaCame(this.#options.storage.open(record));
  }

  #onReachable(nodeId: number, isReachable: boolean): void {
    if (isReachable) this.#downSinceMs.delete(nodeId);
    else this.#downSinceMs.set(nodeId, this.#options.clock.monotonicMs());
    if (!isReachable) this.#transientCleaner.onUnreachable(nodeId);
    this.#view = undefined;
    this.placer.onPeerChange();
  }

  #downForMs(nodeId: number): number {
    if (nodeId === this.nodeId || this.#options.links.peer(nodeId) !== undefined) return 0;
    const sinceMs = this.#downSinceMs.get(nodeId);
    // Never reached since this node started: counted from the first look.
    if (sinceMs === undefined) this.#downSinceMs.set(nodeId, this.#options.clock.monotonicMs());
    return Math.max(1, this.#options.clock.monotonicMs() - (sinceMs ?? Infinity));
  }

  #viewNow(): ClusterView {
    this.#view ??= new ClusterView(
      this.#options.metadata.machine.members().map(({ nodeId, name, state }) => ({
        nodeId,
        name,
        isRunning: state === "running" && this.#downForMs(nodeId) === 0,
        isGone: false,
      })),
    );
    return this.#view;
  }
}
