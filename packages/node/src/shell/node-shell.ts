import { BrokerNode, type NodeDependencies } from "../broker/broker-node.ts";
import { readClusterFile, writeClusterFile } from "../cluster/members/cluster-file.ts";
import type { ClusterRecord, MemberAddress } from "../cluster/members/cluster-record.ts";
import { ClusterOperations } from "../cluster/operations/cluster-operations.ts";
import type { Config } from "../config/config.ts";
import { auditedMethods } from "../control/audited-methods.ts";
import { controlMethods } from "../control/control-methods.ts";
import type {
  AppState,
  ClusterStatus,
  ControlledNode,
  ForgetOptions,
  ForgetResult,
  JoinResult,
  OtherNode,
} from "../control/controlled-node.ts";
import { OperationError } from "../control/operation-error.ts";
import type { QueueOperations } from "../control/queue-operations.ts";
import type { Logger } from "../logger.ts";
import type { ManagementListener, NodeManagement } from "../management/open-management.ts";
import type { NodePrometheus, PrometheusListener } from "../management/open-prometheus.ts";
import { prepareDataDirectory } from "../storage/data-directory.ts";
import type { Stores, StoresOptions } from "../storage/open-stores.ts";
import { agreeOnRunning } from "./agree-on-running.ts";
import { type ClusterError, StartAborted } from "./cluster-error.ts";
import { ClusterSide, type NetworkFaults } from "./cluster-side.ts";
import { clusterStatus, ownStatus, runningNames, type StatusFacts } from "./cluster-status.ts";
import { ClusterStores } from "./cluster-stores.ts";
import { findIdentity } from "./find-identity.ts";
import { forgetOffline } from "./forget-offline.ts";
import { Maintenance } from "./maintenance.ts";
import { Membership } from "./membership.ts";
import { rememberedIdentity } from "./node-identity.ts";
import type { PeerPlace } from "./peer-calls.ts";
import type { NodeStatus, PeerGreeting, PeerIdentity } from "./peer-protocol.ts";
import { peerMethods } from "./peer-service.ts";
import { knownPlaces, type LocalAddress } from "./seeds.ts";
import { waitUntil } from "./wait-until.ts";

export interface ShellDependencies extends Omit<NodeDependencies, "openStores"> {
  /** An operator has ordered the process to end. */
  readonly onStopOrdered?: () => void;
  /** Where the cluster port of another node of this host is. undefined: no such node runs here, as far as is known. */
  readonly localAddress?: LocalAddress;
  /** Tests cut the network. */
  readonly faults?: NetworkFaults;
}

/**
 * A node: the part that lives as long as the process, with the port by which tools and other nodes reach it, around the broker, which
 * operators may stop and start.
 */
export class NodeShell implements ControlledNode {
  readonly config: Config;
  readonly #dependencies: ShellDependencies;
  readonly #log: Logger;
  #side: ClusterSide | undefined;
  #management: NodeManagement | undefined;
  #prometheus: NodePrometheus | undefined;
  #state: AppState = "stopped";
  #awaited: readonly string[] = [];
  #broker: BrokerNode | undefined;
  #stores: ClusterStores | undefined;
  /** While the app runs. */
  #maintenance: Maintenance | undefined;
  #isClosing = false;
  #isFounding = false;
  /** The cluster has told the app, in this life of it, that it is no member any more. */
  #fencedBecause: ClusterError | undefined;
  #abort = new AbortController();
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;
  /** Operations that change what is on the disk, one after the other. */
  #operation: Promise<unknown> = Promise.resolve();

  private constructor(config: Config, dependencies: ShellDependencies) {
    this.config = config;
    this.#dependencies = dependencies;
    this.#log = dependencies.logging.root;
  }

  /**
   * Opens the cluster port and the HTTP API, as far as they are wanted.
   * @throws ListenError, ConfigError, CookieFileError, StorageError, TlsOptionsError
   */
  static async open(config: Config, dependencies: ShellDependencies): Promise<NodeShell> {
    const shell = new NodeShell(config, dependencies);
    await shell.#openSide();
    try {
      await shell.#openManagement();
    } catch (error) {
      await shell.#management?.close();
      await shell.#side?.close();
      throw error;
    }
    return shell;
  }

