import { Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { type ChannelModel, connect } from "amqplib";
import type { Random } from "../../../packages/raft/src/core/random.ts";
import type { ServingNodes } from "../cluster/chaos-cluster.ts";

const PAUSE_MS = 100;
const CONNECT_MAX_MS = 4000;
const MESSAGES_MAX = 20;
/** Of them, how many just break off. */
const RUDE_SHARE = 0.3;

/** Kinds of queues that come and go; all are gone with their client, or deleted by it. */
const KINDS = [
  { durable: false, exclusive: true, autoDelete: true },
  { durable: true, exclusive: false, autoDelete: false },
  { durable: true, exclusive: false, autoDelete: false, arguments: { "x-queue-type": "quorum" } },
] as const;

/** Connections, channels, queues, bindings and consumers that come and go, again and again. */
export class Churn {
  readonly #cluster: ServingNodes;
  readonly #random: Random;
  readonly #prefix: string;
  /** Queues that a client may have left behind: the next one deletes them. */
  readonly #left = new Set<string>();
  #rounds = 0;
  #failed = 0;
  #isStopped = false;
  #run: Promise<void> = Promise.resolve();

  constructor(cluster: ServingNodes, random: Random, prefix: string) {
    this.#cluster = cluster;
    this.#random = random;
    this.#prefix = prefix;
  }

  /** Clients that came and went; those whose node went first. */
  get counts(): { readonly rounds: number; readonly failed: number } {
    return { rounds: this.#rounds, failed: this.#failed };
  }

  start(): void {
    this.#run = this.#goOn();
  }

  /** Leaves no queue behind. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#run;
    while (this.#left.size > 0) {
      await this.#comeAndGo({ isLast: true });
      await delay(PAUSE_MS);
    }
  }

  async #goOn(): Promise<void> {
    while (!this.#isStopped) {
      await this.#comeAndGo({ isLast: false });
      await delay(PAUSE_MS);
    }
  }

  async #comeAndGo({ isLast }: { readonly isLast: boolean }): Promise<void> {
    const { indices } = this.#cluster;
    const node = indices[this.#random.below(indices.length)] ?? 0;
    let connection: ChannelModel | undefined;
    try {
      connection = await connect(this.#cluster.urlOf(node), { timeout: CONNECT_MAX_MS });
      connection.on("error", () => undefined);
      await this.#deleteLeft(connection);
      if (isLast) await connection.close();
      else await this.#useQueue(connection);
      this.#rounds++;
    } catch {
      // The node is just being restarted, or the queue's.
      this.#failed++;
      await connection?.close().catch(() => undefined);
    }
  }

  async #deleteLeft(connection: ChannelModel): Promise<void> {
    if (this.#left.size === 0) {
      return;
    }
    const channel = await connection.createChannel();
    channel.on("error", () => undefined);
    for (const name of [...this.#left]) {
      await channel.deleteQueue(name);
      this.#left.delete(name);
    }
    await channel.close();
  }

  async #useQueue(connection: ChannelModel): Promise<void> {
    const kind = KINDS[this.#random.below(KINDS.length)] ?? KINDS[0];
    const name = `${this.#prefix}-${this.#rounds}-${this.#failed}`;
    const channel = await connection.createConfirmChannel();
    channel.on("error", () => undefined);
    if (!kind.exclusive) this.#left.add(name);
    await channel.assertQueue(name, kind);
    await channel.bindQueue(name, "amq.topic", `${name}.#`);
    let isDone: () => void = () => undefined;
    const all = new Promise<void>((resolve) => {
      isDone = resolve;
    });
    const count = 1 + this.#random.below(MESSAGES_MAX);
    let seen = 0;
    await channel.consume(name, (delivery) => {
      if (delivery === null) return;
      channel.ack(delivery);
      if (++seen === count) isDone();
    });
    for (let nth = 0; nth < count; nth++) {
      channel.publish("amq.topic", `${name}.${nth}`, Buffer.from(name), { persistent: true });
    }
    await channel.waitForConfirms();
    await Promise.race([all, delay(CONNECT_MAX_MS)]);
    if (this.#random.next() < RUDE_SHARE) {
      breakOff(connection);
      return;
    }
    if (!kind.exclusive) {
      await channel.deleteQueue(name);
      this.#left.delete(name);
    }
    await connection.close();
  }
}

/** As a client that is killed: without a word. */
function breakOff({ connection }: ChannelModel): void {
  // The library does not say that it has one.
  const stream: unknown = Reflect.get(connection, "stream");
  if (stream instanceof Socket) stream.destroy();
}
