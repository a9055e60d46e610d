import type { TLSSocket } from "node:tls";
import type { RaftLimits } from "@leveret/raft";
import { Alarms } from "../alarm/alarms.ts";
import { DiskMonitor } from "../alarm/disk-monitor.ts";
import { MemoryMonitor } from "../alarm/memory-monitor.ts";
import { directoryDiskProbe, processMemoryProbe } from "../alarm/resource-probes.ts";
import { loadBackends } from "../auth/backend-chain.ts";
import type { Config, ListenAddress } from "../config/config.ts";
import { Listener } from "../connection/listener.ts";
import { isPeerAccepted, tlsServerOptions } from "../connection/tls-options.ts";
import {
  DEFAULT_HANDSHAKE_TIMEOUT_MS,
  MESSAGE_SIZE_CEILING,
  SHUTDOWN_TIMEOUT_MS,
} from "../limits.ts";
import type { Logging } from "../logger.ts";
import { PRODUCT } from "../product.ts";
import type { Clock } from "../runtime/clock.ts";
import { RealClock } from "../runtime/real-clock.ts";
import { NodeFigures } from "../statistics/node-figures.ts";
import type { Stores, StoresOptions } from "../storage/open-stores.ts";
import { StorageFailure } from "../storage/storage-failure.ts";
import { Administration, hashingAlgorithmOf } from "./administration.ts";
import { loadBootDefinitions } from "./boot-definitions.ts";
import { Broker } from "./broker.ts";
import type { BrokerOptions } from "./broker-options.ts";
import { openEventExchange } from "./events/event-exchange.ts";
import { importDefinitions } from "./import-definitions.ts";
import { completeSetup, needsDefaults, seedDefaults } from "./seed.ts";
import { closeClients, MAINTENANCE_TEXT, SHUTDOWN_TEXT } from "./shutdown.ts";

export interface NodeDependencies {
  readonly logging: Logging;
  /** Of queues and delayed messages; connections and monitors live in real time. */
  readonly clock?: Clock;
  /** Applied after the files of the configuration: a definitions document as JSON. */
  readonly definitions?: readonly string[];
  /** Pause before a peer that failed to log in is dropped; undefined: RabbitMQ's 3 s. */
  readonly silentCloseDelayMs?: number;
  /** How long `stop` waits for clients to answer connection.close; undefined: SHUTDOWN_TIMEOUT_MS. */
  readonly shutdownTimeoutMs?: number;
  /** Of the log store, if not its defaults. */
  readonly storageLimits?: Partial<RaftLimits>;
  /**
   * Nothing can be stored any more: the process should end, with exit code 70. undefined: the clients are dropped, and the
   * node serves nobody until it is started again.
   */
  readonly onStorageFailure?: (error: Error) => void;
  /** Of a node with a data directory; undefined: as a node alone. */
  readonly openStores?: (options: StoresOptions) => Promise<Stores>;
}

/** A running node: the broker with its listeners and monitors. */
export class BrokerNode {
  readonly broker: Broker;
  /** Where commands of operators enter. */
  readonly administration: Administration;
  readonly config: Config;
  readonly #listeners: readonly Listener[];
  readonly memory: MemoryMonitor;
  readonly disk: DiskMonitor | undefined;
  /** Counts, rates, samples, gauges. */
  readonly figures: NodeFigures;
  readonly #logging: Logging;
  readonly #shutdownTimeoutMs: number;
  readonly #stores: Stores | undefined;
  #stopping: Promise<void> | undefined = undefined;

  private constructor(config: Config, logging: Logging, parts: NodeParts) {
    this.config = config;
    this.#logging = logging;
    this.broker = parts.broker;
    this.administration = parts.administration;
    this.#listeners = parts.listeners;
    this.memory = parts.memory;
    this.disk = parts.disk;
    this.#shutdownTimeoutMs = parts.shutdownTimeoutMs;
    this.#stores = parts.stores;
    this.figures = new NodeFigures({ ...parts, storage: parts.stores?.storage });
    if (isWatched(config)) this.figures.start();
  }

