import {
  type Disk,
  type GroupEvent,
  type Net,
  NONE,
  nodeIdOf,
  type RaftLimits,
} from "@leveret/raft";
import type { Random, SimProcess } from "@leveret/raft/sim";
import { Alarms } from "../../../src/alarm/alarms.ts";
import { Broker } from "../../../src/broker/broker.ts";
import type { BrokerOptions } from "../../../src/broker/broker-options.ts";
import { ConfDriver } from "../../../src/cluster/conf/conf-driver.ts";
import type { ConfTarget } from "../../../src/cluster/conf/conf-plan.ts";
import { metadataTarget } from "../../../src/cluster/conf/conf-target.ts";
import { MetadataOverLinks } from "../../../src/cluster/link/metadata-over-links.ts";
import { NodeLinks } from "../../../src/cluster/link/node-links.ts";
import type { ClusterRecord } from "../../../src/cluster/members/cluster-record.ts";
import { MemberBook } from "../../../src/cluster/members/member-book.ts";
import { ObservedMetadata } from "../../../src/cluster/members/metadata-events.ts";
import { QueueCluster } from "../../../src/cluster/queue/queue-cluster.ts";
import type { Logger, Logging } from "../../../src/logger.ts";
import { isNotStored } from "../../../src/metadata/commands.ts";
import type { MetadataEvent } from "../../../src/metadata/events.ts";
import { ReplicatedMetadata } from "../../../src/metadata/replicated-metadata.ts";
import { PRODUCT } from "../../../src/product.ts";
import { groupsToLeave } from "../../../src/shell/planned-leave.ts";
import {
  LEAVE_LOOK_MS,
  LEAVE_MAX_MS,
  LEAVE_PATIENCE_MS,
  MEMBER_RETRY_MS,
  STOPPING_TIMEOUT_MS,
} from "../../../src/shell/shell-limits.ts";
import { METADATA_GROUP_ID } from "../../../src/storage/node-storage.ts";
import { SimStorage } from "./sim-storage.ts";

export const VHOST = "/";

/** What happens in a life, for who watches the cluster. */
export interface LifeWatcher {
  /** Clients may come. */
  onServing(life: BrokerLife): void;
  /** Something that must not happen. */
  onFault(what: string): void;
  onTrace(nodeId: number, what: () => string): void;
}

/** The machine that a life runs on. */
export interface Platform {
  readonly process: SimProcess;
  readonly disk: Disk;
  readonly net: Net;
  readonly random: Random;
  readonly limits: Partial<RaftLimits>;
  readonly watcher: LifeWatcher;
}

const BROKER_OPTIONS: Omit<BrokerOptions, "nodeName"> = {
  clusterName: "sim",
  product: { ...PRODUCT, product: PRODUCT.name, copyright: "", information: "" },
  mechanisms: [],
  frameMax: 131_072,
  initialFrameMax: 4096,
  channelMax: 2047,
  heartbeatSeconds: 0,
  handshakeTimeoutMs: undefined,
  silentCloseDelayMs: undefined,
  maxMessageSize: 1_000_000,
  queueMax: undefined,
  maxConnections: undefined,
  consumerMaxPerChannel: 0,
  maxChannelsPerNode: 0,
  loopbackUsers: new Set(),
  hashingAlgorithm: "rabbit_password_hashing_sha256",
  failedLoginsPerMinute: undefined,
  tracksAttemptSources: false,
  defaultQueueType: undefined,
  consumerTimeoutMs: 0,
};

/** Where the node on a host of the simulated network is. */
export function raftAddress(host: number): string {
  return `node-${host}:1`;
}

function linkAddress(address: string): string {
  return address.replace(/:1$/, ":2");
}

const MEMBER_EVENTS: ReadonlySet<MetadataEvent["type"]> = new Set([
  "memberChanged",
  "memberRemoved",
  "replaced",
]);

/**
 * A whole broker in one life of its process, on simulated time, network and disk: the parts of ClusterStores and BrokerNode, wired as
 * there. What they do with promises (start, announce, leave) is done with callbacks here, as a simulation cannot wait for promises.
 */
export class BrokerLife {
  readonly nodeId: number;
  readonly process: SimProcess;
  readonly book: MemberBook;
  readonly log: Logger;
  storage: SimStorage | undefined;
  replicated: ReplicatedMetadata | undefined;
  queues: QueueCluster | undefined;
  broker: Broker | undefined;
  /** Clients may use it. */
  isServing = false;
  isLeaving = false;
  readonly #platform: Platform;
  #links: NodeLinks | undefined;
  #conf: ConfDriver | undefined;
  #metadata: ObservedMetadata | undefined;

  constructor(record: ClusterRecord, platform: Platform) {
    this.nodeId = record.nodeId;
    this.process = platform.process;
    this.#platform = platform;
    this.log = logTo(platform.watcher, record.nodeId);
    this.book = new MemberBook(record, { log: this.log, save: () => Promise.resolve() });
  }

