import { BrokerNode } from "../../src/broker/broker-node.ts";
import type { Config } from "../../src/config/config.ts";
import { defaultConfig } from "../../src/config/load-config.ts";
import { EmbeddedBroker, type VirtualClock } from "../../src/index.ts";
import type { Logging } from "../../src/logger.ts";
import { recordingLogger } from "../alarm/recording-logger.ts";

export interface StartNodeOptions {
  readonly configure?: (config: Config) => Config;
  readonly clock?: VirtualClock;
}

/** A broker whose inside and log lines a test can look at. */
export class TestNode implements AsyncDisposable {
  readonly node: BrokerNode;
  readonly broker: EmbeddedBroker;
  /** `level message`. */
  readonly lines: readonly string[];
  readonly host: string;
  readonly port: number;

  private constructor(node: BrokerNode, clock: VirtualClock | undefined, lines: string[]) {
    this.node = node;
    this.broker = new EmbeddedBroker(node, { clock });
    this.lines = lines;
    this.host = this.broker.host;
    this.port = this.broker.port;
  }

  static async start({ configure, clock }: StartNodeOptions = {}): Promise<TestNode> {
    const base = defaultConfig();
    const config: Config = {
      ...base,
      listeners: { ...base.listeners, tcp: [{ address: "127.0.0.1", port: 0 }] },
    };
    const { log, lines } = recordingLogger();
    const logging: Logging = { root: log, category: () => log, close: () => undefined };
    const node = await BrokerNode.start(configure?.(config) ?? config, {
      logging,
      ...(clock === undefined ? {} : { clock }),
      silentCloseDelayMs: 50,
      shutdownTimeoutMs: 500,
    });
    return new TestNode(node, clock, lines);
  }

  /** Bytes that wait for all clients to read them. */
  get unwritten(): number {
    let size = 0;
    for (const { output } of this.node.broker.connections) size += output.unwritten;
    return size;
  }

  /** Lines of the log that tell of a fault of the broker itself. */
  get internalErrors(): string[] {
    return this.lines.filter((line) => /INTERNAL_ERROR|internal error|listener error/.test(line));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.node.stop();
  }
}
