import type { Config } from "../../src/config/config.ts";
import { defaultConfig } from "../../src/config/load-config.ts";
import type { Logging } from "../../src/logger.ts";
import { NodeShell } from "../../src/shell/node-shell.ts";
import { recordingLogger } from "../alarm/recording-logger.ts";
import { type HttpAnswer, type HttpQuestion, sendRequest } from "./send-request.ts";

export interface ManagedBrokerOptions {
  readonly configure?: (config: Config) => Config;
}

/** A node in memory with a management port, as `npm start` opens it. */
export class ManagedBroker implements AsyncDisposable {
  readonly shell: NodeShell;
  /** `level message`. */
  readonly lines: readonly string[];

  private constructor(shell: NodeShell, lines: readonly string[]) {
    this.shell = shell;
    this.lines = lines;
  }

  static async start({ configure }: ManagedBrokerOptions = {}): Promise<ManagedBroker> {
    const config = managedConfig();
    const { log, lines } = recordingLogger();
    const logging: Logging = { root: log, category: () => log, close: () => undefined };
    const shell = await NodeShell.open(configure?.(config) ?? config, {
      logging,
      silentCloseDelayMs: 50,
      shutdownTimeoutMs: 500,
    });
    await shell.firstStart();
    return new ManagedBroker(shell, lines);
  }

  /** Of the first management listener. */
  get port(): number {
    return this.shell.managementListeners[0]?.port ?? 0;
  }

  get amqpPort(): number {
    return this.shell.broker?.listeners[0]?.address.port ?? 0;
  }

  /** Asks as guest unless `auth` says who. The path is below /api. */
  ask(method: string, path: string, question: HttpQuestion = {}): Promise<HttpAnswer> {
    return sendRequest(this.port, method, `/api${path}`, { auth: "guest:guest", ...question });
  }

  get(path: string, question: HttpQuestion = {}): Promise<HttpAnswer> {
    return this.ask("GET", path, question);
  }

  /** Lines of the log that tell of a fault of the broker itself. */
  get internalErrors(): readonly string[] {
    return this.lines.filter((line) => /internal error/i.test(line));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shell.close();
  }
}

/** Named as the node that RabbitMQ's answers were recorded from. */
export function managedConfig(): Config {
  const base = defaultConfig();
  return {
    ...base,
    node: { ...base.node, name: "rabbit@localhost" },
    listeners: { ...base.listeners, tcp: [{ address: "127.0.0.1", port: 0 }] },
    management: {
      ...base.management,
      listeners: [
        {
          address: "127.0.0.1",
          port: 0,
          tls: undefined,
          isOptional: false,
          requestTimeoutMs: 60_000,
          idleTimeoutMs: 120_000,
          keepAliveRequestsMax: 10_000,
        },
      ],
    },
  };
}