  start(): void {
    const { book } = this;
    SimStorage.open(
      this.#platform,
      book.record,
      {
        address: this.#address,
        addressOf: (peer) => book.addressOf(peer),
        onGroupEvent: (groupId, event) => this.#onGroupEvent(groupId, event),
      },
      (storage) => this.#onOpen(storage),
    );
  }

  /** The metadata as this node knows them. Only once it serves. */
  get metadata(): ObservedMetadata {
    if (this.#metadata === undefined) throw new Error("the metadata are not there yet");
    return this.#metadata;
  }

  get conf(): ConfDriver | undefined {
    return this.#conf;
  }

  /** A planned stop. `done` when the process may end; with whether others have taken over all that they can. */
  leave(done: (hasLeft: boolean) => void): void {
    this.isLeaving = true;
    this.isServing = false;
    this.process.run(() => {
      this.#tellStopping((isTold) => {
        const isAlone = !this.book.record.running.some((id) => id !== this.nodeId);
        if (!isTold || isAlone) this.#end(() => done(isTold));
        else this.#waitForOthers((hasLeft) => this.#end(() => done(hasLeft)));
      });
    });
  }

  #onOpen(storage: SimStorage): void {
    this.storage = storage;
    const { process, net, random } = this.#platform;
    const { book, log, nodeId } = this;
    const { incarnation } = storage.node;
    const { clusterId } = storage.identity;
    const links = new NodeLinks(
      { nodeId, clusterId, incarnation },
      {
        dial: (peer, handler) => {
          const address = book.addressOf(peer);
          return address === undefined ? undefined : net.connect(linkAddress(address), handler);
        },
        timers: process,
        log,
        random: () => random.float(),
      },
    );
    this.#links = links;
    const link = new MetadataOverLinks(links);
    const origin = { nodeId, incarnation };
    const group = storage.metadata;
    this.replicated = new ReplicatedMetadata({ group, timers: process, log, origin, link });
    link.attach(this.replicated);
    this.#conf = new ConfDriver({
      node: storage.node,
      clock: process,
      timers: process,
      targetOf: (groupId) => this.#targetOf(groupId),
      confirm: (done) => storage.metadata.read(({ kind }) => done(kind === "ready")),
    });
    net.listen(
      linkAddress(this.#address),
      (connection) => links.accept(connection),
      () => undefined,
    );
    this.#reach();
    this.replicated.start((failure) => {
      if (failure === undefined) this.#onMetadata(storage, links);
      else this.#fault(`the metadata cannot be used: ${failure.message}`);
    });
  }

  /** All that the cluster has committed is here. */
  #onMetadata(storage: SimStorage, links: NodeLinks): void {
    const { replicated } = this;
    const conf = this.#conf;
    if (replicated === undefined || conf === undefined) return;
    const { process } = this.#platform;
    const metadata = new ObservedMetadata(replicated);
    this.#metadata = metadata;
    metadata.tellEvents((event) => this.#onEvent(event));
    links.onUp(({ nodeId }) => this.#onReachable(nodeId, true));
    links.onDown((nodeId) => this.#onReachable(nodeId, false));
    this.#updateMembers();
    this.queues = new QueueCluster({
      storage,
      metadata,
      links,
      conf,
      clock: process,
      timers: process,
      leaderLocator: undefined,
    });
    this.queues.start();
    conf.start();
    this.#makeBroker(storage, metadata, this.queues);
    this.#announce(metadata);
  }

  #makeBroker(storage: SimStorage, metadata: ObservedMetadata, places: QueueCluster): void {
    const { process, random } = this.#platform;
    const { log } = this;
    const logging: Logging = { root: log, category: () => log, close: () => undefined };
    this.broker = new Broker(
      { ...BROKER_OPTIONS, nodeName: this.book.record.nodeName },
      {
        clock: {
          now: () => Math.floor(process.wallMs()),
          setTimer: (delayMs, callback) => process.setTimer(delayMs, callback),
        },
        timers: process,
        random: () => random.float(),
        logging,
        alarms: new Alarms(log),
        metadata,
        queueGroups: storage,
        places,
      },
    );
  }

  #announce(metadata: ObservedMetadata): void {
    const { nodeId } = this;
    const { nodeName: name } = this.book.record;
    const address = this.#address;
    metadata.submit({ type: "memberStarted", nodeId, name, address }, (result) => {
      if (result.ok) this.#fill(metadata);
      else if (isNotStored(result)) {
        this.process.setTimer(MEMBER_RETRY_MS, () => this.#announce(metadata));
      } else {
        this.#fault(`it cannot say that it runs: ${result.text}`);
      }
    });
  }

  #fill(metadata: ObservedMetadata): void {
    if (metadata.machine.vhost(VHOST) !== undefined) this.#serve();
    else {
      metadata.submit({ type: "addVhost", name: VHOST }, (result) => {
        if (result.ok) this.#serve();
        else this.process.setTimer(MEMBER_RETRY_MS, () => this.#fill(metadata));
      });
    }
  }

  #serve(): void {
    if (this.isLeaving) return;
    this.isServing = true;
    this.#platform.watcher.onServing(this);
  }

  #tellStopping(done: (isTold: boolean) => void): void {
    let isOver = false;
    const end = (isTold: boolean): void => {
      if (isOver) return;
      isOver = true;
      timer.cancel();
      done(isTold);
    };
    const timer = this.process.setTimer(STOPPING_TIMEOUT_MS, () => end(false));
    this.metadata.submit({ type: "memberStopping", nodeId: this.nodeId }, ({ ok }) => end(ok));
  }

  /** As leaveGroups. */
  #waitForOthers(done: (hasLeft: boolean) => void): void {
    const startedMs = this.process.monotonicMs();
    let progressMs = startedMs;
    let fewest = Number.POSITIVE_INFINITY;
    const look = (): void => {
      const left = this.#groupsToLeave().length;
      const nowMs = this.process.monotonicMs();
      if (left < fewest) {
        fewest = left;
        progressMs = nowMs;
      }
      const isLate = nowMs - progressMs > LEAVE_PATIENCE_MS || nowMs - startedMs > LEAVE_MAX_MS;
      if (left === 0 || isLate) done(left === 0);
      else this.process.setTimer(LEAVE_LOOK_MS, look);
    };
    look();
  }

  #groupsToLeave(): number[] {
    const node = this.storage?.node;
    if (node === undefined) return [];
    return groupsToLeave({
      groups: () => node.groups().map((group) => group.status()),
      isRunning: (id) => this.book.record.running.includes(id) && node.isAlive(id),
    });
  }

  #end(done: () => void): void {
    this.broker?.close();
    this.#conf?.stop();
    this.queues?.stop();
    this.#links?.close();
    this.storage?.stop(() => {
      this.replicated?.close();
      done();
    });
  }

  get #address(): string {
    return this.book.member(this.nodeId)?.address ?? "";
  }

  #reach(): void {
    const others = this.book.others.map(({ nodeId }) => nodeId);
    for (const nodeId of others) this.storage?.node.addPeer(nodeId);
    this.#links?.setPeers(others);
  }

  #onGroupEvent(groupId: number, event: GroupEvent): void {
    this.queues?.onGroupEvent(groupId, event);
    if (event.kind === "ready") this.#conf?.onLeader(groupId);
    this.#platform.watcher.onTrace(this.nodeId, () => `group ${groupId} ${JSON.stringify(event)}`);
    if (groupId !== METADATA_GROUP_ID) return;
    if (event.kind === "role") {
      this.replicated?.onLeaderChange(event.leader === NONE ? undefined : nodeIdOf(event.leader));
    }
    if (event.kind === "removed" || event.kind === "obsolete") {
      this.#fault(`it is told that it is no member: ${event.kind}`);
    }
  }

  #onEvent(event: MetadataEvent): void {
    if (MEMBER_EVENTS.has(event.type)) {
      this.#updateMembers();
      this.#conf?.onTargetChanged(METADATA_GROUP_ID);
      this.#conf?.onPeerChange();
    }
    this.queues?.onEvent(event);
  }

  #onReachable(nodeId: number, isReachable: boolean): void {
    this.book.setReachable(nodeId, isReachable);
    this.#conf?.onPeerChange();
  }

  #updateMembers(): void {
    const before = this.book.others.map(({ nodeId }) => nodeId);
    this.book.update(this.metadata.machine.members());
    this.#reach();
    for (const nodeId of before) {
      if (this.book.member(nodeId) === undefined) this.storage?.node.removePeer(nodeId);
    }
  }

  #targetOf(groupId: number): ConfTarget | undefined {
    if (groupId !== METADATA_GROUP_ID) return this.queues?.targetOf(groupId);
    const machine = this.#metadata?.machine;
    const group = this.storage?.metadata;
    if (machine === undefined || group === undefined) return undefined;
    const members = machine.members();
    const { voters } = group.status().conf;
    if (members.length === 0) return undefined;
    return metadataTarget(
      members,
      (nodeId) => machine.member(nodeId)?.state === "stopped",
      (replica) => voters.includes(replica) && machine.member(nodeIdOf(replica)) !== undefined,
    );
  }

  #fault(what: string): void {
    this.#platform.watcher.onFault(`node ${this.nodeId}: ${what}`);
  }
}

/** What the broker logs is for the trace; an internal error is a fault. */
function logTo(watcher: LifeWatcher, nodeId: number): Logger {
  const at =
    (level: string) =>
    (...words: readonly [string] | readonly [object, string]): void => {
      const text = String(words.at(-1));
      watcher.onTrace(nodeId, () => `${level}: ${text}`);
      if (!text.includes("internal error")) return;
      const { err } = (words.length > 1 ? words[0] : {}) as { err?: Error };
      watcher.onFault(`node ${nodeId}: ${text}: ${err?.stack ?? ""}`);
    };
  const log: Logger = {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    fatal: at("fatal"),
    isLevelEnabled: () => false,
    child: () => log,
  };
  return log;
}
