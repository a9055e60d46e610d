import { randomInt, randomUUID } from "node:crypto";
import {
  type DamagePlace,
  DEFAULT_LIMITS,
  type Disk,
  DiskError,
  EMPTY_CONF,
  type GroupEvent,
  type IndexRange,
  type Net,
  noteInUse,
  type RaftGroup,
  type RaftLimits,
  RaftNode,
  type ReplicaId,
  readOwner,
  replicaIdOf,
  type SpaceState,
  type StateMachine,
} from "@leveret/raft";
import { resourceText } from "../errors.ts";
import type { Logger } from "../logger.ts";
import type { QueueRecord } from "../metadata/records.ts";
import type { QueueGroup, QueueGroups } from "../queue/log/queue-group.ts";
import type { QueueLog } from "../queue/log/queue-log.ts";
import { DroppableDisk } from "../runtime/droppable-disk.ts";
import { type DiskFigures, MeasuredDisk } from "../runtime/measured-disk.ts";
import { RealDisk } from "../runtime/real-disk.ts";
import { RealNet } from "../runtime/real-net.ts";
import { REAL_TIMERS, RealRaftClock } from "../runtime/real-raft-clock.ts";
import { damageText, hasLosses, logDamage, logQueueLosses } from "./damage-log.ts";
import { openingProblem, prepareDataDirectory } from "./data-directory.ts";
import { LostQueueGroup } from "./lost-queue-group.ts";
import { OpeningWait } from "./opening-wait.ts";
import { RaftQueueGroup } from "./raft-queue-group.ts";
import { SpaceReserve } from "./space-reserve.ts";
import { StorageError } from "./storage-error.ts";

export const METADATA_GROUP_ID = 1;
/** The first node of a cluster: it makes the metadata group. */
export const FOUNDER_ID = 1;
/** Of groups, until a forced recovery. */
export const FIRST_EPOCH = 1;
/** How often it is looked whether the metadata can still become ready: damage found while they are read shows nowhere else. */
const METADATA_POLL_MS = 50;

/** Who a node is, in its cluster. */
export interface NodeIdentity {
  readonly nodeId: number;
  readonly clusterId: string;
  /** Of its replica of the metadata group. */
  readonly generation: number;
  /** Of that group, when the replica is made. */
  readonly epoch: number;
}

/** How the nodes of a cluster reach each other's replicas. */
interface StoragePeers {
  readonly net: Net;
  /** For the net, which may have its own idea of it. */
  readonly listenAddress: string;
  /** undefined: not known (yet). */
  peerAddress(nodeId: number): string | undefined;
}

/** What happens to groups here, for those who place and move replicas; called after the storage has acted on it itself. */
export interface GroupWatcher {
  onGroupEvent(groupId: number, event: GroupEvent): void;
  /** A message came for a replica that is not here. */
  onUnknownGroup?(groupId: number, from: number): void;
}

export interface NodeStorageOptions {
  /** Absolute path of the data directory; made if it is not there. */
  readonly directory: string;
  readonly log: Logger;
  /** undefined: what the directory says, or the first node of a new cluster. */
  readonly identity?: NodeIdentity | undefined;
  /** undefined: a node alone. */
  readonly peers?: StoragePeers | undefined;
  createMetadata(): StateMachine;
  createQueueLog(): QueueLog;
  /** A write or sync failed: nothing is stored any more, and the process should end. Called once. */
  onFatal(error: Error): void;
  /** Space for messages became short, or is there again. */
  onSpaceChange?(space: SpaceState): void;
  readonly limits?: Partial<RaftLimits>;
  /** Tests pass one that fails, or measures. */
  readonly disk?: Disk;
}

/**
 * What a node keeps on its disk: the metadata and the contents of its durable queues, each a Raft group, all in one log store.
 * The data directory belongs to this process until `stop` resolves.
 */
