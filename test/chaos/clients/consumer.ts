import { setTimeout as delay } from "node:timers/promises";
import type { Channel, ConsumeMessage } from "amqplib";
import type { ClientParts } from "./publisher.ts";
import { RoamingConnection } from "./roaming-connection.ts";
import type { RunHistory } from "./run-history.ts";

const PREFETCH = 20;
/** Kept back, so that a node that fails always has deliveries without an ack. */
const KEPT = 5;
const IDLE_MS = 20;
const REFUSED_PAUSE_MS = 200;

export interface ConsumerOptions {
  readonly queue: string;
  readonly home: number;
  /** What it does with a message. Default: ack. */
  readonly judge?: (message: string) => "ack" | "discard";
}

interface Held {
  readonly delivery: ConsumeMessage;
  readonly message: string;
  readonly process: number;
}

/** Consumes from one queue, and attaches elsewhere when its connection breaks. */
export class Consumer {
  readonly queue: string;
  readonly #options: ConsumerOptions;
  readonly #history: RunHistory;
  readonly #connection: RoamingConnection;
  #channel: Channel | undefined;
  #isAttached = false;
  #process = 0;
  #held: Held[] = [];
  #isHoarding = true;
  #delivered = 0;
  #mark = 0;
  #run: Promise<void> = Promise.resolve();

  constructor({ cluster, history }: ClientParts, options: ConsumerOptions) {
    this.queue = options.queue;
    this.#options = options;
    this.#history = history;
    this.#connection = new RoamingConnection(cluster, options.home, (reason) =>
      history.noteError(reason),
    );
  }

  /** It is attached, and everything delivered is settled. */
  get isIdle(): boolean {
    return this.#isAttached && this.#held.length === 0;
  }

  get delivered(): number {
    return this.#delivered;
  }

  mark(): void {
    this.#mark = this.#delivered;
  }

  get isServed(): boolean {
    return this.#isAttached && this.#delivered > this.#mark;
  }

  start(): void {
    this.#run = this.#attachAgainAndAgain();
  }

  /** Whether it keeps its last deliveries unsettled. */
  set isHoarding(isHoarding: boolean) {
    this.#isHoarding = isHoarding;
    this.#settleAllBut(isHoarding ? KEPT : 0);
  }

  goHome(): Promise<void> {
    return this.#connection.goHome();
  }

  async stop(): Promise<void> {
    await this.#connection.stop();
    await this.#run;
  }

  async #attachAgainAndAgain(): Promise<void> {
    while (!this.#connection.isStopped) {
      if (this.#channel === undefined) await this.#attach();
      await delay(IDLE_MS);
    }
  }

  async #attach(): Promise<void> {
    const connection = await this.#connection.open(() => {
      this.#lost();
    });
    if (connection === undefined) return;
    this.#process = this.#history.nextProcess();
    try {
      const channel = await connection.createChannel();
      channel.on("error", (error) => this.#connection.onError(error));
      channel.once("close", () => void this.#connection.close());
      if (!this.#connection.isOpen(connection)) return;
      this.#channel = channel;
      await channel.prefetch(PREFETCH);
      await channel.consume(this.queue, (delivery) => this.#onDelivery(channel, delivery));
      this.#isAttached = this.#channel === channel;
    } catch {
      // It was killed meanwhile, or nobody leads the queue: once more.
      await this.#connection.close();
      this.#lost();
      await delay(REFUSED_PAUSE_MS);
    }
  }

  #lost(): void {
    this.#channel = undefined;
    this.#isAttached = false;
    this.#held = [];
  }

  #onDelivery(channel: Channel, delivery: ConsumeMessage | null): void {
    if (delivery === null) {
      void this.#connection.close();
      return;
    }
    this.#delivered++;
    const message = String(delivery.properties.messageId);
    // Settlements belong to the latest delivery of their session: one that comes while an earlier one is held has its own.
    const isHeld = this.#held.some((each) => each.message === message);
    const process = isHeld ? this.#history.nextProcess() : this.#process;
    this.#history.deliver({
      queue: this.queue,
      message,
      consumer: process,
      at: performance.now(),
      isRedelivered: delivery.fields.redelivered,
    });
    if (channel !== this.#channel) return;
    this.#held.push({ delivery, message, process });
    this.#settleAllBut(this.#isHoarding ? KEPT : 0);
  }

  #settleAllBut(kept: number): void {
    while (this.#held.length > kept) {
      const oldest = this.#held.shift();
      if (oldest === undefined) return;
      const how = this.#options.judge?.(oldest.message) ?? "ack";
      this.#history.settle(oldest.process, this.queue, oldest.message, how);
      try {
        if (how === "ack") this.#channel?.ack(oldest.delivery);
        else this.#channel?.nack(oldest.delivery, false, false);
      } catch {
        // The channel is closed: its end is about to be told.
      }
    }
  }
}
