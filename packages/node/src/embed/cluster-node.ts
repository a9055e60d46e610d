import type { BrokerNode } from "../broker/broker-node.ts";
import type { ClusterConfig, Config } from "../config/config.ts";
import { ListenError } from "../connection/listen-error.ts";
import type { ClusterStatus } from "../control/controlled-node.ts";
import type { Logging } from "../logger.ts";
import type { NetworkFaults } from "../shell/cluster-side.ts";
import { NodeShell } from "../shell/node-shell.ts";
import { EmbeddedBroker } from "./embedded-broker.ts";
import {
  EMBEDDED_SHUTDOWN_TIMEOUT_MS,
  EMBEDDED_SILENT_CLOSE_DELAY_MS,
  EMBEDDED_STORAGE_LIMITS,
} from "./embedded-limits.ts";
import { findFreePort } from "./free-port.ts";

export interface ClusterNodeDependencies {
  readonly logging: Logging;
  readonly faults: NetworkFaults;
  /** It listens for other nodes at `127.0.0.1:PORT`. */
  onAddress(address: string): void;
}

/** Ports that are tried when a node is opened for the first time. */
const OPEN_ATTEMPTS = 5;

/** One node of a test cluster. It keeps its name, its data and its ports from one start to the next. */
export class ClusterNode {
  readonly name: string;
  readonly #dependencies: ClusterNodeDependencies;
  #config: Config;
  #shell: NodeShell | undefined;
  /** Others may know its address. */
  #isKnown = false;
  /** Clients may know its port. */
  #hasServed = false;
  #view: { readonly node: BrokerNode; readonly broker: EmbeddedBroker } | undefined;

  constructor(config: Config, dependencies: ClusterNodeDependencies) {
    this.name = config.node.name;
    this.#config = config;
    this.#dependencies = dependencies;
  }

