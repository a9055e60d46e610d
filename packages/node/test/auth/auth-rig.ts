import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type ChannelModel, connect } from "amqplib";
import type { Eventually } from "../../src/auth/eventually.ts";
import { BrokerNode } from "../../src/broker/broker-node.ts";
import type { AuthConfig, Config } from "../../src/config/config.ts";
import { defaultConfig } from "../../src/config/load-config.ts";
import { openLogging } from "../../src/logger.ts";

/** A broker on any free port of loopback, in memory, whose log lines are kept. */
export class AuthRig implements AsyncDisposable {
  readonly node: BrokerNode;
  readonly lines: readonly string[];

  private constructor(node: BrokerNode, lines: readonly string[]) {
    this.node = node;
    this.lines = lines;
  }

  static async start(
    auth: Partial<AuthConfig>,
    change: (config: Config) => Config = (config) => config,
  ): Promise<AuthRig> {
    const lines: string[] = [];
    const sink = { write: (line: string) => void lines.push(line) };
    const base = defaultConfig();
    const config: Config = {
      ...base,
      node: { ...base.node, dataDir: undefined },
      listeners: { ...base.listeners, tcp: [{ address: "127.0.0.1", port: 0 }] },
      auth: { ...base.auth, ...auth },
    };
    const node = await BrokerNode.start(change(config), {
      logging: openLogging({ outputs: [{ destination: sink, format: "json", level: "debug" }] }),
      silentCloseDelayMs: 10,
      shutdownTimeoutMs: 1000,
    });
    return new AuthRig(node, lines);
  }

  get port(): number {
    return this.node.listeners[0]?.address.port ?? 0;
  }

  /** Everything that was logged. */
  get log(): string {
    return this.lines.join("");
  }

  /** Opens a connection; its errors are the test's to look at. */
  connect(username: string, password: string, vhost = "/"): Promise<ChannelModel> {
    return AuthRig.connectTo(this.port, username, password, vhost);
  }

  /** The same to any broker of this machine. */
  static async connectTo(
    port: number,
    username: string,
    password: string,
    vhost = "/",
  ): Promise<ChannelModel> {
    const options = { hostname: "127.0.0.1", port, username, password, vhost };
    const connection = await connect(options);
    connection.on("error", () => undefined);
    return connection;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.node.stop();
  }
}

/** The error that a channel or a connection is closed with. */
export async function errorOf(action: Promise<unknown>): Promise<string> {
  try {
    await action;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return "no error";
}

interface Answer {
  readonly status?: number;
  readonly text: string;
}

/** An HTTP server on any free port of loopback; no answer is one that never comes. */
export class WebService implements AsyncDisposable {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(
    answer: (request: IncomingMessage, body: string) => Eventually<Answer | undefined>,
  ): Promise<WebService> {
    const server = createServer((request, response) => {
      let body = "";
      request.setEncoding("utf8");
      request.on("data", (chunk: string) => {
        body += chunk;
      });
      request.on("end", () => {
        void Promise.resolve(answer(request, body)).then((given) => {
          if (given !== undefined) response.writeHead(given.status ?? 200).end(given.text);
        });
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new WebService(server);
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo; // A TCP server that listens has one.
    return `http://127.0.0.1:${port}`;
  }

  /** Closes the connections that clients keep. */
  dropConnections(): void {
    this.#server.closeAllConnections();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}