  /**
   * Starts everything; when it resolves, clients can connect.
   * @throws StorageError, ConfigError, DefinitionsError, TlsOptionsError, ListenError
   */
  static async start(config: Config, dependencies: NodeDependencies): Promise<BrokerNode> {
    const { root } = dependencies.logging;
    const alarms = new Alarms(root);
    const failure = new StorageFailure(root, dependencies.onStorageFailure);
    const stores = await storesOf(config, { dependencies, alarms, failure });
    try {
      const node = await BrokerNode.#startOn(stores, config, { ...dependencies, alarms });
      failure.onFailure(() => node.#abandon());
      return node;
    } catch (error) {
      await stores?.stop();
      throw error;
    }
  }

  static async #startOn(
    stores: Stores | undefined,
    config: Config,
    dependencies: NodeDependencies & { readonly alarms: Alarms },
  ): Promise<BrokerNode> {
    const { logging, alarms, clock = new RealClock() } = dependencies;
    const options = brokerOptions(config, dependencies.silentCloseDelayMs);
    // Not spread: they may be getters.
    const { metadata, queueGroups, places } = stores ?? {};
    const backends = await loadBackends(config.auth, Date.now);
    const base = { clock, logging, alarms, metadata, queueGroups, places, backends };
    const broker = new Broker(options, base);
    const administration = new Administration(broker.metadataStore, config);
    const listeners: Listener[] = [];
    let monitors: Monitors | undefined;
    try {
      await stores?.announce?.();
      await fill(administration, broker, { config, documents: dependencies.definitions ?? [] });
      await openEventExchange(administration, broker, config);
      monitors = await startMonitors(config, logging, alarms);
      await openListeners(broker, config, listeners);
    } catch (error) {
      monitors?.memory.stop();
      monitors?.disk?.stop();
      await Promise.all(listeners.map((listener) => listener.close()));
      broker.close();
      throw error;
    }
    const { shutdownTimeoutMs = SHUTDOWN_TIMEOUT_MS } = dependencies;
    return new BrokerNode(config, logging, {
      broker,
      administration,
      listeners,
      stores,
      ...monitors,
      shutdownTimeoutMs,
    });
  }

  get logging(): Logging {
    return this.#logging;
  }

  /** Those that clients can come to; none while they are suspended. */
  get listeners(): readonly Listener[] {
    return this.#listeners.filter(({ isOpen }) => isOpen);
  }

