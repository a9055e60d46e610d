import { setTimeout as delay } from "node:timers/promises";
import type { HistoryRecorder, Outcome } from "@leveret/raft/history";
import { type Channel, type ChannelModel, connect } from "amqplib";
import type { ClusterProcesses } from "../kill/cluster-processes.ts";

export const METADATA_PREFIX = "meta-";
const PAUSE_MS = 100;
/** Of one node; then they are deleted again, the oldest first. */
const QUEUES_MAX = 5;

/** A change that was made. Times in ms. */
export interface MetadataAnswer {
  /** For people. */
  readonly text: string;
  readonly askedMs: number;
  readonly answeredMs: number;
}

/** Declares and deletes queues of its own by one node, again and again. */
export class MetadataClient {
  readonly node: number;
  readonly #cluster: ClusterProcesses;
  readonly #history: HistoryRecorder;
  readonly #queues: string[] = [];
  readonly #answers: MetadataAnswer[] = [];
  #connection: ChannelModel | undefined;
  #channel: Channel | undefined;
  #count = 0;
  #isHeld = false;
  #isBusy = false;
  #isStopped = false;
  #run: Promise<void> = Promise.resolve();

  constructor(cluster: ClusterProcesses, node: number, history: HistoryRecorder) {
    this.node = node;
    this.#cluster = cluster;
    this.#history = history;
  }

  get isIdle(): boolean {
    return this.#isHeld && !this.#isBusy;
  }

  start(): void {
    this.#run = this.#goOn();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#run;
    await this.#connection?.close().catch(() => undefined);
  }

  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    this.#isHeld = false;
  }

  forgetAnswers(): void {
    this.#answers.length = 0;
  }

  /** The first answer to a question asked after `fromMs`; undefined: none was answered. */
  answerAfter(fromMs: number): MetadataAnswer | undefined {
    return this.#answers.find(({ askedMs }) => askedMs > fromMs);
  }

  async #goOn(): Promise<void> {
    while (!this.#isStopped) {
      if (!this.#isHeld) {
        this.#isBusy = true;
        await this.#next();
        this.#isBusy = false;
      }
      await delay(PAUSE_MS);
    }
  }

  async #next(): Promise<void> {
    const channel = this.#channel ?? (await this.#connect());
    if (channel === undefined) return;
    const oldest = this.#queues.length < QUEUES_MAX ? undefined : this.#queues.shift();
    if (oldest !== undefined) {
      await this.#record("remove", oldest, () => channel.deleteQueue(oldest));
      return;
    }
    const name = `${METADATA_PREFIX}${this.node + 1}-${++this.#count}`;
    const type = this.#count % 2 === 0 ? "quorum" : "classic";
    const options = { durable: true, arguments: { "x-queue-type": type } };
    const isThere = await this.#record("add", name, () => channel.assertQueue(name, options));
    if (isThere) this.#queues.push(name);
  }

  async #record(kind: "add" | "remove", key: string, ask: () => Promise<unknown>) {
    const askedMs = performance.now();
    const id = this.#history.invoke({
      process: this.node,
      kind,
      key,
      input: null,
      at: askedMs,
    });
    let outcome: Outcome = "ok";
    try {
      await ask();
    } catch {
      // Nobody has answered in time, or not any more.
      outcome = "unknown";
    }
    const at = performance.now();
    if (outcome === "ok") {
      this.#history.complete(id, { outcome, output: null, at });
      this.#answers.push({ text: `${kind} ${key}`, askedMs, answeredMs: at });
    } else this.#lost();
    return outcome === "ok";
  }

  #lost(): void {
    void this.#connection?.close().catch(() => undefined);
    this.#connection = undefined;
    this.#channel = undefined;
  }

  async #connect(): Promise<Channel | undefined> {
    try {
      const connection = await connect(this.#cluster.urlOf(this.node), { noDelay: true });
      connection.on("error", () => undefined);
      this.#connection = connection;
      connection.once("close", () => {
        if (this.#connection !== connection) return;
        this.#connection = undefined;
        this.#channel = undefined;
      });
      const channel = await connection.createChannel();
      channel.on("error", () => undefined);
      this.#channel = channel;
      return channel;
    } catch {
      // It does not serve at the moment.
      return undefined;
    }
  }
}
