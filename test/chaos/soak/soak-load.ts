import { setTimeout as delay } from "node:timers/promises";
import type { Channel, ConfirmChannel } from "amqplib";
import { RoamingConnection } from "../clients/roaming-connection.ts";
import type { ServingNodes } from "../cluster/chaos-cluster.ts";
import type { SoakLedger } from "./soak-ledger.ts";

const PACE_MS = 10;
const WINDOW = 200;
const PREFETCH = 100;
const BODY: Buffer = Buffer.alloc(500, "soak ");
const IDLE_MS = 50;

/** Publishes with confirms at a steady rate; what is not confirmed when its connection breaks is sent again. */
export class SoakPublisher {
  /** Messages a second. */
  rate: number;
  readonly #queue: string;
  readonly #ledger: SoakLedger;
  readonly #connection: RoamingConnection;
  readonly #id: number;
  #channel: ConfirmChannel | undefined;
  #seq = 0;
  /** Number of the message, and when it was sent first. */
  readonly #open = new Map<number, number>();
  #run: Promise<void> = Promise.resolve();

  constructor(
    cluster: ServingNodes,
    ledger: SoakLedger,
    options: { readonly queue: string; readonly home: number; readonly rate: number },
  ) {
    this.#queue = options.queue;
    this.#ledger = ledger;
    this.rate = options.rate;
    this.#connection = new RoamingConnection(cluster, options.home);
    this.#id = ledger.addPublisher();
  }

  get hasOpen(): boolean {
    return this.#open.size > 0;
  }

  start(): void {
    this.#run = this.#goOn();
  }

  goHome(): Promise<void> {
    return this.#connection.goHome();
  }

  async stop(): Promise<void> {
    await this.#connection.stop();
    await this.#run;
  }

  async #goOn(): Promise<void> {
    let dueAt = performance.now();
    while (!this.#connection.isStopped) {
      if (this.#channel === undefined) await this.#connect();
      const now = performance.now();
      dueAt = Math.max(dueAt, now - PACE_MS * 4);
      for (; this.rate > 0 && dueAt < now; dueAt += 1000 / this.rate) this.#publishNext();
      await delay(PACE_MS);
    }
  }

  async #connect(): Promise<void> {
    const connection = await this.#connection.open(() => {
      this.#channel = undefined;
    });
    if (connection === undefined) return;
    try {
      const channel = await connection.createConfirmChannel();
      channel.on("error", () => void this.#connection.close());
      this.#channel = channel;
    } catch {
      await this.#connection.close();
      return;
    }
    for (const seq of [...this.#open.keys()]) {
      this.#ledger.onSendAgain(this.#id, seq);
      this.#publish(seq);
    }
  }

  #publishNext(): void {
    if (this.#channel === undefined || this.#open.size >= WINDOW) return;
    const seq = ++this.#seq;
    this.#open.set(seq, performance.now());
    this.#publish(seq);
  }

  #publish(seq: number): void {
    const channel = this.#channel;
    const properties = { messageId: `${this.#id}.${seq}`, persistent: true };
    try {
      channel?.sendToQueue(this.#queue, BODY, properties, (error: unknown) => {
        const isConfirmed = error === null || error === undefined;
        const sentAt = this.#open.get(seq);
        if (isConfirmed && sentAt !== undefined) {
          this.#open.delete(seq);
          this.#ledger.onConfirm(this.#id, seq, performance.now() - sentAt);
        } else if (!isConfirmed && this.#channel === channel) void this.#connection.close();
      });
    } catch {
      // The connection is closed, which is about to be told.
    }
  }
}

/** Takes what comes. */
export class SoakConsumer {
  readonly #queue: string;
  readonly #ledger: SoakLedger;
  readonly #connection: RoamingConnection;
  #channel: Channel | undefined;
  #run: Promise<void> = Promise.resolve();

  constructor(
    cluster: ServingNodes,
    ledger: SoakLedger,
    options: { readonly queue: string; readonly home: number },
  ) {
    this.#queue = options.queue;
    this.#ledger = ledger;
    this.#connection = new RoamingConnection(cluster, options.home);
  }

  start(): void {
    this.#run = this.#goOn();
  }

  goHome(): Promise<void> {
    return this.#connection.goHome();
  }

  /** A consumer that comes and goes. */
  reconnect(): Promise<void> {
    return this.#connection.close();
  }

  async stop(): Promise<void> {
    await this.#connection.stop();
    await this.#run;
  }

  async #goOn(): Promise<void> {
    while (!this.#connection.isStopped) {
      if (this.#channel === undefined) await this.#attach();
      await delay(IDLE_MS);
    }
  }

  async #attach(): Promise<void> {
    const connection = await this.#connection.open(() => {
      this.#channel = undefined;
    });
    if (connection === undefined) return;
    try {
      const channel = await connection.createChannel();
      channel.on("error", () => undefined);
      channel.once("close", () => void this.#connection.close());
      this.#channel = channel;
      await channel.prefetch(PREFETCH);
      await channel.consume(this.#queue, (delivery) => {
        if (delivery === null) {
          void this.#connection.close();
          return;
        }
        const { redelivered } = delivery.fields;
        const [id, seq] = String(delivery.properties.messageId).split(".").map(Number);
        this.#ledger.onDelivery(id ?? 0, seq ?? 0, redelivered);
        if (this.#channel === channel) channel.ack(delivery);
      });
    } catch {
      this.#channel = undefined;
      await this.#connection.close();
    }
  }
}
