import { setTimeout as delay } from "node:timers/promises";
import type { ConfirmChannel } from "amqplib";
import { Random } from "../../../../raft/src/core/random.ts";
import { QUEUE_PLANS, type QueuePlan, TX_QUEUE } from "./queue-plans.ts";
import type { Session } from "./session.ts";
import { bodyOf, nameMessage, randomSize } from "./test-message.ts";

/** Unconfirmed messages of a publisher. */
const WINDOW = 300;
const BURST = 30;
const BACKLOG_MAX = 5000;
const TRANSIENT_PERCENT = 10;
const EXPIRATION_MS = 86_400_000;
const IDLE_MS = 2;
const CONFIRMED_MAX_MS = 60_000;

/** Publishes to all queues but that of transactions, as fast as they are confirmed. */
export class Publisher {
  readonly #session: Session;
  readonly #channel: ConfirmChannel;
  readonly #random: Random;
  readonly #id: number;
  /** One for each priority: a queue keeps the order within one. */
  readonly #lanes: number[] = [];
  readonly #plans: readonly QueuePlan[];
  #seq = 0;
  #outstanding = 0;
  #isStopped = false;

  private constructor(session: Session, channel: ConfirmChannel, seed: number) {
    this.#session = session;
    this.#channel = channel;
    this.#random = new Random(seed);
    this.#id = session.counters.lane + 1;
    const levels = 1 + Math.max(...QUEUE_PLANS.map((each) => each.priorityMax));
    for (let level = 0; level < levels; level++) this.#lanes.push(++session.counters.lane);
    this.#plans = QUEUE_PLANS.filter(({ name }) => name !== TX_QUEUE);
  }

  static async open(session: Session, seed: number): Promise<Publisher> {
    const connection = await session.connect();
    const channel = await connection.createConfirmChannel();
    channel.on("error", (error) => session.fail(error));
    return new Publisher(session, channel, seed);
  }

  /** Publishes until it is stopped, or the broker ends. */
  async run(): Promise<void> {
    while (!this.#isStopped && !this.#session.isEnding) {
      let published = 0;
      while (published < BURST && this.#outstanding < WINDOW && this.#publishOne()) published++;
      // With all queues full, or everything unconfirmed, there is nothing to do.
      await (published === 0 ? delay(IDLE_MS) : nextTurn());
    }
  }

  /** Waits until the broker has answered all. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    const deadline = performance.now() + CONFIRMED_MAX_MS;
    while (this.#outstanding > 0) {
      this.#session.check();
      if (performance.now() > deadline) {
        throw new Error(
          `${this.#outstanding} messages stay unconfirmed for ${CONFIRMED_MAX_MS} ms`,
        );
      }
      await delay(IDLE_MS);
    }
  }

  /** false: nothing can be published now. */
  #publishOne(): boolean {
    const session = this.#session;
    const plan = this.#plans[this.#random.below(this.#plans.length)];
    if (plan === undefined || (session.backlog.get(plan.name) ?? 0) >= BACKLOG_MAX) return false;
    const isTransient = this.#random.below(100) < TRANSIENT_PERCENT;
    const priority = this.#random.below(plan.priorityMax + 1);
    const isForgotten = isTransient && !plan.keepsTransient;
    const name = nameMessage(this.#id, ++this.#seq, isForgotten ? session.start : 0);
    const size = randomSize(this.#random);
    const ttlMs = this.#random.below(4) === 0 ? EXPIRATION_MS : undefined;
    const at = performance.now();
    try {
      this.#channel.publish(
        plan.exchange,
        plan.name,
        bodyOf(name, size),
        {
          messageId: name.text,
          headers: { size },
          persistent: !isTransient,
          priority,
          ...(ttlMs === undefined ? {} : { expiration: ttlMs }),
        },
        (error: unknown) => this.#onAnswer(plan, message, error),
      );
    } catch (error) {
      session.fail(error);
      return false;
    }
    const lane = this.#lanes[priority] ?? 0;
    const message = isForgotten
      ? undefined
      : session.history.onPublish(plan.name, name.text, { lane, at, ttlMs });
    session.addToBacklog(plan.name, 1);
    session.counts.published++;
    this.#outstanding++;
    return true;
  }

  #onAnswer(
    plan: QueuePlan,
    message: ReturnType<Session["history"]["onPublish"]> | undefined,
    error: unknown,
  ): void {
    const session = this.#session;
    this.#outstanding--;
    if (error === null || error === undefined) {
      session.counts.confirmed++;
      if (message !== undefined) session.history.onConfirm(message, performance.now());
      return;
    }
    // A channel that ends says no to everything it does not know about.
    if (session.isEnding) return;
    session.addToBacklog(plan.name, -1);
    session.counts.refused++;
    if (!plan.mayRefuse)
      session.fail(new Error(`${plan.name} refused a message: ${String(error)}`));
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
