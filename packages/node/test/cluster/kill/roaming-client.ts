import { setTimeout as delay } from "node:timers/promises";
import { type ChannelModel, connect } from "amqplib";
import type { ClusterProcesses } from "./cluster-processes.ts";

const RETRY_MS = 20;

/** What clients of the test share: a node that they like best, and others to go to while that one is dead. */
export class RoamingClient {
  readonly cluster: ClusterProcesses;
  readonly home: number;
  #at: number;
  #isStopped = false;

  constructor(cluster: ClusterProcesses, home: number) {
    this.cluster = cluster;
    this.home = home;
    this.#at = home;
  }

  /** The node that it is connected to, or tries next. */
  get at(): number {
    return this.#at;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  stop(): void {
    this.#isStopped = true;
  }

  goHome(): void {
    this.#at = this.home;
  }

  /** Connects to its node, or to the next one that takes it. undefined: it was stopped meanwhile. */
  async connect(onClosed: () => void): Promise<ChannelModel | undefined> {
    while (!this.#isStopped) {
      const connection = await this.#tryConnect();
      if (connection !== undefined) {
        connection.on("error", () => undefined);
        connection.once("close", onClosed);
        return connection;
      }
      this.#at = (this.#at + 1) % this.cluster.indices.length;
      await delay(RETRY_MS);
    }
    return undefined;
  }

  async #tryConnect(): Promise<ChannelModel | undefined> {
    if (!this.cluster.isRunning(this.#at)) return undefined;
    try {
      return await connect(this.cluster.urlOf(this.#at), { noDelay: true });
    } catch {
      // Killed, or not serving yet.
      return undefined;
    }
  }
}
