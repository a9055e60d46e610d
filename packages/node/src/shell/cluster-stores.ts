import { type GroupEvent, NONE, nodeIdOf } from "@leveret/raft";
import { StoreSpace } from "../alarm/store-space.ts";
import { ConfDriver } from "../cluster/conf/conf-driver.ts";
import type { ConfTarget } from "../cluster/conf/conf-plan.ts";
import { metadataTarget } from "../cluster/conf/conf-target.ts";
import { AlarmsOverLinks } from "../cluster/link/alarms-over-links.ts";
import { MetadataOverLinks } from "../cluster/link/metadata-over-links.ts";
import { NodeLinks } from "../cluster/link/node-links.ts";
import {
  clearForceBoot,
  isForceBootMarked,
  writeClusterFile,
} from "../cluster/members/cluster-file.ts";
import type { ClusterRecord } from "../cluster/members/cluster-record.ts";
import { MemberBook } from "../cluster/members/member-book.ts";
import { ObservedMetadata } from "../cluster/members/metadata-events.ts";
import type { LeaderLocator } from "../cluster/placement/leader-locator.ts";
import { QueueCluster } from "../cluster/queue/queue-cluster.ts";
import { isNotStored, type MetadataCommand, type MetadataResult } from "../metadata/commands.ts";
import type { MetadataEvent } from "../metadata/events.ts";
import { MetadataStateMachine } from "../metadata/metadata-state-machine.ts";
import type { MetadataStore } from "../metadata/metadata-store.ts";
import { ReplicatedMetadata } from "../metadata/replicated-metadata.ts";
import type { QueueGroups } from "../queue/log/queue-group.ts";
import { QueueLog } from "../queue/log/queue-log.ts";
import { RealRaftClock } from "../runtime/real-raft-clock.ts";
import { METADATA_GROUP_ID, NodeStorage } from "../storage/node-storage.ts";
import {
  durableQueues,
  type Stores,
  type StoresOptions,
  storageLimits,
} from "../storage/open-stores.ts";
import { StorageError } from "../storage/storage-error.ts";
import { pauseUnlessAborted } from "./abortable-pause.ts";
import { type BootTiming, BootWatch } from "./boot-watch.ts";
import { ClusterError, StartAborted } from "./cluster-error.ts";
import type { ClusterNetwork } from "./cluster-network.ts";
import { forceMetadata, forceQueues } from "./force-boot.ts";
import type { PeerPlace } from "./peer-calls.ts";
import type { PeerGreeting } from "./peer-protocol.ts";
import { leaveGroups } from "./planned-leave.ts";
import { MEMBER_RETRY_MS, STOPPING_TIMEOUT_MS } from "./shell-limits.ts";

export interface ClusterStoresOptions {
  readonly stores: StoresOptions;
  /** Who this node is; what it knows of the others. */
  readonly record: ClusterRecord;
  readonly network: ClusterNetwork;
  /** Where members are, as the configuration says: it knows better than what was remembered. */
  readonly addresses: readonly PeerPlace[];
  readonly timing: BootTiming;
  /** queue_leader_locator of the configuration. */
  readonly leaderLocator?: LeaderLocator | undefined;
  /** Ends the start. */
  readonly signal: AbortSignal;
  /** undefined: it does not answer. */
  greet(place: PeerPlace): Promise<PeerGreeting | undefined>;
  /** They are made, and wait for the metadata. */
  onOpen(stores: ClusterStores): void;
  /** The node waits for these members. */
  onWaiting(awaited: readonly string[]): void;
  /** A running node learns that it is no member of its cluster any more. */
  onFenced(error: ClusterError): void;
}

/**
 * What a broker rests on in a cluster: the data directory, the metadata that all nodes share, and the links to the other nodes. One of
 * these is one life of the app.
 */
export class ClusterStores implements Stores {
  readonly book: MemberBook;
  readonly links: NodeLinks;
  readonly storage: NodeStorage;
  readonly #options: ClusterStoresOptions;
  readonly #replicated: ReplicatedMetadata;
  readonly #conf: ConfDriver;
  readonly #queues: QueueCluster;
  readonly #alarms: AlarmsOverLinks;
  readonly #clock = new RealRaftClock();
  #metadata: ObservedMetadata | undefined;
  #stopLinks: (() => void) | undefined;
  #onStartEnd: ((error: Error) => void) | undefined;
  #startFailure: StorageError | undefined;
  #stopping: Promise<void> | undefined;
  #isAnnounced = false;
  #leaderTold: number | undefined;