  /** No more clients are let in, until {@link resumeListeners}. Those that are connected stay. */
  suspendListeners(): void {
    for (const listener of this.#listeners) listener.suspend();
  }

  /** @throws ListenError if a port was taken meanwhile */
  async resumeListeners(): Promise<void> {
    if (this.#stopping !== undefined) return;
    for (const listener of this.#listeners) await listener.resume();
  }

  /** Lets no more clients in, and tells those that are connected that they have to go (320). Resolves when they are gone. */
  async drainClients(): Promise<void> {
    this.suspendListeners();
    await closeClients(this.broker, MAINTENANCE_TEXT, this.#shutdownTimeoutMs);
    for (const listener of this.#listeners) listener.dropUnfinished();
  }

  /** Closes listeners, tells the clients (320), stops everything. Repeatable. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.figures.stop();
    this.memory.stop();
    this.disk?.stop();
    const closed = this.#listeners.map((listener) => listener.close());
    await closeClients(this.broker, SHUTDOWN_TEXT, this.#shutdownTimeoutMs);
    for (const listener of this.#listeners) listener.dropUnfinished();
    await Promise.all(closed);
    await this.#stores?.leave?.();
    this.broker.close();
    await this.#stores?.stop();
    this.#logging.root.info("stopped");
  }

  /** Ends at once, as if the process had been killed: nobody is told anything, and nothing is saved. */
  kill(): Promise<void> {
    this.#stopping ??= this.#kill();
    return this.#stopping;
  }

  async #kill(): Promise<void> {
    this.figures.stop();
    this.memory.stop();
    this.disk?.stop();
    this.#abandon();
    await this.#stores?.kill();
    this.broker.close();
  }

  /** What clients sent can be neither stored nor refused: that they lose their connections tells them so. */
  #abandon(): void {
    for (const listener of this.#listeners) void listener.close();
    for (const connection of [...this.broker.connections]) connection.destroy();
  }
}

/** Whether somebody may ask how fast things change; an embedded broker takes no samples. */
function isWatched({ management, prometheus, cluster }: Config): boolean {
  const ports = management.listeners.length + prometheus.listeners.length;
  return ports > 0 || cluster.listener !== undefined;
}

interface Monitors {
  readonly memory: MemoryMonitor;
  readonly disk: DiskMonitor | undefined;
}

interface NodeParts extends Monitors {
  readonly broker: Broker;
  readonly administration: Administration;
  readonly listeners: readonly Listener[];
  /** undefined: all is in memory. */
  readonly stores: Stores | undefined;
  readonly shutdownTimeoutMs: number;
}

/** Of a node with a data directory. The code is only loaded for those that have one, as brokers of tests start often. */
async function storesOf(
  { node, limits }: Config,
  parts: {
    readonly dependencies: NodeDependencies;
    readonly alarms: Alarms;
    readonly failure: StorageFailure;
  },
): Promise<Stores | undefined> {
  if (node.dataDir === undefined) return undefined;
  const { dependencies, alarms, failure } = parts;
  const openStores =
    dependencies.openStores ?? (await import("../storage/open-stores.ts")).openStores;
  return openStores({
    directory: node.dataDir,
    nodeName: node.name,
    maxMessageSize: Math.min(limits.maxMessageSize, MESSAGE_SIZE_CEILING),
    log: dependencies.logging.root,
    alarms,
    limits: dependencies.storageLimits,
    onFatal: (error) => failure.happened(error),
  });
}

function brokerOptions(config: Config, silentCloseDelayMs: number | undefined): BrokerOptions {
  const { node, limits, auth, defaults, listeners, product } = config;
  return {
    nodeName: node.name,
    clusterName: node.clusterName,
    product: {
      product: product.name ?? PRODUCT.name,
      version: product.version ?? PRODUCT.version,
      productVersion: PRODUCT.productVersion,
      platform: PRODUCT.platform,
      copyright: PRODUCT.copyright,
      information: PRODUCT.information,
    },
    mechanisms: auth.mechanisms,
    frameMax: limits.frameMax,
    initialFrameMax: limits.initialFrameMax,
    channelMax: limits.channelMax,
    heartbeatSeconds: limits.heartbeatSeconds,
    handshakeTimeoutMs: listeners.handshakeTimeoutMs,
    silentCloseDelayMs,
    maxMessageSize: Math.min(limits.maxMessageSize, MESSAGE_SIZE_CEILING),
    consumerMaxPerChannel: limits.consumerMaxPerChannel ?? 0,
    queueMax: limits.queueMax,
    maxConnections: limits.connectionMax,
    maxChannelsPerNode: limits.channelMaxPerNode ?? 0,
    certificateLogin: config.tls?.verify === "verify_peer" ? auth.certificateLogin : undefined,
    loopbackUsers: new Set(auth.loopbackUsers),
    hashingAlgorithm: hashingAlgorithmOf(auth),
    failedLoginsPerMinute: auth.failedLoginsPerMinute,
    tracksAttemptSources: auth.tracksAttemptSources,
    defaultQueueType: defaults.queueType,
    consumerTimeoutMs: limits.consumerTimeoutMs ?? 0,
  };
}

/** What is to be in the broker when it opens. */
interface Contents {
  readonly config: Config;
  readonly documents: readonly string[];
}

/** Default data if there is none yet, then definitions. With definitions files there is no default user (RabbitMQ). */
async function fill(
  administration: Administration,
  { log }: Broker,
  { config, documents }: Contents,
): Promise<void> {
  if (config.definitions.length > 0) {
    log.info("Will not seed default virtual host and user: have definitions to load...");
  } else if (needsDefaults(administration.metadata)) {
    await seedDefaults(administration, config.defaults);
  }
  await loadBootDefinitions(administration, config, log);
  for (const json of documents) {
    await importDefinitions(administration, { json, source: "definitions" }, log);
  }
  await completeSetup(administration);
}

async function startMonitors(config: Config, logging: Logging, alarms: Alarms): Promise<Monitors> {
  const clock = new RealClock();
  const log = logging.root;
  const { memoryWatermark, totalMemoryOverride, memoryMonitorIntervalMs, diskFreeLimit } =
    config.alarms;
  const memory = new MemoryMonitor(
    {
      node: config.node.name,
      watermark: memoryWatermark,
      totalOverride: totalMemoryOverride,
      intervalMs: memoryMonitorIntervalMs,
    },
    { clock, alarms, log, probe: processMemoryProbe() },
  );
  memory.start();
  if (diskFreeLimit === undefined) return { memory, disk: undefined };
  const disk = new DiskMonitor(
    { node: config.node.name, limit: diskFreeLimit, totalMemory: memory.total },
    { clock, alarms, log, probe: directoryDiskProbe(config.node.dataDir ?? ".") },
  );
  await disk.start();
  return { memory, disk };
}

async function openListeners(broker: Broker, config: Config, opened: Listener[]): Promise<void> {
  const { tcp, tls, backlog, hasProxyProtocol, isKeepAlive, isNoDelay } = config.listeners;
  const handshakeTimeoutMs = config.listeners.handshakeTimeoutMs ?? DEFAULT_HANDSHAKE_TIMEOUT_MS;
  const common = { backlog, hasProxyProtocol, isKeepAlive, isNoDelay, handshakeTimeoutMs };
  const open = async (
    at: ListenAddress,
    secure: Parameters<typeof Listener.open>[1]["tls"],
  ): Promise<void> => {
    opened.push(await Listener.open(broker, { ...at, ...common, tls: secure }));
  };
  for (const at of tcp) await open(at, undefined);
  const { tls: settings } = config;
  if (settings === undefined) return;
  const options = tlsServerOptions(settings);
  for (const at of tls) {
    await open(at, {
      options,
      handshakeTimeoutMs: config.listeners.tlsHandshakeTimeoutMs,
      isPeerAccepted: (socket: TLSSocket) => isPeerAccepted(settings, socket),
    });
  }
}
