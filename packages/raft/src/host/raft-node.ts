import type { ConfState } from "../core/conf-state.ts";
import type { GroupId, NodeId } from "../core/ids.ts";
import { Random } from "../core/random.ts";
import { DEFAULT_LIMITS, type RaftLimits } from "../limits.ts";
import type { StoreDamage } from "../store/damage-notes.ts";
import type { SpaceState } from "../store/log-store.ts";
import { NodeLogStore } from "../store/node-log-store.ts";
import type { LogStoreStatistics } from "../store/store-statistics.ts";
import type { LinkStatistics } from "../transport/link-statistics.ts";
import { LinkTransport } from "../transport/link-transport.ts";
import type { NewGroup } from "./group-registry.ts";
import type { HostMetrics } from "./metrics.ts";
import { MultiRaftHost } from "./multi-raft-host.ts";
import type { NodePlatform, RaftGroup, RaftNodeOptions } from "./node-options.ts";
import { StoreInput } from "./store-input.ts";

type OpenDone = (error: Error | undefined, node: RaftNode | undefined) => void;

interface NodeParts {
  readonly platform: NodePlatform;
  readonly options: RaftNodeOptions;
  readonly limits: RaftLimits;
  readonly store: NodeLogStore;
  readonly input: StoreInput;
}

/** A node of the cluster as Raft sees it: its log store, its links to peers, and its replicas. */
export class RaftNode {
  readonly #host: MultiRaftHost<LinkTransport>;
  readonly #store: NodeLogStore;

  private constructor(host: MultiRaftHost<LinkTransport>, store: NodeLogStore) {
    this.#host = host;
    this.#store = store;
  }

  /**
   * Opens the data directory (recovering what a crash left), starts to listen, and starts the replicas found, a few at a time.
   * Callbacks come in later turns. With an error, `node` is undefined and everything is closed again; if it was storage that failed
   * after it had been recovered, `onFatal` is called, too.
   */
  static open(platform: NodePlatform, options: RaftNodeOptions, done: OpenDone): void {
    const limits: RaftLimits = { ...DEFAULT_LIMITS, ...options.limits };
    const input = new StoreInput(options);
    const { nodeId, clusterId } = options;
    NodeLogStore.open(
      platform.disk,
      platform.clock,
      platform.timers,
      { nodeId, clusterId, limits },
      input,
      (...[error, store]) => {
        if (error === undefined) RaftNode.#start({ platform, options, limits, store, input }, done);
        else done(error, undefined);
      },
    );
  }

  /**
   * Creates a replica here. `conf` with members: the initial ones, the same at each of them; empty: this replica waits until
   * the group's leader adds it. `done` when it is durable and runs.
   * @throws RangeError if this node has another replica of the group
   */
  createGroup(group: NewGroup, done: () => void): void {
    this.#host.groups.create(group, done);
  }

  /** Stops the replica and removes it with all it has stored. `done` also if there is none. */
  deleteGroup(groupId: GroupId, done: () => void): void {
    this.#host.groups.delete(groupId, done);
  }

  /** undefined: no replica of the group is on this node. */
  group(groupId: GroupId): RaftGroup | undefined {
    return this.#host.findGroup(groupId);
  }

  /** Somebody waits for a group that may not have been started yet: it comes before those that nobody has asked for. */
  startFirst(groupId: GroupId): void {
    this.#host.groups.startFirst(groupId);
  }

  /** Whether there is space for the log: "low": what frees space is taken, "full": only in groups of one. */
  get space(): SpaceState {
    return this.#store.space;
  }

  /** What was found damaged when the data directory was opened, where, and what it cost. */
  get damage(): readonly StoreDamage[] {
    return this.#store.damage;
  }

  /** Of the log store, as it is now. */
  storeStatistics(): LogStoreStatistics {
    return this.#store.statistics;
  }

  /** All replicas of this node, also those that are being restored or stopped. */
  groups(): RaftGroup[] {
    return [...this.#host.handles()];
  }

  /**
   * The operator's decision that what all copies of a group have lost is lost: the log here ends before the first damaged
   * entry, and the replica starts again.
   */
  acceptLoss(groupId: GroupId, done: () => void): void {
    this.#host.groups.acceptLoss(groupId, done);
  }

  /** Forced recovery of a group without quorum: members `conf` and the new, higher `epoch`, from the log as it is here. */
  forceConf(groupId: GroupId, conf: ConfState, epoch: number, done: () => void): void {
    this.#host.groups.forceConf(groupId, { conf, epoch }, done);
  }

  /** Keeps a link to a peer. Nodes of members of groups here are linked by themselves. */
  addPeer(peer: NodeId): void {
    this.#host.links.pin(peer);
  }

  /** Undoes {@link addPeer}. Links that no group needs end some time later. */
  removePeer(peer: NodeId): void {
    this.#host.links.unpin(peer);
  }

  /** Whether the peer answers. */
  isAlive(peer: NodeId): boolean {
    return this.#host.isNodeAlive(peer);
  }

  /** Whether the peer has answered before, and does not now. */
  isSilent(peer: NodeId): boolean {
    return !this.isAlive(peer) && this.#host.transport.lastRoundTripMs(peer) !== undefined;
  }

  /** Where this node listens for peers; undefined: it does not. */
  get address(): string | undefined {
    return this.#host.transport.address;
  }

  /** Which life of its data directory this is: higher at each start. */
  get incarnation(): number {
    return this.#store.incarnation;
  }

  /** Counters and gauges, as they are now; changed in place. */
  metrics(): Readonly<HostMetrics> {
    return this.#host.metrics;
  }

  /** Counters of the links to peers, as they are now. */
  linkStatistics(): readonly LinkStatistics[] {
    return this.#host.transport.statistics();
  }

  /** Graceful end: moves leaderships away, saves what takes long to replay, closes. `done` when nothing runs any more. */
  stop(done: () => void): void {
    this.#host.stop(done);
  }

  /**
   * Ends at once, as if the process had been killed: nothing more is stored, sent or answered, and files stay open. `done` when the
   * network is closed. For tests and for a node whose disk is lost.
   */
  abandon(done: () => void): void {
    this.#host.abandon(done);
  }

  /** Of an open store; only for {@link RaftNode.open}. */
  static #start(parts: NodeParts, done: OpenDone): void {
    const { platform, options, limits, store, input } = parts;
    const { clock, timers, net } = platform;
    const seeds = new Random(options.seed);
    const host = new MultiRaftHost({
      clock,
      timers,
      store,
      options,
      seed: seeds.nextU32(),
      createTransport: (listener) =>
        new LinkTransport(
          {
            nodeId: options.nodeId,
            clusterId: options.clusterId,
            incarnation: store.incarnation,
            listenAddress: options.listenAddress,
            peerAddress: (nodeId) => options.peerAddress(nodeId),
            limits,
            seed: seeds.nextU32(),
          },
          { clock, timers, net },
          listener,
        ),
    });
    input.attach(host);
    const node = new RaftNode(host, store);
    host.transport.start((error) => {
      if (host.isDead) {
        done(input.failure ?? new Error("storage failed"), undefined);
        return;
      }
      if (error !== undefined) {
        host.transport.close(() => store.close(() => done(error, undefined)));
        return;
      }
      host.start();
      done(undefined, node);
    });
  }
}
