import { setTimeout as delay } from "node:timers/promises";
import type { ConfirmChannel } from "amqplib";
import type { ChaosCluster } from "../cluster/chaos-cluster.ts";
import { RoamingConnection } from "./roaming-connection.ts";
import type { RunHistory } from "./run-history.ts";

/** Messages on their way to be confirmed. */
const WINDOW = 100;
const PACE_MS = 20;
/** Before a message that was refused is sent again. */
const REFUSED_PAUSE_MS = 200;
const BODY: Buffer = Buffer.alloc(200, "chaos ");

export interface ClientParts {
  readonly cluster: ChaosCluster;
  readonly history: RunHistory;
}

export interface PublisherOptions {
  readonly queue: string;
  readonly home: number;
  /** Messages a second, as long as confirms come. */
  readonly rate: number;
  /** Of the n-th message. */
  readonly priorityOf?: (nth: number) => number;
  /** A planted mistake: takes what is sent for confirmed. A checker that does not find out is no good. */
  readonly isCredulous?: boolean;
}

/** Publishes to one queue with confirms, and sends again what was not confirmed when its connection broke. */
export class Publisher {
  readonly queue: string;
  readonly #options: PublisherOptions;
  readonly #history: RunHistory;
  readonly #connection: RoamingConnection;
  readonly #id: number;
  #channel: ConfirmChannel | undefined;
  #process = 0;
  #seq = 0;
  /** Not confirmed, oldest first. */
  readonly #open = new Set<number>();
  #isHeld = false;
  #mark = 0;
  #isServed = false;
  #confirmed = 0;
  #resent = 0;
  #lastConfirmAt: number | undefined;
  #longestGapMs = 0;
  #run: Promise<void> = Promise.resolve();

  constructor({ cluster, history }: ClientParts, options: PublisherOptions) {
    this.queue = options.queue;
    this.#options = options;
    this.#history = history;
    this.#connection = new RoamingConnection(cluster, options.home, (reason) =>
      history.noteError(reason),
    );
    this.#id = history.nextProcess();
  }

  get hasOpen(): boolean {
    return this.#open.size > 0;
  }

  get figures(): { published: number; confirmed: number; resent: number; longestGapMs: number } {
    const { size } = this.#open;
    const counts = { published: this.#confirmed + size, confirmed: this.#confirmed };
    return { ...counts, resent: this.#resent, longestGapMs: this.#longestGapMs };
  }

  start(): void {
    this.#run = this.#publishAgainAndAgain();
  }

  /** From now on it counts whether what is published is confirmed. */
  mark(): void {
    this.#mark = this.#seq;
    this.#isServed = false;
  }

  /** A message published after the mark was confirmed. */
  get isServed(): boolean {
    return this.#isServed;
  }

  /** Publishes nothing new. */
  hold(): void {
    this.#isHeld = true;
    this.#lastConfirmAt = undefined;
  }

  release(): void {
    this.#isHeld = false;
  }

  goHome(): Promise<void> {
    return this.#connection.goHome();
  }

  async stop(): Promise<void> {
    await this.#connection.stop();
    await this.#run;
  }

  async #publishAgainAndAgain(): Promise<void> {
    let dueAt = performance.now();
    while (!this.#connection.isStopped) {
      if (this.#channel === undefined) await this.#connect();
      const now = performance.now();
      // What was not possible meanwhile is not made up for.
      dueAt = Math.max(dueAt, now - PACE_MS * 2);
      for (; dueAt < now; dueAt += 1000 / this.#options.rate) this.#publishNext();
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
      channel.on("error", (error) => {
        this.#connection.onError(error);
        void this.#connection.close();
      });
      if (!this.#connection.isOpen(connection)) return;
      this.#process = this.#history.nextProcess();
      this.#channel = channel;
    } catch {
      // It was killed meanwhile.
      await this.#connection.close();
      return;
    }
    this.#resent += this.#open.size;
    for (const seq of [...this.#open]) this.#publish(seq);
  }

  #publishNext(): void {
    if (this.#isHeld || this.#channel === undefined || this.#open.size >= WINDOW) return;
    const seq = ++this.#seq;
    this.#open.add(seq);
    this.#publish(seq);
  }

  #publish(seq: number): void {
    const channel = this.#channel;
    if (channel === undefined) return;
    const message = `${this.#id}.${seq}`;
    const { priorityOf } = this.#options;
    const priority = priorityOf === undefined ? {} : { priority: priorityOf(seq) };
    const properties = { messageId: message, persistent: true, ...priority };
    const id = this.#history.send(this.queue, message, this.#process);
    try {
      channel.sendToQueue(this.queue, BODY, properties, (error: unknown) => {
        if (this.#options.isCredulous === true) return;
        if (error === null || error === undefined) this.#onConfirm(seq, id);
        // All that is open is refused when the connection breaks: it is sent again then.
        else if (this.#channel === channel) setTimeout(() => this.#again(seq), REFUSED_PAUSE_MS);
      });
    } catch {
      // The connection is closed, which is about to be told.
      this.#history.complete(id, "fail");
      return;
    }
    if (this.#options.isCredulous === true) this.#onConfirm(seq, id);
  }

  #again(seq: number): void {
    if (!this.#open.has(seq) || this.#channel === undefined) return;
    this.#resent++;
    this.#publish(seq);
  }

  #onConfirm(seq: number, id: number): void {
    const now = performance.now();
    this.#history.complete(id, "ok", now);
    if (this.#open.delete(seq)) this.#confirmed++;
    if (seq > this.#mark) this.#isServed = true;
    if (this.#isHeld) return;
    const last = this.#lastConfirmAt;
    if (last !== undefined) this.#longestGapMs = Math.max(this.#longestGapMs, now - last);
    this.#lastConfirmAt = now;
  }
}
