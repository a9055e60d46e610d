import { setTimeout as delay } from "node:timers/promises";
import type { Channel, ChannelModel, ConfirmChannel, ConsumeMessage } from "amqplib";
import { NumberSet } from "./number-set.ts";
import { Pauses } from "./pauses.ts";
import { ReconnectingClient, type SocketOptions } from "./reconnecting-client.ts";

/** Messages on their way to be confirmed, at most. */
const WINDOW = 500;
const TICK_MS = 10;
const PREFETCH = 100;
const BODY: Buffer = Buffer.alloc(100, "checked ");

export interface CheckerOptions {
  /** Of the nodes, or of what stands before them. */
  readonly urls: readonly string[];
  /** Declared durable. */
  readonly queue: string;
  /** It is declared with. */
  readonly arguments?: Readonly<Record<string, unknown>>;
  readonly messagesPerSecond: number;
  readonly socket?: SocketOptions;
}

/** Counts since the start. */
export interface CheckerCounts {
  /** Numbers given; one that is sent again keeps its own. */
  readonly published: number;
  readonly confirmed: number;
  readonly received: number;
  /** Deliveries of what had been received: after a failure that is not known to have been stored, or acknowledged. */
  readonly repeated: number;
}

/**
 * Publishes numbered messages with confirms, consumes them elsewhere with acknowledgements, and counts: what was confirmed has to come.
 * Both ends connect again, to the next address, when they lose their connection; what was not confirmed is sent again.
 */
export class Checker {
  readonly confirmPauses: Pauses = new Pauses();
  readonly deliveryPauses: Pauses = new Pauses();
  readonly #options: CheckerOptions;
  readonly #publisher: ReconnectingClient;
  readonly #consumer: ReconnectingClient;
  readonly #confirmed = new NumberSet();
  readonly #received = new NumberSet();
  /** Sent and not confirmed. */
  readonly #open = new Set<number>();
  #channel: ConfirmChannel | undefined;
  #published = 0;
  #repeated = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: CheckerOptions) {
    const { urls, socket = {} } = options;
    this.#options = options;
    this.#publisher = new ReconnectingClient({ urls, first: 0, socket }, (connection) =>
      this.#onPublisher(connection),
    );
    this.#consumer = new ReconnectingClient({ urls, first: 1, socket }, (connection) =>
      this.#onConsumer(connection),
    );
  }

  get counts(): CheckerCounts {
    return {
      published: this.#published,
      confirmed: this.#confirmed.size,
      received: this.#received.size,
      repeated: this.#repeated,
    };
  }

  /** Which of the addresses each end is connected to; undefined: none. */
  get places(): { readonly publisher: number | undefined; readonly consumer: number | undefined } {
    return { publisher: this.#publisher.at, consumer: this.#consumer.at };
  }

  /** How often both ends had to connect again. */
  get reconnects(): number {
    return Math.max(0, this.#publisher.connectCount + this.#consumer.connectCount - 2);
  }

  start(): void {
    this.#publisher.start();
    this.#consumer.start();
    this.#timer = setInterval(() => this.#publishSome(), TICK_MS);
  }

  /** Pauses are counted from now on. */
  resetPauses(): void {
    this.confirmPauses.reset();
    this.deliveryPauses.reset();
  }

  /** Publishes no more, and waits until all is confirmed and received, or for `patienceMs`. Returns how many were confirmed and never came. */
  async finish(patienceMs: number): Promise<number> {
    clearInterval(this.#timer);
    const deadlineMs = performance.now() + patienceMs;
    while (!this.#isComplete && performance.now() < deadlineMs) await delay(TICK_MS);
    await Promise.all([this.#publisher.stop(), this.#consumer.stop()]);
    return this.#confirmed.countMissingIn(this.#received);
  }

  get #isComplete(): boolean {
    return this.#open.size === 0 && this.#confirmed.countMissingIn(this.#received) === 0;
  }

  async #onPublisher(connection: ChannelModel): Promise<void> {
    this.#channel = undefined;
    const channel = await connection.createConfirmChannel();
    channel.on("error", () => void connection.close().catch(() => undefined));
    await this.#declare(channel);
    this.#channel = channel;
    connection.once("close", () => {
      if (this.#channel === channel) this.#channel = undefined;
    });
    for (const number of [...this.#open]) this.#send(channel, number);
  }

  #publishSome(): void {
    const count = Math.ceil((this.#options.messagesPerSecond * TICK_MS) / 1000);
    for (let sent = 0; sent < count; sent++) {
      const channel = this.#channel;
      if (channel === undefined || this.#open.size >= WINDOW) return;
      this.#published++;
      this.#open.add(this.#published);
      this.#send(channel, this.#published);
    }
  }

  #send(channel: ConfirmChannel, number: number): void {
    const options = { persistent: true, messageId: String(number), mandatory: true };
    try {
      channel.sendToQueue(this.#options.queue, BODY, options, (error: unknown) => {
        if (error === null || error === undefined) this.#onConfirm(number);
        // What a broken connection leaves open is sent again on the next one; what was refused, now.
        else if (channel === this.#channel) this.#send(channel, number);
      });
    } catch {
      // The connection has just ended, which is about to be told.
    }
  }

  #onConfirm(number: number): void {
    this.#open.delete(number);
    this.#confirmed.add(number);
    this.confirmPauses.happened();
  }

  async #onConsumer(connection: ChannelModel): Promise<void> {
    const channel = await connection.createChannel();
    const giveUp = (): void => void connection.close().catch(() => undefined);
    channel.on("error", giveUp);
    await this.#declare(channel);
    await channel.prefetch(PREFETCH);
    await channel.consume(this.#options.queue, (message) => {
      if (message === null) giveUp();
      else this.#onMessage(channel, message);
    });
  }

  async #declare(channel: Channel): Promise<void> {
    const { queue, arguments: given = {} } = this.#options;
    await channel.assertQueue(queue, { durable: true, arguments: given });
  }

  #onMessage(channel: Channel, message: ConsumeMessage): void {
    const number = Number(message.properties.messageId);
    if (!this.#received.add(number)) this.#repeated++;
    this.deliveryPauses.happened();
    try {
      channel.ack(message);
    } catch {
      // The connection has just ended: the message comes again.
    }
  }
}