export class NodeStorage implements QueueGroups {
  readonly #options: NodeStorageOptions;
  #identity: NodeIdentity | undefined;
  #node: RaftNode | undefined;
  readonly #watchers = new Set<GroupWatcher>();
  readonly #queues = new Map<number, RaftQueueGroup>();
  /** Groups of queues that should be there, and are not, in a damaged data directory. */
  readonly #lost = new Set<number>();
  /** Who waits for the metadata is told that they are ready, or never will be. */
  #onMetadataChange: (() => void) | undefined;
  #isMetadataReady = false;
  #stopping: Promise<void> | undefined;
  #failure: Error | undefined;
  #isKilled = false;
  /** What was asked of the disk. */
  readonly diskFigures: DiskFigures;
  readonly #disk: DroppableDisk;
  readonly #reserve: SpaceReserve;
  readonly #openedAtMs = performance.now();
  /** What was there at the start has been replayed. */
  #isLoaded = false;

  private constructor(options: NodeStorageOptions) {
    this.#options = options;
    const disk = new MeasuredDisk(options.disk ?? new RealDisk(options.directory));
    this.diskFigures = disk.figures;
    this.#disk = new DroppableDisk(disk);
    this.#reserve = new SpaceReserve(options.directory);
  }

  /**
   * Takes the data directory, brings back what is in it and starts to replay it, the metadata first.
   * @throws StorageError
   */
  static async open(options: NodeStorageOptions): Promise<NodeStorage> {
    prepareDataDirectory(options.directory);
    const storage = new NodeStorage(options);
    const wait = storage.#startWaiting();
    let node: RaftNode;
    try {
      const identity = options.identity ?? (await identityOn(storage.#disk));
      storage.#identity = identity;
      node = await storage.#openWithReserve(identity);
    } finally {
      wait.end();
    }
    storage.#node = node;
    storage.#isLoaded = node.groups().length === 0;
    storage.#logOpened();
    try {
      await storage.#ensureMetadata();
    } catch (error) {
      await storage.stop();
      throw error;
    }
    return storage;
  }

  /** The group of the metadata. */
  get metadata(): RaftGroup {
    const group = this.#opened.group(METADATA_GROUP_ID);
    if (group === undefined) throw new StorageError("the metadata are gone");
    return group;
  }

  /** Whether there is space for messages. */
  get space(): SpaceState {
    return this.#opened.space;
  }

  get node(): RaftNode {
    return this.#opened;
  }

  get identity(): NodeIdentity {
    if (this.#identity === undefined) throw new Error("the storage is not open");
    return this.#identity;
  }

  /** This node's replica of the metadata group. */
  get metadataReplica(): ReplicaId {
    const { nodeId, generation } = this.identity;
    return replicaIdOf(nodeId, generation);
  }

  /** See RaftQueueGroup. */
  commitLatencyMs(groupId: number): number | undefined {
    return this.#queues.get(groupId)?.commitLatencyMs;
  }

  /** The function returned ends that. */
  watch(watcher: GroupWatcher): () => void {
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }

  /** Nothing can be stored any more. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Resolves when the metadata are complete and can be changed. @throws StorageError if they never will be */
  async metadataReady(): Promise<void> {
    const wait = this.#startWaiting();
    try {
      await this.#waitForMetadata();
    } finally {
      wait.end();
    }
  }

  #startWaiting(): OpeningWait {
    const { log, limits } = this.#options;
    const { hotFileBytes: fileBytes } = { ...DEFAULT_LIMITS, ...limits };
    return new OpeningWait(this.#disk, { log, fileBytes });
  }

  async #waitForMetadata(): Promise<void> {
    const { metadata } = this;
    while (!metadata.isReady) {
      const { stoppedBecause, isDamaged } = metadata.status();
      if (this.#failure !== undefined) throw this.#metadataProblem(this.#failure.message);
      if (stoppedBecause !== undefined) throw this.#metadataProblem(stoppedBecause);
      if (isDamaged) throw this.#metadataProblem("part of them is lost");
      await new Promise<void>((resolve) => {
        this.#onMetadataChange = resolve;
        setTimeout(resolve, METADATA_POLL_MS);
      });
    }
  }

  /**
   * Compares the queues that there are by the metadata with the contents that are on the disk: contents of queues that are gone
   * are deleted. To be called once, before any queue is opened.
   */
  reconcile(records: Iterable<QueueRecord>): void {
    const node = this.#opened;
    const queues = new Map<number, QueueRecord>();
    for (const record of records) {
      if (record.groupId !== undefined) queues.set(record.groupId, record);
    }
    for (const { groupId } of node.groups()) {
      if (groupId === METADATA_GROUP_ID || queues.has(groupId)) continue;
      node.deleteGroup(groupId, () => undefined);
    }
    this.#noteLosses(queues);
  }

  /** As `reconcile`, where somebody else deletes what is not needed. */
  noteLosses(records: Iterable<QueueRecord>): void {
    const queues = new Map<number, QueueRecord>();
    for (const record of records) {
      if (record.groupId !== undefined) queues.set(record.groupId, record);
    }
    this.#noteLosses(queues);
  }

  #noteLosses(queues: ReadonlyMap<number, QueueRecord>): void {
    const node = this.#opened;
    if (!hasLosses(node.damage)) return;
    logQueueLosses(this.#options.log, node.damage, queues);
    for (const [groupId, { name, vhost }] of queues) {
      if (node.group(groupId) !== undefined) continue;
      this.#lost.add(groupId);
      this.#options.log.error(
        { groupId },
        `the contents of ${resourceText("queue", name, vhost)} are missing, it cannot be used`,
      );
    }
  }

  /** @throws RangeError if the record names no group */
  open(record: QueueRecord): QueueGroup | undefined {
    const { groupId } = record;
    if (groupId === undefined) throw new RangeError(`queue '${record.name}' has no group`);
    if (this.#lost.has(groupId)) return new LostQueueGroup(groupId, this.#options.createQueueLog());
    const present = this.#opened.group(groupId);
    const known = this.#queues.get(groupId);
    if (known?.isOf(present) === true) return known;
    const group = present ?? this.#createAlone(groupId);
    if (group === undefined) return undefined;
    // Made by createQueueLog, like the machines of all groups but that of the metadata.
    const queue = new RaftQueueGroup(group, group.machine as QueueLog, {
      node: this.#opened,
      timers: REAL_TIMERS,
      forget: (forgotten) => void this.#queues.delete(forgotten),
    });
    this.#queues.set(groupId, queue);
    return queue;
  }

  /** Saves what takes long to replay, closes the log and gives the data directory back. Repeatable. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  /** Ends at once, as if the process had been killed; the directory can be opened again when it resolves. */
  kill(): Promise<void> {
    this.#isKilled = true;
    this.#stopping ??= (async () => {
      await new Promise<void>((resolve) => this.#opened.abandon(resolve));
      await this.#disk.drop();
      await this.#reserve.settled();
    })();
    return this.#stopping;
  }

  get #opened(): RaftNode {
    if (this.#node === undefined) throw new Error("the storage is not open");
    return this.#node;
  }

  async #stop(): Promise<void> {
    await new Promise<void>((resolve) => this.#opened.stop(resolve));
    await this.#reserve.settled();
  }

  /** On a disk that is full, with the room that was kept for that. */
  async #openWithReserve(identity: NodeIdentity): Promise<RaftNode> {
    let isReserveUsed = false;
    for (;;) {
      try {
        const node = await this.#openNode(identity);
        // What of it was not needed is kept for the next start.
        if (isReserveUsed || node.space === "ok") this.#reserve.keep();
        return node;
      } catch (error) {
        const isFull = error instanceof StorageError && isNoSpace(error.cause);
        if (!isFull || !(await this.#reserve.giveUp())) throw error;
        isReserveUsed = true;
      }
    }
  }

  #openNode({ nodeId, clusterId }: NodeIdentity): Promise<RaftNode> {
    const { directory, limits, peers } = this.#options;
    const clock = new RealRaftClock();
    return new Promise((resolve, reject) => {
      RaftNode.open(
        { clock, timers: clock, disk: this.#disk, net: peers?.net ?? new RealNet() },
        {
          nodeId,
          clusterId,
          listenAddress: peers?.listenAddress,
          peerAddress: (peer) => peers?.peerAddress(peer),
          createMachine: (groupId) => this.#createMachine(groupId),
          seed: randomInt(2 ** 32),
          onFatal: (error) => this.#onFatal(error),
          onDamage: (groupId, range, place) => this.#onDamage(groupId, range, place),
          onSpaceChange: (space) => {
            if (space === "ok") this.#reserve.keep();
            this.#options.onSpaceChange?.(space);
          },
          onGroupEvent: (groupId, event) => this.#onGroupEvent(groupId, event),
          onUnknownGroup: (groupId, from) => {
            for (const watcher of [...this.#watchers]) watcher.onUnknownGroup?.(groupId, from);
          },
          groupPriority: (groupId) => (groupId === METADATA_GROUP_ID ? 0 : 1),
          appliesBeforeDurable: true,
          ...(limits === undefined ? {} : { limits }),
        },
        (error, node) => {
          if (node !== undefined) resolve(node);
          else reject(openingProblem(directory, error));
        },
      );
    });
  }

  #createMachine(groupId: number): StateMachine {
    const { createMetadata, createQueueLog } = this.#options;
    return groupId === METADATA_GROUP_ID ? createMetadata() : createQueueLog();
  }

  /** The metadata are the first thing that is ever stored: where they are missing, something is there or was. */
  async #ensureMetadata(): Promise<void> {
    const node = this.#opened;
    if (node.group(METADATA_GROUP_ID) === undefined) await this.#createMetadataGroup(node);
    await new Promise<void>((resolve, reject) => {
      noteInUse(this.#disk, (error) => {
        if (error === undefined) resolve();
        else reject(openingProblem(this.#options.directory, error));
      });
    });
  }

  /** Whoever has founded the cluster starts with them; others wait until a member gives them theirs. */
  async #createMetadataGroup(node: RaftNode): Promise<void> {
    const isFounder = this.identity.nodeId === FOUNDER_ID && this.identity.generation === 1;
    if (isFounder && (node.groups().length > 0 || hasLosses(node.damage))) {
      throw this.#metadataProblem("they are missing");
    }
    const replicaId = this.metadataReplica;
    const conf = isFounder ? { ...EMPTY_CONF, voters: [replicaId] } : EMPTY_CONF;
    await new Promise<void>((resolve) => {
      this.#onMetadataChange = resolve;
      const { epoch } = this.identity;
      node.createGroup({ groupId: METADATA_GROUP_ID, epoch, replicaId, conf }, resolve);
    });
    if (this.#failure !== undefined) throw this.#metadataProblem(this.#failure.message);
  }

  /** In a cluster replicas are made by who knows where they are to be. */
  #createAlone(groupId: number): RaftGroup | undefined {
    return this.#options.peers === undefined ? this.#create(groupId) : undefined;
  }

  #create(groupId: number): RaftGroup {
    const replicaId = replicaIdOf(this.identity.nodeId, 1);
    const conf = { ...EMPTY_CONF, voters: [replicaId] };
    this.#opened.createGroup({ groupId, epoch: FIRST_EPOCH, replicaId, conf }, () => undefined);
    const group = this.#opened.group(groupId);
    if (group === undefined) throw new Error(`group ${groupId} was not made`);
    return group;
  }

  #onGroupEvent(groupId: number, event: GroupEvent): void {
    this.#actOn(groupId, event);
    for (const watcher of [...this.#watchers]) watcher.onGroupEvent(groupId, event);
  }

  #actOn(groupId: number, event: GroupEvent): void {
    if (event.kind === "ready") {
      if (groupId === METADATA_GROUP_ID) this.#onMetadataIsReady();
      else this.#queues.get(groupId)?.onReady();
      this.#logLoaded();
    } else if (event.kind === "role") {
      this.#queues.get(groupId)?.onRole();
    } else if (event.kind === "damaged") {
      this.#queues.get(groupId)?.onDamaged();
    } else if (event.kind === "stopped" && this.#isRunning) {
      const { why, dump } = event;
      const fields = dump === undefined ? { groupId, why } : { groupId, why, dump };
      if (ON_PURPOSE.has(why)) return;
      this.#options.log.error(fields, "part of the storage stopped");
      if (groupId === METADATA_GROUP_ID) this.#onMetadataStopped(why);
      else this.#queues.get(groupId)?.onStopped(why);
    }
  }

  #onMetadataIsReady(): void {
    this.#isMetadataReady = true;
    this.#onMetadataChange?.();
  }

  /** At the start of a node alone it is told to who waits for them. Later, and in a cluster, nothing works without them. */
  #onMetadataStopped(why: string): void {
    const isAwaited = !this.#isMetadataReady && this.#options.peers === undefined;
    if (isAwaited) this.#onMetadataChange?.();
    else this.#onFatal(new Error(`the metadata stopped: ${why}`));
  }

