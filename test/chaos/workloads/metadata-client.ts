import type { Channel, ChannelModel } from "amqplib";
import { RoamingConnection } from "../clients/roaming-connection.ts";
import type { ChaosCluster } from "../cluster/chaos-cluster.ts";

export const EXCHANGE = "chaos-metadata";
/** The queue that is bound. */
export const HOLDER = "chaos-metadata-holder";
/** Classic ones are mirrored: a node may be lost for good. */
const PREFIX = "chaos-mirrored-metadata-";
const NOT_FOUND = 404;

/** Changes metadata over a connection of its own. */
export class MetadataClient {
  readonly home: number;
  readonly #connection: RoamingConnection;
  #channel: Channel | undefined;

  constructor(cluster: ChaosCluster, home: number) {
    this.home = home;
    this.#connection = new RoamingConnection(cluster, home);
  }

  /** Connects if it is not. False: it was stopped, or lost it again. */
  async isReady(): Promise<boolean> {
    if (this.#channel !== undefined) return true;
    const connection = await this.#connection.open(() => {
      this.#channel = undefined;
    });
    if (connection === undefined) return false;
    try {
      const channel = await connection.createChannel();
      channel.on("error", () => undefined);
      channel.once("close", () => {
        this.#channel = undefined;
      });
      this.#channel = channel;
      return true;
    } catch {
      await this.#connection.close();
      return false;
    }
  }

  async reconnect(): Promise<void> {
    this.#channel = undefined;
    await this.#connection.close();
  }

  goHome(): Promise<void> {
    return this.#connection.goHome();
  }

  stop(): Promise<void> {
    return this.#connection.stop();
  }

  /** Half of them are quorum queues. */
  async declare(name: string): Promise<void> {
    const type = Number(name) % 2 === 0 ? "quorum" : "classic";
    await this.#required().assertQueue(PREFIX + name, {
      durable: true,
      arguments: { "x-queue-type": type },
    });
  }

  async delete(name: string): Promise<void> {
    await this.#required().deleteQueue(PREFIX + name);
  }

  async bind(key: string): Promise<void> {
    await this.#required().bindQueue(HOLDER, EXCHANGE, key);
  }

  async unbind(key: string): Promise<void> {
    await this.#required().unbindQueue(HOLDER, EXCHANGE, key);
  }

  static async isDeclared(connection: ChannelModel, name: string): Promise<boolean> {
    const channel = await connection.createChannel();
    channel.on("error", () => undefined);
    try {
      await channel.checkQueue(PREFIX + name);
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === NOT_FOUND) return false;
      throw error;
    }
    await channel.close();
    return true;
  }

  /** Looks whether a message with the key comes back. */
  static async isBound(connection: ChannelModel, key: string): Promise<boolean> {
    const channel = await connection.createConfirmChannel();
    let isReturned = false;
    channel.once("return", () => {
      isReturned = true;
    });
    channel.publish(EXCHANGE, key, Buffer.from(key), { mandatory: true });
    await channel.waitForConfirms();
    await channel.close();
    return !isReturned;
  }

  #required(): Channel {
    if (this.#channel === undefined) throw new Error("the connection is lost");
    return this.#channel;
  }
}