  async #openSide(): Promise<void> {
    const { config } = this;
    if (config.cluster.listener === undefined) return;
    // The cookie is there.
    if (config.node.dataDir !== undefined) prepareDataDirectory(config.node.dataDir);
    const { faults, logging } = this.#dependencies;
    const operators = auditedMethods(controlMethods(this), logging.category("audit"));
    const methods = new Map([...operators, ...peerMethods(this)]);
    this.#side = await ClusterSide.open(config, methods, { log: this.#log, faults });
  }

  /** Its code is only loaded where there is one. */
  async #openManagement(): Promise<void> {
    const { config } = this;
    const { logging } = this.#dependencies;
    if (config.management.listeners.length > 0) {
      const { openManagement } = await import("../management/open-management.ts");
      this.#management = await openManagement(this, config, logging);
    }
    if (config.prometheus.listeners.length > 0) {
      const { openPrometheus } = await import("../management/open-prometheus.ts");
      this.#prometheus = await openPrometheus(this, config, logging);
    }
  }

  get nodeName(): string {
    return this.config.node.name;
  }

  get dataDir(): string | undefined {
    return this.config.node.dataDir;
  }

  get state(): AppState {
    return this.#state;
  }

  get awaitedNodes(): readonly string[] {
    return this.#state === "waiting" ? this.#awaited : [];
  }

  get broker(): BrokerNode | undefined {
    return this.#state === "running" ? this.#broker : undefined;
  }

  get queues(): QueueOperations | undefined {
    const stores = this.#stores;
    const calls = this.#side?.calls;
    if (this.broker === undefined || stores === undefined || calls === undefined) return undefined;
    const { book, places, metadata } = stores;
    return new ClusterOperations({
      queues: places,
      metadata,
      isReachable: (nodeId) => book.record.running.includes(nodeId),
      drained: () => this.#drainedNodes(),
      ask: (nodeId, method, params) => {
        const place = { name: book.nameOf(nodeId), address: book.addressOf(nodeId) ?? "" };
        return calls.call(place, method, params);
      },
    });
  }

  get others(): readonly OtherNode[] {
    const { broker } = this;
    const stores = this.#stores;
    const calls = this.#side?.calls;
    if (broker === undefined || stores === undefined || calls === undefined) return [];
    const { book } = stores;
    return book.others
      .filter(({ nodeId }) => book.record.running.includes(nodeId))
      .map(({ nodeId, name }) => {
        const place = { name, address: book.addressOf(nodeId) ?? "" };
        return {
          name,
          call: (method, params, timeoutMs) => calls.call(place, method, params, timeoutMs),
          stream: (method, params, time) => calls.stream(place, method, params, time),
        };
      });
  }

  /** Of the cluster port; undefined: there is none. */
  get clusterPort(): number | undefined {
    return this.#side?.port.port;
  }

  /** Ports of the HTTP API. */
  get managementListeners(): readonly ManagementListener[] {
    return this.#management?.listeners ?? [];
  }

  /** Ports of the metrics. */
  get prometheusListeners(): readonly PrometheusListener[] {
    return this.#prometheus?.listeners ?? [];
  }

  /** While the app starts or runs in a cluster. */
  get stores(): ClusterStores | undefined {
    return this.#stores;
  }

  // As other nodes see it

  get isFounding(): boolean {
    return this.#isFounding;
  }

  get identity(): PeerIdentity {
    const record = this.#knownRecord();
    const self = this.#side?.self ?? { name: this.nodeName, address: "" };
    const { clusterId, nodeId } = record ?? {};
    return { ...self, clusterId, nodeId, epoch: this.#stores?.epoch };
  }

  get members(): readonly MemberAddress[] {
    return this.#knownRecord()?.members ?? [];
  }

  get running(): readonly number[] {
    return this.#knownRecord()?.running ?? [];
  }

  // The app

  /**
   * The start that belongs to that of the process. Goes on for as long as it takes where an operator ends the wait for other nodes, to
   * change something first.
   */
  async firstStart(): Promise<void> {
    try {
      await this.startApp();
    } catch (error) {
      if (!(error instanceof StartAborted) || this.#isClosing) throw error;
      await this.awaitStartup(Number.POSITIVE_INFINITY);
    }
  }

  startApp(): Promise<void> {
    if (this.#state === "running" && this.#stopping === undefined) return Promise.resolve();
    this.#starting ??= this.#start().finally(() => {
      this.#starting = undefined;
    });
    return this.#starting;
  }

  stopApp(): Promise<void> {
    this.#stopping ??= this.#stopBroker().finally(() => {
      this.#stopping = undefined;
    });
    return this.#stopping;
  }

  stop(): Promise<void> {
    setImmediate(() => this.#dependencies.onStopOrdered?.());
    return Promise.resolve();
  }

  /** Ends everything; a start that is under way, too: it rejects with StartAborted. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await this.stopApp();
    await this.#management?.close();
    await this.#prometheus?.close();
    await this.#side?.close();
  }

  /** Ends everything at once, as if the process had been killed: for tests. */
  async kill(): Promise<void> {
    this.#abort.abort();
    await this.#management?.close();
    await this.#prometheus?.close();
    await this.#side?.close();
    await this.#starting?.catch(() => undefined);
    this.#maintenance?.end();
    await this.#broker?.kill();
    this.#maintenance = undefined;
    this.#broker = undefined;
    this.#stores = undefined;
    this.#state = "stopped";
  }

  async #start(): Promise<void> {
    await this.#stopping;
    await this.#operation;
    this.#abort = new AbortController();
    this.#fencedBecause = undefined;
    this.#state = "starting";
    try {
      this.#broker = await BrokerNode.start(this.config, {
        ...this.#dependencies,
        ...(await this.#storesOpener()),
      });
      this.#maintenance = this.#makeMaintenance(this.#broker);
      this.#state = "running";
      await this.#agree();
    } catch (error) {
      this.#state = "stopped";
      this.#stores = undefined;
      throw this.#reasonToEnd ?? error;
    } finally {
      this.#setFounding(false);
    }
    // Whoever ended the start waits for its end, and stops what has come of it.
    if (this.#abort.signal.aborted) throw this.#reasonToEnd ?? new StartAborted();
  }

  /** The cluster has gone on without this node: said while it started. */
  get #reasonToEnd(): Error | undefined {
    return this.#fencedBecause;
  }

  /** Whoever started the node finds it running at every other one that runs, and those at it. */
  async #agree(): Promise<void> {
    const stores = this.#stores;
    const side = this.#side;
    if (stores === undefined || side === undefined || stores.book.others.length === 0) return;
    const { signal } = this.#abort;
    const left = await agreeOnRunning({
      book: stores.book,
      isRunning: (nodeId) => stores.metadata.machine.member(nodeId)?.state === "running",
      greet: (place) => this.#greet(side, place),
      isOver: () => signal.aborted,
    });
    if (left.length > 0 && !signal.aborted) {
      this.#log.warn(`this node and these that run do not reach each other: ${left.join(", ")}`);
    }
    const { members, running } = stores.book.record;
    const names = running.map((nodeId) => stores.book.nameOf(nodeId)).join(", ");
    this.#log.info(
      `this node serves; ${running.length} of ${members.length} members run: ${names}`,
    );
  }

  async #storesOpener(): Promise<Pick<NodeDependencies, "openStores">> {
    const side = this.#side;
    if (this.dataDir === undefined || side === undefined) return {};
    const record = await findIdentity({
      directory: this.dataDir,
      config: this.config,
      side,
      log: this.#log,
      localAddress: this.#localAddress,
      greet: (place) => this.#greet(side, place),
      setFounding: (isFounding) => this.#setFounding(isFounding),
      signal: this.#abort.signal,
    });
    return { openStores: (options) => this.#openStores(side, record, options) };
  }

  async #openStores(
    side: ClusterSide,
    record: ClusterRecord,
    stores: StoresOptions,
  ): Promise<Stores> {
    const { cluster } = this.config;
    const opened = await ClusterStores.open({
      stores,
      record,
      network: side.network,
      addresses: knownPlaces(cluster.peers, this.#localAddress),
      timing: {
        timeoutMs: cluster.bootRetryTimeoutMs,
        retryLimit: cluster.bootRetryLimit,
        onTimeout: cluster.onBootTimeout,
      },
      leaderLocator: cluster.queueLeaderLocator,
      signal: this.#abort.signal,
      greet: (place) => this.#greet(side, place),
      onOpen: (opening) => {
        this.#stores = opening;
      },
      onWaiting: (awaited) => this.#wait(awaited),
      onFenced: (error) => this.#fenced(error),
    });
    this.#state = "starting";
    return opened;
  }

  #wait(awaited: readonly string[]): void {
    this.#awaited = awaited;
    if (this.#state === "starting") this.#state = "waiting";
  }

  #fenced(error: ClusterError): void {
    this.#fencedBecause = error;
    this.#log.error(error.message);
    void this.stopApp();
  }

  #setFounding(isFounding: boolean): void {
    this.#isFounding = isFounding;
  }

  async #stopBroker(): Promise<void> {
    this.#abort.abort();
    // What went wrong was told to who started it.
    await this.#starting?.catch(() => undefined);
    this.#maintenance?.end();
    await this.#broker?.stop();
    this.#maintenance = undefined;
    this.#broker = undefined;
    this.#stores = undefined;
    this.#state = "stopped";
  }

  // Operations

  get isUnderMaintenance(): boolean {
    return this.#maintenance?.isOn === true;
  }

  drain(): Promise<void> {
    return this.#runningMaintenance.drain();
  }

  revive(): Promise<void> {
    return this.#runningMaintenance.revive();
  }

  #makeMaintenance(broker: BrokerNode): Maintenance {
    const askOthers = (): Promise<ReadonlySet<string>> => this.#drainedNodes();
    return new Maintenance({ broker, stores: this.#stores, log: this.#log, askOthers });
  }

  /** Names of all that are, as they say themselves. */
  async #drainedNodes(): Promise<ReadonlySet<string>> {
    const { maintenance } = await this.clusterStatus();
    return new Set(Object.keys(maintenance).filter((name) => maintenance[name] === true));
  }

  get #runningMaintenance(): Maintenance {
    if (this.#maintenance !== undefined && this.#state === "running") return this.#maintenance;
    throw new OperationError("app_not_running", `the app of node ${this.nodeName} does not run`);
  }

  reset(force: boolean): Promise<void> {
    return this.#whileStopped(async (membership, record) => {
      const known = record(force);
      await membership.reset(known, force);
      const isMember = (known?.members.length ?? 0) > 1;
      const left = isMember && !force ? "this node has left its cluster, and" : "this node";
      this.#log.info(`${left} has forgotten all data`);
    });
  }

  joinCluster(target: string): Promise<JoinResult> {
    return this.#whileStopped(async (membership, record) => {
      this.#log.info(`joining the cluster of ${target}`);
      const result = await membership.join(record(), target);
      const { nodeId, members = [] } = this.#knownRecord() ?? {};
      const names = members.map(({ name }) => name).join(", ");
      const what =
        result === "joined" ? "has joined the cluster" : "is a member of the cluster already";
      this.#log.info({ nodeId }, `this node ${what}; its members: ${names}`);
      return result;
    });
  }

  updateClusterNodes(seed: string): Promise<void> {
    return this.#whileStopped(async (membership, record) => {
      const known = record();
      if (known === undefined) throw new OperationError("failed", "this node is in no cluster");
      const members = await membership.membersOf(seed, known);
      await writeClusterFile(this.#directory, { ...known, members });
    });
  }

  async forceBoot(): Promise<ForgetResult> {
    const wasWaiting = this.#state === "waiting";
    const result = await this.#whileStopped((membership, record) => membership.forceBoot(record()));
    this.#log.warn("the next start is forced: it waits for no other member");
    if (wasWaiting) this.#startAgain();
    return result;
  }

  async forgetClusterNode(name: string, { offline }: ForgetOptions): Promise<ForgetResult> {
    if (!offline) return this.#membership.forget(this.#runningStores, name);
    const wasWaiting = this.#state === "waiting";
    const result = await this.#whileStopped((membership, record) =>
      this.#forgetOffline(name, membership, record()),
    );
    if (wasWaiting) this.#startAgain();
    return result;
  }

  async #forgetOffline(
    name: string,
    membership: Membership,
    record: ClusterRecord | undefined,
  ): Promise<ForgetResult> {
    if (record === undefined) throw new OperationError("failed", "this node is in no cluster");
    const member = await membership.checkOffline(record, name);
    return forgetOffline(member, record, {
      directory: this.#directory,
      log: this.#log,
      maxMessageSize: this.config.limits.maxMessageSize,
      limits: this.#dependencies.storageLimits,
    });
  }

  async clusterStatus(): Promise<ClusterStatus> {
    const facts = this.#statusFacts();
    const side = this.#side;
    const { members = [] } = facts.record ?? {};
    const running = new Set(runningNames(facts));
    const others = members.filter(({ name }) => name !== this.nodeName && running.has(name));
    const answers = new Map<string, NodeStatus>();
    const ask = async (place: MemberAddress): Promise<void> => {
      // Who does not answer is shown without what only it knows.
      const status = await side?.calls.status(place).catch(() => undefined);
      if (status !== undefined) answers.set(place.name, status);
    };
    await Promise.all(others.map(ask));
    return clusterStatus(facts, answers);
  }

  nodeStatus(): NodeStatus {
    return ownStatus(this.#statusFacts());
  }

  #statusFacts(): StatusFacts {
    const port = this.#side?.port;
    return {
      nodeName: this.nodeName,
      record: this.#knownRecord(),
      broker: this.broker,
      clusterPort: port && { host: this.config.cluster.listener?.address, port: port.port },
      management: [...this.managementListeners, ...this.prometheusListeners],
      configuredName: this.config.node.clusterName,
      unreachable: this.#stores?.unreachable ?? [],
      isUnderMaintenance: this.isUnderMaintenance,
    };
  }

  async awaitStartup(timeoutMs: number): Promise<void> {
    await waitUntil(() => this.#state === "running", timeoutMs, "the node has not started");
  }

  async awaitOnlineNodes(count: number, timeoutMs: number): Promise<void> {
    const isReached = (): boolean => this.#state === "running" && this.running.length >= count;
    await waitUntil(isReached, timeoutMs, `fewer than ${count} nodes run`);
  }

  /** What goes wrong is in the log; whoever waits for the node sees its state. */
  #startAgain(): void {
    this.startApp().catch((error: unknown) => {
      this.#log.error({ err: error }, "the node could not start");
    });
  }

  /** `record` reads who this node is, and who its cluster is; `isForced`: what cannot be read does not matter. */
  #whileStopped<T>(
    work: (
      membership: Membership,
      record: (isForced?: boolean) => ClusterRecord | undefined,
    ) => Promise<T>,
  ): Promise<T> {
    const run = async (): Promise<T> => {
      // A start that waits for others has changed nothing yet: what is ordered now may be what ends the wait.
      if (this.#state === "waiting") await this.stopApp();
      if (this.#state !== "stopped" || this.#starting !== undefined) {
        throw new OperationError("app_running", `the app of node ${this.nodeName} runs`);
      }
      const membership = this.#membership;
      const side = this.#side;
      const remembered = side === undefined ? undefined : await remember(this.#directory, side);
      return work(membership, (isForced = false) => {
        if (remembered instanceof Error && !isForced) throw remembered;
        return remembered instanceof Error ? undefined : remembered;
      });
    };
    const operation = this.#operation.then(run);
    this.#operation = operation.catch(() => undefined);
    return operation;
  }

  get #membership(): Membership {
    const side = this.#side;
    if (side === undefined) throw new OperationError("failed", "this node has no cluster port");
    const { cluster } = this.config;
    return new Membership({
      directory: this.#directory,
      self: side.self,
      calls: side.calls,
      seeds: knownPlaces([...cluster.peers, ...cluster.formation.nodes], this.#localAddress),
      localAddress: this.#localAddress,
    });
  }

  get #localAddress(): LocalAddress {
    return (name) => this.#dependencies.localAddress?.(name);
  }

  get #directory(): string {
    if (this.dataDir === undefined) {
      throw new OperationError("failed", "a node without a data directory has no cluster");
    }
    return this.dataDir;
  }

  get #runningStores(): ClusterStores {
    if (this.#stores !== undefined && this.#state === "running") return this.#stores;
    throw new OperationError("app_not_running", `the app of node ${this.nodeName} does not run`);
  }

  #knownRecord(): ClusterRecord | undefined {
    if (this.#stores !== undefined) return this.#stores.book.record;
    if (this.dataDir === undefined) return undefined;
    try {
      return readClusterFile(this.dataDir);
    } catch {
      // Who starts the app is told; others only learn that it is in no cluster.
      return undefined;
    }
  }

  /** undefined: it does not answer. */
  async #greet(side: ClusterSide, place: PeerPlace): Promise<PeerGreeting | undefined> {
    try {
      return await side.calls.greet(place, this.identity);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#log.debug({ address: place.address }, `another node does not answer: ${why}`);
      return undefined;
    }
  }
}

async function remember(
  directory: string,
  side: ClusterSide,
): Promise<ClusterRecord | Error | undefined> {
  try {
    return await rememberedIdentity(directory, side.self);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