  private constructor(options: ClusterStoresOptions, book: MemberBook, storage: NodeStorage) {
    this.#options = options;
    this.book = book;
    this.storage = storage;
    const { log, alarms, nodeName } = options.stores;
    const { nodeId, clusterId } = storage.identity;
    const { incarnation } = storage.node;
    this.links = new NodeLinks(
      { nodeId, clusterId, incarnation },
      {
        dial: (peer, handler) => {
          const address = book.addressOf(peer);
          return address === undefined ? undefined : options.network.link.connect(address, handler);
        },
        timers: this.#clock,
        log,
        random: Math.random,
      },
    );
    this.#alarms = new AlarmsOverLinks(this.links, alarms, nodeName);
    const link = new MetadataOverLinks(this.links);
    this.#replicated = new ReplicatedMetadata({
      group: storage.metadata,
      timers: this.#clock,
      log,
      origin: { nodeId, incarnation },
      link,
    });
    link.attach(this.#replicated);
    this.#conf = new ConfDriver({
      node: storage.node,
      clock: this.#clock,
      timers: this.#clock,
      targetOf: (groupId) => this.#targetOf(groupId),
      confirm: (done) => storage.metadata.read(({ kind }) => done(kind === "ready")),
    });
    // Before any link is open: whoever listens to links has to see each of them come.
    this.#queues = new QueueCluster({
      storage,
      metadata: this.#replicated,
      links: this.links,
      conf: this.#conf,
      clock: this.#clock,
      timers: this.#clock,
      leaderLocator: options.leaderLocator,
    });
    this.links.onUp(({ nodeId: id }) => this.#onReachable(id, true));
    this.links.onDown((id) => this.#onReachable(id, false));
  }

  /** Resolves when this node has all metadata that the cluster has. @throws StorageError, ClusterError, StartAborted */
  static async open(options: ClusterStoresOptions): Promise<ClusterStores> {
    const { directory, log } = options.stores;
    const book = new MemberBook(options.record, {
      log,
      save: (record) => writeClusterFile(directory, record),
    });
    for (const { name = "", address } of options.addresses) {
      const nodeId = book.named(name)?.nodeId;
      if (nodeId !== undefined) book.heard(nodeId, address);
    }
    let stores: ClusterStores | undefined;
    const onFatal = (error: Error): void => {
      if (stores !== undefined) stores.#failStart(error);
      options.stores.onFatal(error);
    };
    const storage = await openStorage({ ...options, stores: { ...options.stores, onFatal } }, book);
    try {
      const isForced = isForceBootMarked(directory);
      if (isForced) await forceMetadata(storage.node, { book, log });
      stores = new ClusterStores(options, book, storage);
      options.onOpen(stores);
      await stores.#start();
      if (isForced) {
        await forceQueues(storage.node, durableQueues(stores.metadata.machine), { book, log });
        await clearForceBoot(directory);
      }
      return stores;
    } catch (error) {
      await (stores ?? storage).stop();
      throw error;
    }
  }

  get metadata(): MetadataStore {
    if (this.#metadata === undefined) throw new Error("the metadata are not there yet");
    return this.#metadata;
  }

  /** Of the metadata group: higher after a forced recovery. */
  get epoch(): number {
    return this.storage.metadata.status().epoch;
  }

  /** Names of members that should run and do not answer. */
  get unreachable(): string[] {
    const members = this.#metadata?.machine.members() ?? [];
    return members
      .filter(({ nodeId, state }) => state === "running" && !this.book.isReachable(nodeId))
      .map(({ name }) => name);
  }

  get queueGroups(): QueueGroups {
    return this.storage;
  }

  get places(): QueueCluster {
    return this.#queues;
  }

  /** Changes the metadata. Rejects with a StorageError, never because of what a refusal says. */
  change(command: MetadataCommand): Promise<MetadataResult> {
    return new Promise((resolve) => this.metadata.submit(command, resolve));
  }

  /** Another member is at another address than it was. */
  learnAddress(nodeId: number, address: string): void {
    if (this.book.heard(nodeId, address)) this.links.hurry(nodeId);
  }

  /** The other nodes may use what is here. */
  async announce(): Promise<void> {
    const { nodeId, nodeName: name } = this.#options.record;
    const address = this.#ownAddress;
    const command = { type: "memberStarted", nodeId, name, address } as const;
    for (;;) {
      const result = await this.change(command);
      if (result.ok) break;
      if (!isNotStored(result)) throw this.#fenced(result.text);
      if (result.reason === "store_full") throw new StorageError(result.text);
      this.#options.stores.log.warn(
        `the cluster cannot be told that this node runs: ${result.text}`,
      );
      await pauseUnlessAborted(MEMBER_RETRY_MS, this.#options.signal);
    }
    this.#isAnnounced = true;
  }

  /** Hands over what this node leads, as far as there are nodes that can have it. */
  async leave(): Promise<void> {
    if (!this.#isAnnounced) return;
    const { nodeId } = this.book;
    const { log } = this.#options.stores;
    const told = await withTimeout(
      this.change({ type: "memberStopping", nodeId }),
      STOPPING_TIMEOUT_MS,
    );
    if (told?.ok !== true) {
      const why = told === undefined ? "nobody leads it" : told.text;
      log.warn(`the cluster cannot be told that this node stops: ${why}`);
      return;
    }
    const { running } = this.book.record;
    if (!running.some((id) => id !== nodeId)) return;
    await leaveGroups({
      log,
      groups: () => this.storage.node.groups().map((group) => group.status()),
      isRunning: (id) => this.book.record.running.includes(id) && this.storage.node.isAlive(id),
    });
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#end(() => this.storage.stop());
    return this.#stopping;
  }

  kill(): Promise<void> {
    this.#stopping ??= this.#end(() => this.storage.kill());
    return this.#stopping;
  }

  async #end(endStorage: () => Promise<void>): Promise<void> {
    this.book.freeze();
    this.#conf.stop();
    this.#queues.stop();
    this.#stopLinks?.();
    this.#alarms.close();
    this.links.close();
    await endStorage();
    this.#replicated.close();
    await this.book.settled();
  }

  async #start(): Promise<void> {
    const { storage, book } = this;
    storage.watch({ onGroupEvent: (groupId, event) => this.#onGroupEvent(groupId, event) });
    this.#listen();
    this.#reach();
    const watch = new BootWatch(
      this.#options.timing,
      {
        log: this.#options.stores.log,
        book,
        greet: (place) => this.#options.greet(place),
        onAddress: (nodeId, address) => this.learnAddress(nodeId, address),
        onWaiting: (awaited) => this.#options.onWaiting(awaited),
      },
      (error) => this.#onStartEnd?.(error),
    );
    watch.start();
    try {
      await this.#metadataReady();
    } finally {
      watch.stop();
    }
    const metadata = new ObservedMetadata(this.#replicated);
    this.#metadata = metadata;
    metadata.tellEvents((event) => this.#onEvent(event));
    this.#updateMembers();
    storage.noteLosses(durableQueues(metadata.machine));
    this.#queues.start();
    this.#conf.start();
  }

  #listen(): void {
    const { network } = this.#options;
    network.link.listen(
      "",
      (connection) => this.links.accept(connection),
      (_error, listener) => {
        this.#stopLinks = () => listener?.close(() => undefined);
      },
    );
  }

  /** Keeps connections to all members, whether a group here has them as members or not. */
  #reach(): void {
    const others = this.book.others.map(({ nodeId }) => nodeId);
    for (const nodeId of others) this.storage.node.addPeer(nodeId);
    this.links.setPeers(others);
  }

  #metadataReady(): Promise<void> {
    const { directory } = this.#options.stores;
    const { signal } = this.#options;
    return new Promise<void>((resolve, reject) => {
      this.#onStartEnd = reject;
      if (this.#startFailure !== undefined) reject(this.#startFailure);
      if (signal.aborted) reject(new StartAborted());
      signal.addEventListener("abort", () => reject(new StartAborted()), { once: true });
      this.#replicated.start((failure) => {
        if (failure === undefined) resolve();
        else reject(new StorageError(`the metadata in ${directory}: ${failure.message}`));
      });
    });
  }

  #onGroupEvent(groupId: number, event: GroupEvent): void {
    if (this.#metadata !== undefined) this.#queues.onGroupEvent(groupId, event);
    if (event.kind === "ready") this.#conf.onLeader(groupId);
    if (groupId !== METADATA_GROUP_ID) return;
    if (event.kind === "role") {
      const leader = event.leader === NONE ? undefined : nodeIdOf(event.leader);
      if (leader !== undefined) this.#tellLeader(leader, event.term);
      this.#replicated.onLeaderChange(leader);
    }
    if (event.kind !== "removed" && event.kind !== "obsolete") return;
    const error = this.#fenced(
      event.kind === "removed" ? "it was removed" : "the cluster was recovered without it",
    );
    if (this.#metadata === undefined) this.#onStartEnd?.(error);
    else this.#options.onFenced(error);
  }

  /** Nothing happens once it has started. */
  #failStart({ message }: Error): void {
    this.#startFailure = new StorageError(message);
    this.#onStartEnd?.(this.#startFailure);
  }

  #fenced(why: string): ClusterError {
    const { nodeName } = this.#options.record;
    return new ClusterError(
      "fenced",
      `node '${nodeName}' thinks it's a member of its cluster, but the cluster disagrees (${why}). ` +
        "Reset this node to let it join again",
    );
  }

  #onEvent(event: MetadataEvent): void {
    if (MEMBER_EVENTS.has(event.type)) {
      this.#updateMembers();
      this.#conf.onTargetChanged(METADATA_GROUP_ID);
      this.#conf.onPeerChange();
    }
    this.#queues.onEvent(event);
  }

  #onReachable(nodeId: number, isReachable: boolean): void {
    this.book.setReachable(nodeId, isReachable);
    this.#conf.onPeerChange();
  }

  #updateMembers(): void {
    const { log } = this.#options.stores;
    const before = new Map(this.book.others.map(({ nodeId, name }) => [nodeId, name]));
    this.book.update(this.metadata.machine.members());
    this.#reach();
    for (const [nodeId, name] of before) {
      if (this.book.member(nodeId) !== undefined) continue;
      this.storage.node.removePeer(nodeId);
      log.info({ nodeId }, `node ${name} is no member of the cluster any more`);
    }
    for (const { nodeId, name } of this.book.others) {
      if (!before.has(nodeId)) log.info({ nodeId }, `node ${name} is a member of the cluster now`);
    }
  }

  /** One line for each leader: elections in between are in the debug log. */
  #tellLeader(nodeId: number, term: number): void {
    if (this.#leaderTold === nodeId || this.book.others.length === 0) return;
    this.#leaderTold = nodeId;
    const who = nodeId === this.book.nodeId ? "this node" : this.book.nameOf(nodeId);
    this.#options.stores.log.info(
      { nodeId, term },
      `the metadata of the cluster are led by ${who}`,
    );
  }

  #targetOf(groupId: number): ConfTarget | undefined {
    if (groupId !== METADATA_GROUP_ID) return this.#metadata && this.#queues.targetOf(groupId);
    if (this.#metadata === undefined) return undefined;
    const { machine } = this.#metadata;
    const members = machine.members();
    const { voters } = this.storage.metadata.status().conf;
    // Its own record is the last of a start that was never finished: there is nobody else to ask.
    if (members.length === 0) return undefined;
    return metadataTarget(
      members,
      (nodeId) => machine.member(nodeId)?.state === "stopped",
      (replica) => voters.includes(replica) && machine.member(nodeIdOf(replica)) !== undefined,
    );
  }

  get #ownAddress(): string {
    return this.book.member(this.book.nodeId)?.address ?? "";
  }
}

/** After which the members may be others. */
const MEMBER_EVENTS: ReadonlySet<MetadataEvent["type"]> = new Set([
  "memberChanged",
  "memberRemoved",
  "replaced",
]);

async function openStorage(options: ClusterStoresOptions, book: MemberBook): Promise<NodeStorage> {
  const { stores, record, network } = options;
  const { directory, nodeName, log, alarms, onFatal } = stores;
  const space = new StoreSpace(nodeName, { alarms, log });
  const { nodeId, clusterId, generation, epoch } = record;
  const storage = await NodeStorage.open({
    directory,
    log,
    identity: { nodeId, clusterId, generation, epoch },
    peers: {
      net: network.raft,
      listenAddress: "",
      peerAddress: (peer) => book.addressOf(peer),
    },
    createMetadata: () => new MetadataStateMachine(),
    createQueueLog: () => new QueueLog(),
    onFatal,
    onSpaceChange: (state) => space.update(state),
    limits: storageLimits(stores),
  });
  space.update(storage.space);
  return storage;
}

/** undefined: not in time. */
async function withTimeout<T>(work: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
