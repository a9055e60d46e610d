import { setTimeout as delay } from "node:timers/promises";
import { type ChannelModel, connect } from "amqplib";
import type { CrashHistory } from "./crash-history.ts";

const CLOSE_MAX_MS = 10_000;

/** Numbers that are never used twice. */
export interface Counters {
  /** Of publishers and consumers, as processes of the history. */
  lane: number;
}

/** What a round did. */
export interface RoundCounts {
  published: number;
  confirmed: number;
  refused: number;
  delivered: number;
  redelivered: number;
  settled: number;
}

/** What the clients of one start of the broker share. */
export class Session {
  readonly url: string;
  /** Of the broker, from 1 on. */
  readonly start: number;
  readonly history: CrashHistory;
  readonly counters: Counters;
  readonly counts: RoundCounts = {
    published: 0,
    confirmed: 0,
    refused: 0,
    delivered: 0,
    redelivered: 0,
    settled: 0,
  };
  /** Messages that each queue may have, for publishers not to run away. */
  readonly backlog: Map<string, number>;
  readonly #closed: Promise<void>[] = [];
  readonly #failures: Error[] = [];
  /** The broker is about to be ended: connections break. */
  #isEnding = false;

  constructor(options: {
    readonly url: string;
    readonly start: number;
    readonly history: CrashHistory;
    readonly counters: Counters;
    readonly backlog: Map<string, number>;
  }) {
    this.url = options.url;
    this.start = options.start;
    this.history = options.history;
    this.counters = options.counters;
    this.backlog = options.backlog;
  }

  get isEnding(): boolean {
    return this.#isEnding;
  }

  /** Connects; the session notes it when that ends before it should. */
  async connect(): Promise<ChannelModel> {
    const connection = await connect(this.url, { noDelay: true });
    connection.on("error", (error) => this.fail(error));
    const closed = new Promise<void>((resolve) => {
      connection.once("close", () => resolve());
    });
    this.addClosed(closed);
    return connection;
  }

  /** A connection of another kind. */
  addClosed(closed: Promise<void>): void {
    this.#closed.push(closed.then(() => this.fail(new Error("a connection has ended"))));
  }

  /** Something is wrong that no kill explains. */
  fail(error: unknown): void {
    if (this.#isEnding) return;
    this.#failures.push(error instanceof Error ? error : new Error(String(error)));
  }

  /** @throws the first failure */
  check(): void {
    const [failure] = this.#failures;
    if (failure !== undefined) throw failure;
  }

  addToBacklog(queue: string, count: number): void {
    this.backlog.set(queue, Math.max(0, (this.backlog.get(queue) ?? 0) + count));
  }

  /** From now on connections may break. */
  beginEnd(): void {
    this.#isEnding = true;
  }

  /** Waits until all that the broker had sent was taken, and all connections are gone. */
  async end(): Promise<void> {
    const closed = Promise.all(this.#closed);
    const timeout = delay(CLOSE_MAX_MS, "timeout" as const, { ref: false });
    if ((await Promise.race([closed, timeout])) === "timeout") {
      throw new Error("connections stay open although the broker is gone");
    }
  }
}
