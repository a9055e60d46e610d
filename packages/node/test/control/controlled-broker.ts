import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ClusterPort, ControlServer } from "@leveret/control";
import { BrokerNode } from "../../src/broker/broker-node.ts";
import type { Config } from "../../src/config/config.ts";
import { defaultConfig } from "../../src/config/load-config.ts";
import { controlMethods } from "../../src/control/control-methods.ts";
import type {
  AppState,
  ClusterStatus,
  ControlledNode,
  ForgetOptions,
  ForgetResult,
  JoinOptions,
  JoinResult,
  OtherNode,
} from "../../src/control/controlled-node.ts";
import { OperationError } from "../../src/control/operation-error.ts";
import type { QueueOperations } from "../../src/control/queue-operations.ts";
import { SILENT_LOGGING } from "../../src/logger.ts";
import { PRODUCT } from "../../src/product.ts";

export const COOKIE = "TESTCOOKIE";

/** A real broker with a data directory behind a real cluster port; what a cluster would do is only noted. */
export class ControlledBroker implements ControlledNode, AsyncDisposable {
  readonly nodeName = "rabbit@localhost";
  readonly dataDir: string;
  readonly awaitedNodes: readonly string[] = [];
  others: readonly OtherNode[] = [];
  queues: QueueOperations | undefined = undefined;
  broker: BrokerNode | undefined = undefined;
  /** What operators asked for. */
  readonly asked: string[] = [];
  /** The next operation on the cluster fails with it. */
  refusal: OperationError | undefined = undefined;
  otherMembers: readonly string[] = [];
  /** Of the cluster port. */
  port = 0;
  readonly #config: Config;
  #server: ControlServer | undefined = undefined;
  #close: () => Promise<void> = () => Promise.resolve();

  private constructor(dataDir: string) {
    this.dataDir = dataDir;
    const base = defaultConfig();
    this.#config = {
      ...base,
      node: { ...base.node, name: this.nodeName, dataDir },
      listeners: { ...base.listeners, tcp: [{ address: "127.0.0.1", port: 0 }] },
    };
  }

  static async start(): Promise<ControlledBroker> {
    const node = new ControlledBroker(mkdtempSync(join(tmpdir(), "leveret-control-")));
    await node.startApp();
    await node.#listen();
    return node;
  }

  get state(): AppState {
    return this.broker === undefined ? "stopped" : "running";
  }

  /** Of AMQP. */
  get amqpPort(): number {
    return this.broker?.listeners[0]?.address.port ?? 0;
  }

  async startApp(): Promise<void> {
    this.broker ??= await BrokerNode.start(this.#config, {
      logging: SILENT_LOGGING,
      shutdownTimeoutMs: 500,
      storageLimits: { hotFileBytes: 4_194_304, spareFiles: 1 },
    });
  }

  async stopApp(): Promise<void> {
    await this.broker?.stop();
    this.broker = undefined;
  }

  get isUnderMaintenance(): boolean {
    return this.asked.at(-1) === "drain";
  }

  drain(): Promise<void> {
    return this.#note("drain");
  }

  revive(): Promise<void> {
    return this.#note("revive");
  }

  /** Tools see the end of the process by the end of their connection. */
  async stop(): Promise<void> {
    await this.#note("stop");
    setImmediate(() => this.#server?.close());
  }

  reset(force: boolean): Promise<void> {
    return this.#note(force ? "force_reset" : "reset");
  }

  async joinCluster(target: string, { nodeType }: JoinOptions): Promise<JoinResult> {
    await this.#note(`join ${target} ${nodeType}`);
    return "joined";
  }

  async forgetClusterNode(name: string, { offline }: ForgetOptions): Promise<ForgetResult> {
    await this.#note(`forget ${name}${offline ? " offline" : ""}`);
    return { warnings: [] };
  }

  async forceBoot(): Promise<ForgetResult> {
    await this.#note("force_boot");
    return { warnings: ["what rabbit@other has not sent is lost"] };
  }

  updateClusterNodes(seed: string): Promise<void> {
    return this.#note(`update ${seed}`);
  }

  async clusterStatus(): Promise<ClusterStatus> {
    const { nodeName } = this;
    const isRunning = this.broker !== undefined;
    const versions = {
      rabbitmq: PRODUCT.version,
      product: PRODUCT.productVersion,
      platform: PRODUCT.platform,
    };
    return {
      clusterName: nodeName,
      diskNodes: [nodeName, ...this.otherMembers],
      runningNodes: isRunning ? [nodeName] : [],
      versions: isRunning ? { [nodeName]: versions } : {},
      alarms: [],
      listeners: [
        {
          node: nodeName,
          interface: "127.0.0.1",
          port: this.amqpPort,
          protocol: "amqp",
          purpose: "AMQP 0-9-1",
        },
      ],
      partitions: {},
      maintenance: isRunning ? { [nodeName]: this.isUnderMaintenance } : {},
    };
  }

  awaitStartup(_timeoutMs: number): Promise<void> {
    return this.#note("await_startup");
  }

  awaitOnlineNodes(count: number, _timeoutMs: number): Promise<void> {
    return count <= 1
      ? Promise.resolve()
      : Promise.reject(new OperationError("timeout", "not enough nodes"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
    await this.stopApp();
    rmSync(this.dataDir, { recursive: true, force: true });
  }

  async #listen(): Promise<void> {
    const { nodeName } = this;
    const port = await ClusterPort.listen({ host: "127.0.0.1", port: 0, nodeName, cookie: COOKIE });
    const server = new ControlServer({ methods: controlMethods(this) });
    port.handle("control", server.accept);
    this.#server = server;
    this.port = port.port;
    this.#close = async () => {
      server.close();
      await port.close();
    };
  }

  #note(what: string): Promise<void> {
    this.asked.push(what);
    const { refusal } = this;
    this.refusal = undefined;
    return refusal === undefined ? Promise.resolve() : Promise.reject(refusal);
  }
}
