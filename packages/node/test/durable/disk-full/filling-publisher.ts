import { setTimeout as delay } from "node:timers/promises";
import type { ChannelModel, ConfirmChannel } from "amqplib";
import type { QueuePlan } from "../crash/queue-plans.ts";
import type { Session } from "../crash/session.ts";
import { bodyOf, nameMessage } from "../crash/test-message.ts";

const WINDOW = 200;
const POLL_MS = 2;
const SIZES: readonly number[] = [100, 1024, 16_384, 100_000];

/** Publishes persistent messages with confirms until the broker says that it is blocked. */
export class FillingPublisher {
  readonly #session: Session;
  readonly #plans: readonly QueuePlan[];
  readonly #channel: ConfirmChannel;
  readonly #lane: number;
  #seq = 0;
  #outstanding = 0;
  #isBlocked = false;

  private constructor(session: Session, plans: readonly QueuePlan[], channel: ConfirmChannel) {
    this.#session = session;
    this.#plans = plans;
    this.#channel = channel;
    this.#lane = ++session.counters.lane;
  }

  static async open(session: Session, plans: readonly QueuePlan[]): Promise<FillingPublisher> {
    const connection: ChannelModel = await session.connect();
    const channel = await connection.createConfirmChannel();
    channel.on("error", (error) => session.fail(error));
    const publisher = new FillingPublisher(session, plans, channel);
    connection.on("blocked", () => {
      publisher.#isBlocked = true;
    });
    connection.on("unblocked", () => {
      publisher.#isBlocked = false;
    });
    return publisher;
  }

  get isBlocked(): boolean {
    return this.#isBlocked;
  }

  /** Messages without an answer. */
  get outstanding(): number {
    return this.#outstanding;
  }

  /** Publishes until connection.blocked comes. */
  async untilBlocked(maxMs: number): Promise<void> {
    await this.#until("connection.blocked", maxMs, () => {
      while (!this.#isBlocked && this.#outstanding < WINDOW) this.publish();
      return this.#isBlocked;
    });
  }

  /** Waits for connection.unblocked, and until all was confirmed. */
  async untilUnblocked(maxMs: number): Promise<void> {
    await this.#until(
      "connection.unblocked, and the confirms of what was blocked",
      maxMs,
      () => !this.#isBlocked && this.#outstanding === 0,
    );
  }

  publish(): void {
    const { history, counts } = this.#session;
    const seq = ++this.#seq;
    const plan = this.#plans[seq % this.#plans.length];
    if (plan === undefined) return;
    const name = nameMessage(this.#lane, seq, 0);
    const size = SIZES[(seq >> 2) % SIZES.length] ?? 0;
    const at = performance.now();
    this.#channel.publish(
      "",
      plan.name,
      bodyOf(name, size),
      { messageId: name.text, headers: { size }, persistent: true },
      (error: unknown) => {
        this.#outstanding--;
        if (error !== null && error !== undefined) {
          this.#session.fail(error);
          return;
        }
        counts.confirmed++;
        history.onConfirm(message, performance.now());
      },
    );
    const message = history.onPublish(plan.name, name.text, {
      lane: this.#lane,
      at,
      ttlMs: undefined,
    });
    counts.published++;
    this.#outstanding++;
  }

  async #until(what: string, maxMs: number, isDone: () => boolean): Promise<void> {
    const deadline = performance.now() + maxMs;
    while (!isDone()) {
      this.#session.check();
      if (performance.now() > deadline) {
        const { published, confirmed } = this.#session.counts;
        throw new Error(
          `no ${what} within ${maxMs} ms: ${published} published, ${confirmed} confirmed`,
        );
      }
      await delay(POLL_MS);
    }
  }
}
