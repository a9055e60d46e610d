import { setTimeout as delay } from "node:timers/promises";
import type { Channel, ChannelModel, ConsumeMessage } from "amqplib";
import type { ClusterProcesses } from "./cluster-processes.ts";
import type { KillHistory, SeenDelivery } from "./kill-history.ts";
import { RoamingClient } from "./roaming-client.ts";

const PREFETCH = 50;
/** Kept back, so that a killed leader always has deliveries without an ack. */
const KEPT = 10;
const IDLE_MS = 20;

/** Consumes from one queue with acks, and attaches elsewhere when its connection breaks. */
export class KillConsumer {
  readonly queue: string;
  readonly #client: RoamingClient;
  readonly #history: KillHistory;
  #connection: ChannelModel | undefined;
  #channel: Channel | undefined;
  #session = 0;
  #held: { readonly message: ConsumeMessage; readonly seen: SeenDelivery }[] = [];
  #isHoarding = true;
  #delivered = 0;
  #run: Promise<void> = Promise.resolve();

  constructor(
    parts: { readonly cluster: ClusterProcesses; readonly history: KillHistory },
    queue: string,
    home: number,
  ) {
    this.queue = queue;
    this.#client = new RoamingClient(parts.cluster, home);
    this.#history = parts.history;
  }

  get isHome(): boolean {
    return this.#channel !== undefined && this.#client.at === this.#client.home;
  }

  /** It is attached, and everything delivered is acked. */
  get isIdle(): boolean {
    return this.#channel !== undefined && this.#held.length === 0;
  }

  /** Deliveries so far. */
  get delivered(): number {
    return this.#delivered;
  }

  start(): void {
    this.#run = this.#attachAgainAndAgain();
  }

  /** Whether it keeps its last deliveries unacked. */
  set isHoarding(isHoarding: boolean) {
    this.#isHoarding = isHoarding;
    this.#ackAllBut(isHoarding ? KEPT : 0);
  }

  async goHome(): Promise<void> {
    if (this.isHome) return;
    this.#client.goHome();
    await this.#connection?.close().catch(() => undefined);
  }

  async stop(): Promise<void> {
    this.#client.stop();
    await this.#run;
    await this.#connection?.close().catch(() => undefined);
  }

  async #attachAgainAndAgain(): Promise<void> {
    while (!this.#client.isStopped) {
      if (this.#connection === undefined) await this.#attach();
      await delay(IDLE_MS);
    }
  }

  async #attach(): Promise<void> {
    const connection = await this.#client.connect(() => this.#lost(connection));
    if (connection === undefined) return;
    this.#connection = connection;
    this.#session = this.#history.nextClient();
    try {
      const channel = await connection.createChannel();
      channel.on("error", () => undefined);
      channel.once("close", () => void connection.close().catch(() => undefined));
      await channel.prefetch(PREFETCH);
      this.#channel = channel;
      await channel.consume(this.queue, (message) => this.#onMessage(channel, message));
    } catch {
      // It was killed meanwhile, or nobody leads the queue: once more.
      await connection.close().catch(() => undefined);
    }
  }

  #lost(connection: ChannelModel | undefined): void {
    if (connection !== this.#connection) return;
    this.#connection = undefined;
    this.#channel = undefined;
    this.#held = [];
  }

  #onMessage(channel: Channel, message: ConsumeMessage | null): void {
    if (message === null) {
      void this.#connection?.close().catch(() => undefined);
      return;
    }
    this.#delivered++;
    const name = String(message.properties.messageId);
    // Settlements belong to the latest delivery of their session: one that comes while an earlier one is held has its own.
    const isHeld = this.#held.some(({ seen: earlier }) => earlier.name === name);
    const seen = this.#history.onDeliver({
      queue: this.queue,
      name,
      consumer: isHeld ? this.#history.nextClient() : this.#session,
      at: performance.now(),
      isRedelivered: message.fields.redelivered,
    });
    if (channel !== this.#channel) return;
    this.#held.push({ message, seen });
    this.#ackAllBut(this.#isHoarding ? KEPT : 0);
  }

  #ackAllBut(kept: number): void {
    while (this.#held.length > kept) {
      const oldest = this.#held.shift();
      if (oldest === undefined) return;
      oldest.seen.ackedAt = performance.now();
      try {
        this.#channel?.ack(oldest.message);
      } catch {
        // The channel is closed: its end is about to be told.
      }
    }
  }
}