  /** Once, when the last one of those that were there at the start is ready. */
  #logLoaded(): void {
    if (this.#isLoaded || this.#opened.metrics().groupsStarting > 0) return;
    this.#isLoaded = true;
    const ms = Math.round(performance.now() - this.#openedAtMs);
    const { groups, groupsLed: ready, entriesApplied: replayed } = this.#opened.metrics();
    this.#options.log.info({ groups, ready, replayed, ms }, "queues loaded");
  }

  get #isRunning(): boolean {
    return this.#stopping === undefined && this.#failure === undefined;
  }

  /** Found by reading, not at the start. */
  #onDamage(groupId: number, { first, last }: IndexRange, place: DamagePlace): void {
    const what = place.kind === "snapshot" ? "snapshot" : "entries";
    const losses = [{ groupId, what, first, last } as const];
    logDamage(this.#options.log, [{ ...place, losses, otherLosses: 0 }]);
  }

  #onFatal(error: Error): void {
    if (this.#isKilled) return;
    this.#failure = error;
    this.#onMetadataChange?.();
    this.#options.onFatal(error);
  }

  #metadataProblem(why: string): StorageError {
    const { directory } = this.#options;
    const place = damageText(this.#opened.damage);
    return new StorageError(
      `the metadata in the data directory ${directory} cannot be used, ${why}${place}`,
    );
  }

