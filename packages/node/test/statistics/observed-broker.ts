import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ChannelModel, connect } from "amqplib";
import type { Broker } from "../../src/broker/broker.ts";
import type { BrokerNode } from "../../src/broker/broker-node.ts";
import type { Config, ManagementListenerConfig } from "../../src/config/config.ts";
import { ManagedBroker } from "../management/managed-broker.ts";
import { type HttpAnswer, type HttpQuestion, sendRequest } from "../management/send-request.ts";
import { readScrape, type Scrape } from "./metrics-text.ts";

const LISTENER: ManagementListenerConfig = {
  address: "127.0.0.1",
  port: 0,
  tls: undefined,
  isOptional: false,
  requestTimeoutMs: 60_000,
  idleTimeoutMs: 120_000,
  keepAliveRequestsMax: 10_000,
};

/** A node with a data directory, the management API and metrics. */
export class ObservedBroker implements AsyncDisposable {
  readonly managed: ManagedBroker;
  readonly #directory: string;

  private constructor(managed: ManagedBroker, directory: string) {
    this.managed = managed;
    this.#directory = directory;
  }

  static async start(configure = (config: Config): Config => config): Promise<ObservedBroker> {
    const directory = mkdtempSync(join(tmpdir(), "leveret-statistics-"));
    const managed = await ManagedBroker.start({
      configure: (config) =>
        configure({
          ...config,
          node: { ...config.node, dataDir: directory },
          alarms: { ...config.alarms, diskFreeLimit: { absolute: 1_000_000 } },
          prometheus: { ...config.prometheus, listeners: [LISTENER] },
        }),
    });
    return new ObservedBroker(managed, directory);
  }

  get node(): BrokerNode {
    const { broker } = this.managed.shell;
    if (broker === undefined) throw new Error("the app does not run");
    return broker;
  }

  get broker(): Broker {
    return this.node.broker;
  }

  connect(): Promise<ChannelModel> {
    return connect(`amqp://guest:guest@127.0.0.1:${this.managed.amqpPort}`);
  }

  /** A request to the port of the metrics. */
  ask(path: string, question: HttpQuestion = {}, method = "GET"): Promise<HttpAnswer> {
    const port = this.managed.shell.prometheusListeners[0]?.port ?? 0;
    return sendRequest(port, method, path, question);
  }

  async scrape(path = "/metrics"): Promise<Scrape> {
    const { status, body } = await this.ask(path);
    if (status !== 200) throw new Error(`${status} ${body}`);
    return readScrape(body);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.managed[Symbol.asyncDispose]();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