  /** The node around the broker. @throws Error if it is not open */
  get shell(): NodeShell {
    if (this.#shell === undefined) throw new Error(`${this.name} is not running`);
    return this.#shell;
  }

  /** @throws Error if its broker does not run */
  get node(): BrokerNode {
    const { broker } = this.shell;
    if (broker === undefined) throw new Error(`the broker of ${this.name} does not run`);
    return broker;
  }

  /** A view into its queues and connections, and faults on demand, until it stops. @throws Error if its broker does not run */
  get broker(): EmbeddedBroker {
    const { node } = this;
    if (this.#view?.node !== node) this.#view = { node, broker: new EmbeddedBroker(node) };
    return this.#view.broker;
  }

  /** The port that clients connect to. */
  get port(): number {
    const [listener] = this.node.listeners;
    if (listener === undefined) throw new Error(`${this.name} listens nowhere`);
    return listener.address.port;
  }

  /** Of the HTTP API. @throws Error if there is none */
  get managementPort(): number {
    const [listener] = this.shell.managementListeners;
    if (listener === undefined) throw new Error(`${this.name} has no HTTP API`);
    return listener.port;
  }

  get dataDir(): string {
    return this.#config.node.dataDir ?? "";
  }

  /** As `port`; undefined: it does not serve clients. */
  get clientPort(): number | undefined {
    return this.#shell?.broker === undefined ? undefined : this.port;
  }

  /** For other nodes and tools; undefined: it is not open. */
  get clusterPort(): number | undefined {
    return this.#shell?.clusterPort;
  }

  /** For any AMQP client. */
  get url(): string {
    return `amqp://guest:guest@127.0.0.1:${this.port}`;
  }

  /** Of the cluster port; as `leveretctl -n` takes it. */
  get target(): string {
    return `${this.name}:${this.shell.clusterPort}`;
  }

  /** The process begins: its cluster port is open, its broker is not started. */
  async open(): Promise<void> {
    const shell = await this.#openShell();
    this.#shell = shell;
    this.#isKnown = true;
    this.#keepClusterPort();
    this.#dependencies.onAddress(`127.0.0.1:${shell.clusterPort}`);
  }

  /** The first time, any port will do: another process may have taken the one that was free a moment ago. */
  async #openShell(): Promise<NodeShell> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await NodeShell.open(this.#config, {
          logging: this.#dependencies.logging,
          faults: this.#dependencies.faults,
          silentCloseDelayMs: EMBEDDED_SILENT_CLOSE_DELAY_MS,
          shutdownTimeoutMs: EMBEDDED_SHUTDOWN_TIMEOUT_MS,
          storageLimits: EMBEDDED_STORAGE_LIMITS,
        });
      } catch (error) {
        const isLast = this.#isKnown || attempt === OPEN_ATTEMPTS;
        if (isLast || !(error instanceof ListenError)) throw error;
        this.#replacePort(error.port, await findFreePort());
      }
    }
  }

  #replacePort(taken: number, port: number): void {
    const { management } = this.#config;
    if (management.listeners.some((listener) => listener.port === taken)) {
      const listeners = management.listeners.map((one) =>
        one.port === taken ? { ...one, port } : one,
      );
      this.#config = { ...this.#config, management: { ...management, listeners } };
    } else {
      this.#changeCluster(({ listener }) => ({ listener: listener && { ...listener, port } }));
    }
  }

  /** Resolves when clients are served. */
  async startApp(): Promise<void> {
    try {
      await this.shell.startApp();
    } catch (error) {
      if (this.#hasServed || !(error instanceof ListenError)) throw error;
      await this.#startAtAnotherPort();
    }
    this.#hasServed = true;
    this.#keepClientPort();
  }

  /** The port for clients, which was free a moment ago, has been taken by another process. */
  async #startAtAnotherPort(): Promise<void> {
    await this.stop();
    const port = await findFreePort();
    const { listeners } = this.#config;
    const tcp = listeners.tcp.map((listener) => ({ ...listener, port }));
    this.#config = { ...this.#config, listeners: { ...listeners, tcp } };
    await this.open();
    await this.shell.startApp();
  }

  /** `open` and `startApp`. */
  async start(): Promise<void> {
    await this.open();
    await this.startApp();
  }

  /** Becomes a member of the other node's cluster; before `startApp`. */
  async join(other: ClusterNode): Promise<void> {
    await this.shell.joinCluster(other.target);
  }

  /** In good order, as by SIGTERM. */
  async stop(): Promise<void> {
    await this.#shell?.close();
    this.#shell = undefined;
  }

  /** As by SIGKILL. */
  async kill(): Promise<void> {
    await this.#shell?.kill();
    this.#shell = undefined;
  }

  status(): Promise<ClusterStatus> {
    return this.shell.clusterStatus();
  }

  /** It listens for other nodes at another port when it is opened again. */
  forgetPort(): void {
    this.#changeCluster(({ listener }) => ({ listener: listener && { ...listener, port: 0 } }));
  }

  /** It is told where the other node, which is open, is now: `--peer`. */
  addPeer({ name, shell }: ClusterNode): void {
    const port = shell.clusterPort ?? 0;
    this.#changeCluster(({ peers }) => ({ peers: [...peers, { name, host: "127.0.0.1", port }] }));
  }

  /** Others remember it. */
  #keepClusterPort(): void {
    const { clusterPort = 0 } = this.shell;
    this.#changeCluster(({ listener }) => ({
      listener: listener && { ...listener, port: clusterPort },
    }));
  }

  #changeCluster(change: (cluster: ClusterConfig) => Partial<ClusterConfig>): void {
    const { cluster } = this.#config;
    this.#config = { ...this.#config, cluster: { ...cluster, ...change(cluster) } };
  }

  #keepClientPort(): void {
    const { listeners } = this.#config;
    const [first, ...others] = listeners.tcp;
    if (first === undefined) return;
    const tcp = [{ ...first, port: this.port }, ...others];
    this.#config = { ...this.#config, listeners: { ...listeners, tcp } };
  }
}
