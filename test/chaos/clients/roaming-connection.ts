import { setTimeout as delay } from "node:timers/promises";
import { type ChannelModel, connect } from "amqplib";
import type { ServingNodes } from "../cluster/chaos-cluster.ts";

const RETRY_MS = 50;
/** Of a node that takes connections and says nothing. */
const CONNECT_MAX_MS = 4000;
/** Twice that without a sign of life, and the client goes elsewhere. */
const HEARTBEAT_S = 5;

/** How clients connect: to a node that they like best, or to the next one that takes them. */
export class RoamingConnection {
  readonly home: number;
  readonly #cluster: ServingNodes;
  readonly #onError: (reason: string) => void;
  #at: number;
  #isStopped = false;
  #current: ChannelModel | undefined;

  /** `onError`: is told why a connection or channel ended that its client had not closed. */
  constructor(
    cluster: ServingNodes,
    home: number,
    onError: (reason: string) => void = () => undefined,
  ) {
    this.#cluster = cluster;
    this.#onError = onError;
    this.home = home;
    this.#at = home;
  }

  /** The node that it is connected to, or tries next. */
  get at(): number {
    return this.#at;
  }

  /** For the channels on it. */
  onError(error: unknown): void {
    this.#onError(error instanceof Error ? error.message : String(error));
  }

  /** It has not ended meanwhile. */
  isOpen(connection: ChannelModel): boolean {
    return this.#current === connection;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Ends the connection, too. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.close();
  }

  /** The client comes back, to its home. */
  async goHome(): Promise<void> {
    if (this.#at === this.home) return;
    this.#at = this.home;
    await this.close();
  }

  /** Ends the connection; its client makes another one. */
  async close(): Promise<void> {
    const connection = this.#current;
    if (connection === undefined) return;
    // A node that does not answer does not hold up the client.
    await Promise.race([connection.close().catch(() => undefined), delay(CONNECT_MAX_MS)]);
  }

  /** Connects. undefined: it was stopped meanwhile. `onClosed` is called once, however the connection ends. */
  async open(onClosed: () => void): Promise<ChannelModel | undefined> {
    while (!this.#isStopped) {
      const connection = await this.#try();
      if (connection !== undefined) {
        this.#current = connection;
        connection.on("error", (error) => this.onError(error));
        connection.once("close", () => {
          if (this.#current === connection) this.#current = undefined;
          onClosed();
        });
        return connection;
      }
      this.#at = (this.#at + 1) % this.#cluster.indices.length;
      await delay(RETRY_MS);
    }
    return undefined;
  }

  async #try(): Promise<ChannelModel | undefined> {
    if (!this.#cluster.isRunning(this.#at)) return undefined;
    const url = `${this.#cluster.urlOf(this.#at)}?heartbeat=${HEARTBEAT_S}`;
    try {
      return await connect(url, { noDelay: true, timeout: CONNECT_MAX_MS });
    } catch {
      // Killed, stopped, or not serving yet.
      return undefined;
    }
  }
}
