import { setTimeout as delay } from "node:timers/promises";
import type { Settlement } from "@leveret/raft/history";
import type { Channel, ChannelModel, ConsumeMessage } from "amqplib";
import { Random } from "../../../../raft/src/core/random.ts";
import type { DeliveredMessage } from "./crash-history.ts";
import type { QueuePlan } from "./queue-plans.ts";
import type { Session } from "./session.ts";
import { verifyMessage } from "./test-message.ts";

const BARRIER_MS = 15;
const REQUEUE_PER_MILLE = 10;
const DISCARD_PER_MILLE = 5;

/** How a consumer of a round behaves. */
export interface ConsumerHabits {
  readonly prefetch: number;
  /** Acks several at a time. */
  readonly ackEvery: number;
  /** Keeps the last ones as long as it may. */
  readonly isHoarding: boolean;
}

interface Held {
  readonly message: ConsumeMessage;
  /** undefined: a transient message, which is not part of the history. */
  readonly delivery: DeliveredMessage | undefined;
}

/** Consumes from one queue, and settles in all ways there are. */
export class Consumer {
  readonly #session: Session;
  readonly #plan: QueuePlan;
  readonly #channel: Channel;
  readonly #random: Random;
  readonly #lane: number;
  readonly #habits: ConsumerHabits;
  #isHoarding: boolean;
  #isStopped = false;
  #run: Promise<void> = Promise.resolve();
  #tag = "";
  /** Delivered and not settled, oldest first. */
  #held: Held[] = [];
  /** Settled since the last round trip. */
  #sent: DeliveredMessage[] = [];
  /** Settled, and the round trip is under way. */
  #arriving = 0;

  private constructor(
    session: Session,
    channel: Channel,
    { plan, habits, seed }: { plan: QueuePlan; habits: ConsumerHabits; seed: number },
  ) {
    this.#session = session;
    this.#plan = plan;
    this.#channel = channel;
    this.#random = new Random(seed);
    this.#habits = habits;
    this.#isHoarding = habits.isHoarding;
    this.#lane = ++session.counters.lane;
  }

  static async open(
    session: Session,
    connection: ChannelModel,
    options: { plan: QueuePlan; habits: ConsumerHabits; seed: number },
  ): Promise<Consumer> {
    const channel = await connection.createChannel();
    channel.on("error", (error) => session.fail(error));
    const consumer = new Consumer(session, channel, options);
    await channel.prefetch(options.habits.prefetch);
    const { consumerTag } = await channel.consume(options.plan.name, (message) =>
      consumer.#onMessage(message),
    );
    consumer.#tag = consumerTag;
    consumer.#run = consumer.#flushAgainAndAgain();
    return consumer;
  }

  get plan(): QueuePlan {
    return this.#plan;
  }

  /** Everything delivered is settled, and the broker has read that. */
  get isIdle(): boolean {
    return this.#held.length === 0 && this.#sent.length === 0 && this.#arriving === 0;
  }

  stopHoarding(): void {
    this.#isHoarding = false;
  }

  /** Settles everything, and closes the channel. */
  async stop(): Promise<void> {
    this.stopHoarding();
    await this.#channel.cancel(this.#tag);
    this.#isStopped = true;
    await this.#run;
    await this.#flush();
    await this.#channel.close();
  }

  #onMessage(message: ConsumeMessage | null): void {
    const session = this.#session;
    try {
      if (message === null) throw new Error(`the consumer of ${this.#plan.name} was cancelled`);
      this.#take(message);
    } catch (error) {
      session.fail(error);
    }
  }

  #take(message: ConsumeMessage): void {
    const { start, counts } = this.#session;
    const { transientOf } = verifyMessage(message);
    counts.delivered++;
    if (message.fields.redelivered) counts.redelivered++;
    if (transientOf !== 0 && transientOf !== start) {
      const id = String(message.properties.messageId);
      throw new Error(`transient message ${id} came from ${this.#plan.name} after a restart`);
    }
    const delivery = transientOf === 0 ? this.#record(message) : undefined;
    const dice = this.#random.below(1000);
    if (dice < REQUEUE_PER_MILLE && !message.fields.redelivered) {
      this.#channel.nack(message, false, true);
      this.#note(delivery, "requeue");
    } else if (dice < REQUEUE_PER_MILLE + DISCARD_PER_MILLE) {
      this.#channel.reject(message, false);
      this.#note(delivery, "discard");
    } else {
      this.#held.push({ message, delivery });
      if (!this.#isHoarding && this.#held.length >= this.#habits.ackEvery) this.#ackHeld(0);
    }
  }

  #record(message: ConsumeMessage): DeliveredMessage {
    const { fields, properties } = message;
    const count: unknown = properties.headers?.["x-delivery-count"];
    return this.#session.history.onDeliver(this.#plan.name, String(properties.messageId), {
      lane: this.#lane,
      at: performance.now(),
      isRedelivered: fields.redelivered,
      deliveryCount: typeof count === "number" ? count : undefined,
    });
  }

  /** Acks all but the newest `kept`. */
  #ackHeld(kept: number): void {
    const acked = this.#held.splice(0, Math.max(0, this.#held.length - kept));
    const last = acked.at(-1);
    if (last === undefined) return;
    // What was delivered before is settled with it, or was settled before.
    this.#channel.ack(last.message, acked.length > 1);
    for (const { delivery } of acked) this.#note(delivery, "ack");
  }

  #note(delivery: DeliveredMessage | undefined, how: Settlement): void {
    const session = this.#session;
    session.counts.settled++;
    if (how !== "requeue") session.addToBacklog(this.#plan.name, -1);
    if (delivery === undefined) return;
    session.history.onSettle(delivery, how, performance.now());
    this.#sent.push(delivery);
  }

  async #flushAgainAndAgain(): Promise<void> {
    const session = this.#session;
    try {
      while (!this.#isStopped && !session.isEnding) {
        await this.#flush();
        await delay(BARRIER_MS);
      }
    } catch (error) {
      session.fail(error);
    }
  }

  /** Acks what may be acked; basic.qos is answered when everything before it was read. */
  async #flush(): Promise<void> {
    const { prefetch } = this.#habits;
    this.#ackHeld(this.#isHoarding ? Math.ceil(prefetch / 2) : 0);
    const sent = this.#sent;
    if (sent.length === 0) return;
    this.#sent = [];
    this.#arriving = sent.length;
    await this.#channel.prefetch(prefetch);
    this.#arriving = 0;
    this.#session.history.onArrived(sent, performance.now());
  }
}
