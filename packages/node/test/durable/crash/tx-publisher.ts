import { Random } from "../../../../raft/src/core/random.ts";
import { RawClient } from "../../integration/raw-client.ts";
import { TX_QUEUE } from "./queue-plans.ts";
import type { Session } from "./session.ts";
import { bodyOf, nameMessage, randomSize } from "./test-message.ts";

const CHANNEL = 1;
const MESSAGES_MAX = 20;
const BACKLOG_MAX = 5000;
const PERSISTENT = 2;

/** Publishes in transactions: a message counts as confirmed when tx.commit was answered. */
export class TxPublisher {
  readonly #session: Session;
  readonly #client: RawClient;
  readonly #random: Random;
  readonly #lane: number;
  #seq = 0;
  #isStopped = false;
  #run: Promise<void> = Promise.resolve();

  private constructor(session: Session, client: RawClient, seed: number) {
    this.#session = session;
    this.#client = client;
    this.#random = new Random(seed);
    this.#lane = ++session.counters.lane;
  }

  static async open(session: Session, seed: number): Promise<TxPublisher> {
    const { hostname, port } = new URL(session.url);
    const client = await RawClient.open({ host: hostname, port: Number(port) });
    session.addClosed(client.closed.then(() => undefined));
    answerClose(client);
    await client.openChannel(CHANNEL);
    await client.call(CHANNEL, "tx.select");
    return new TxPublisher(session, client, seed);
  }

  start(): void {
    this.#run = this.#publish();
  }

  /** Waits for the transaction under way. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#run;
  }

  async #publish(): Promise<void> {
    const session = this.#session;
    try {
      while (!this.#isStopped && !session.isEnding) await this.#transact();
    } catch (error) {
      session.fail(error);
    }
  }

  async #transact(): Promise<void> {
    const { history, counts, start } = this.#session;
    const isFull = (this.#session.backlog.get(TX_QUEUE) ?? 0) >= BACKLOG_MAX;
    const messages = [];
    for (let count = isFull ? 0 : 1 + this.#random.below(MESSAGES_MAX); count > 0; count--) {
      const isTransient = this.#random.below(10) === 0;
      const name = nameMessage(this.#lane, ++this.#seq, isTransient ? start : 0);
      const size = randomSize(this.#random);
      const at = performance.now();
      this.#client.publish(CHANNEL, { routingKey: TX_QUEUE }, bodyOf(name, size), {
        messageId: name.text,
        headers: new Map([["size", { type: "signedint", value: size }]]),
        deliveryMode: isTransient ? 1 : PERSISTENT,
      });
      counts.published++;
      this.#session.addToBacklog(TX_QUEUE, 1);
      if (isTransient) continue;
      messages.push(
        history.onPublish(TX_QUEUE, name.text, { lane: this.#lane, at, ttlMs: undefined }),
      );
    }
    await this.#client.call(CHANNEL, "tx.commit");
    const at = performance.now();
    for (const message of messages) history.onConfirm(message, at);
    counts.confirmed += messages.length;
  }
}

/** A broker that stops waits for its clients to agree. */
function answerClose(client: RawClient): void {
  client.next("connection.close").then(
    () => client.send(0, "connection.close-ok"),
    () => undefined, // Killed, or it went on for longer than the client waits.
  );
}