  #logOpened(): void {
    const node = this.#opened;
    const { log, directory } = this.#options;
    const { files, liveBytes, diskBytes } = node.storeStatistics();
    const groups = node.groups().length;
    const ms = Math.round(performance.now() - this.#openedAtMs);
    const fields = { directory, groups, files, liveBytes, diskBytes, ms };
    log.info(fields, groups === 0 ? "new data directory" : "data directory opened");
    logDamage(log, node.damage);
  }
}

/**
 * Why a group stopped without anything being wrong: it was deleted, is being repaired, or its leader said that this replica is no
 * member any more (see GroupRegistry, MultiRaftHost.onVerdict). The last is told by an event of its own.
 */
const ON_PURPOSE: ReadonlySet<string> = new Set(["deleted", "operator", "removed", "obsolete"]);

function isNoSpace(cause: unknown): boolean {
  return cause instanceof DiskError && cause.code === "no-space";
}

/** Of a node whose directory is the only record of it: what it says; a new cluster if it is empty. */
function identityOn(disk: Disk): Promise<NodeIdentity> {
  return new Promise((resolve) => {
    readOwner(disk, (owner) => {
      const { nodeId, clusterId } = owner ?? { nodeId: FOUNDER_ID, clusterId: randomUUID() };
      resolve({ nodeId, clusterId, generation: 1, epoch: FIRST_EPOCH });
    });
  });
}
