import { setTimeout as delay } from "node:timers/promises";
import type { ChannelModel, ConfirmChannel } from "amqplib";
import type { ClusterProcesses } from "./cluster-processes.ts";
import { ConfirmGap } from "./confirm-gap.ts";
import type { KillHistory, SentMessage } from "./kill-history.ts";
import { RoamingClient } from "./roaming-client.ts";

/** Messages on their way to be confirmed. */
const WINDOW = 50;
/** Published at once, and how long it then pauses: a load that the machine carries without falling behind. */
const BURST = 2;
const PAUSE_MS = 5;
const BODY: Buffer = Buffer.alloc(200, "kill -9 ");

/** Publishes to one queue, and sends again what was not confirmed when its connection broke. */
export class KillPublisher {
  readonly queue: string;
  readonly gap = new ConfirmGap();
  readonly #client: RoamingClient;
  readonly #history: KillHistory;
  readonly #id: number;
  #connection: ChannelModel | undefined;
  #channel: ConfirmChannel | undefined;
  #session = 0;
  #seq = 0;
  /** Not confirmed, oldest first. */
  #open = new Set<string>();
  #isHeld = false;
  #resent = 0;
  #run: Promise<void> = Promise.resolve();

  constructor(
    parts: { readonly cluster: ClusterProcesses; readonly history: KillHistory },
    queue: string,
    home: number,
  ) {
    this.queue = queue;
    this.#client = new RoamingClient(parts.cluster, home);
    this.#history = parts.history;
    this.#id = parts.history.nextClient();
  }

  /** The node that it is connected to; undefined: none. */
  get at(): number | undefined {
    return this.#channel === undefined ? undefined : this.#client.at;
  }

  get isHome(): boolean {
    return this.at === this.#client.home;
  }

  get resent(): number {
    return this.#resent;
  }

  get hasOpen(): boolean {
    return this.#open.size > 0;
  }

  start(): void {
    this.#run = this.#publishAgainAndAgain();
  }

  /** Publishes nothing new until it is released. */
  hold(): void {
    this.#isHeld = true;
    this.gap.pause();
  }

  release(): void {
    this.#isHeld = false;
  }

  /** Once everything is confirmed: connects to its own node again. */
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

  async #publishAgainAndAgain(): Promise<void> {
    while (!this.#client.isStopped) {
      const channel = this.#channel;
      if (channel === undefined) await this.#connect();
      else if (!this.#isHeld) this.#publishSome(channel);
      await delay(PAUSE_MS);
    }
  }

  async #connect(): Promise<void> {
    const connection = await this.#client.connect(() => this.#lost(connection));
    if (connection === undefined) return;
    try {
      const channel = await connection.createConfirmChannel();
      channel.on("error", () => undefined);
      this.#session = this.#history.nextClient();
      this.#connection = connection;
      this.#channel = channel;
    } catch {
      // It was killed meanwhile.
      return;
    }
    const open = [...this.#open];
    this.#resent += open.length;
    for (const name of open) this.#publish(name);
  }

  #lost(connection: ChannelModel | undefined): void {
    if (connection !== this.#connection) return;
    this.#connection = undefined;
    this.#channel = undefined;
    this.gap.pause();
  }

  #publishSome(channel: ConfirmChannel): void {
    for (let count = 0; count < BURST && this.#open.size < WINDOW; count++) {
      if (this.#channel !== channel) return;
      const name = `${this.#id}.${++this.#seq}`;
      this.#open.add(name);
      this.#publish(name);
    }
  }

  #publish(name: string): void {
    const channel = this.#channel;
    if (channel === undefined) return;
    const at = performance.now();
    try {
      channel.sendToQueue(
        this.queue,
        BODY,
        { messageId: name, persistent: true },
        (error: unknown) => {
          if (error === null || error === undefined) this.#confirmed(sent);
          // All that is open is refused when the connection breaks: it is sent again then.
          else if (this.#channel === channel) this.#publish(name);
        },
      );
    } catch {
      // The connection is closed, which is about to be told; nothing was sent.
      return;
    }
    const sent = this.#history.onSend(this.queue, name, this.#session, at);
  }

  #confirmed(sent: SentMessage): void {
    sent.confirmedAt = performance.now();
    this.#open.delete(sent.name);
    if (!this.#isHeld) this.gap.confirmed(sent.confirmedAt);
  }
}
