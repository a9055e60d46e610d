import { setTimeout as delay } from "node:timers/promises";
import type { Channel, ConfirmChannel } from "amqplib";
import { RoamingConnection } from "../clients/roaming-connection.ts";
import type { ServingNodes } from "../cluster/chaos-cluster.ts";
import { quantile } from "./slope.ts";

const PACE_MS = 10;
const WINDOW = 200;
const PREFETCH = 100;
const BODY: Buffer = Buffer.alloc(500, "soak ");
const IDLE_MS = 50;

/** Counts what the clients of a soak do, and remembers what was confirmed and has not come yet. */
export class SoakLedger {
  readonly #awaited = new Set<string>();
  /** Of messages that came before they were confirmed. */
  readonly #early = new Set<string>();
  #latencies: number[] = [];
  confirmed = 0;
  delivered = 0;
  /** Came twice without the mark. */
  duplicated = 0;

  /** Confirmed, and not delivered yet. */
  get awaited(): number {
    return this.#awaited.size;
  }

  onConfirm(message: string, latencyMs: number): void {
    this.confirmed++;
    this.#latencies.push(latencyMs);
    if (!this.#early.delete(message)) this.#awaited.add(message);
  }

  onDelivery(message: string, isRedelivered: boolean): void {
    this.delivered++;
    if (this.#awaited.delete(message) || isRedelivered) return;
    if (this.#early.has(message)) this.duplicated++;
    this.#early.add(message);
  }

  /** Of the time since this was asked for last. */
  takeLatencies(): { readonly p50Ms: number; readonly p99Ms: number } {
    const latencies = this.#latencies;
    this.#latencies = [];
    return { p50Ms: quantile(latencies, 0.5), p99Ms: quantile(latencies, 0.99) };
  }
}

/** Publishes with confirms at a steady rate; what is not confirmed when its connection breaks is sent again. */
export class SoakPublisher {
  /** Messages a second. */
  rate: number;
  readonly #queue: string;
  readonly #ledger: SoakLedger;
  readonly #connection: RoamingConnection;
  readonly #id: string;
  #channel: ConfirmChannel | undefined;
  #seq = 0;
  /** Message, and when it was sent first. */
  readonly #open = new Map<string, number>();
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
    this.#id = `${options.queue}-${options.home}`;
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
    for (const message of [...this.#open.keys()]) this.#publish(message);
  }

  #publishNext(): void {
    if (this.#channel === undefined || this.#open.size >= WINDOW) return;
    const message = `${this.#id}.${++this.#seq}`;
    this.#open.set(message, performance.now());
    this.#publish(message);
  }

  #publish(message: string): void {
    const channel = this.#channel;
    const properties = { messageId: message, persistent: true };
    try {
      channel?.sendToQueue(this.#queue, BODY, properties, (error: unknown) => {
        const isConfirmed = error === null || error === undefined;
        const sentAt = this.#open.get(message);
        if (isConfirmed && sentAt !== undefined) {
          this.#open.delete(message);
          this.#ledger.onConfirm(message, performance.now() - sentAt);
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
        this.#ledger.onDelivery(String(delivery.properties.messageId), redelivered);
        if (this.#channel === channel) channel.ack(delivery);
      });
    } catch {
      this.#channel = undefined;
      await this.#connection.close();
    }
  }
}
