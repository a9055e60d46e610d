import { setTimeout as delay } from "node:timers/promises";
import type { Channel, ChannelModel } from "amqplib";
import type { Random } from "../../../../raft/src/core/random.ts";
import {
  BARRIER_QUEUE,
  EXCHANGE,
  QUEUE_PLANS,
  type QueuePlan,
  TRANSIENT_EXCHANGE,
  TRANSIENT_QUEUE,
} from "./queue-plans.ts";
import type { Session } from "./session.ts";

const CHANGING_MAX = 12;
const PAUSE_MS = 5;
const REMEMBERED_MAX = 50;

/** Declares what the test needs; finds it as it was when it is there. */
export async function declareAll(channel: Channel): Promise<void> {
  await channel.assertExchange(EXCHANGE, "topic", { durable: true });
  await channel.assertExchange(TRANSIENT_EXCHANGE, "fanout", { durable: false });
  await channel.assertQueue(TRANSIENT_QUEUE, { durable: false });
  await channel.assertQueue(BARRIER_QUEUE, { durable: true, maxLength: 1 });
  for (const { name, exchange, options } of QUEUE_PLANS) {
    await channel.assertQueue(name, options);
    if (exchange !== "") await channel.bindQueue(name, exchange, name);
  }
}

/** Durable things are there, others are not. @throws Error */
export async function verifySurvivors(connection: ChannelModel): Promise<void> {
  for (const { name } of QUEUE_PLANS) {
    if (!(await hasQueue(connection, name))) throw new Error(`queue ${name} is gone`);
  }
  if (!(await has(connection, (channel) => channel.checkExchange(EXCHANGE)))) {
    throw new Error(`exchange ${EXCHANGE} is gone`);
  }
  if (await hasQueue(connection, TRANSIENT_QUEUE)) {
    throw new Error(`transient queue ${TRANSIENT_QUEUE} is there after a restart`);
  }
  if (await has(connection, (channel) => channel.checkExchange(TRANSIENT_EXCHANGE))) {
    throw new Error(`transient exchange ${TRANSIENT_EXCHANGE} is there after a restart`);
  }
}

/** Ready messages of each queue. */
export async function countReady(
  channel: Channel,
  plans: readonly QueuePlan[],
): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const { name } of plans) {
    counts.set(name, (await channel.checkQueue(name)).messageCount);
  }
  return counts;
}

function hasQueue(connection: ChannelModel, name: string): Promise<boolean> {
  return has(connection, (channel) => channel.checkQueue(name));
}

/** A passive declare that fails closes its channel, so each has its own. */
async function has(
  connection: ChannelModel,
  check: (channel: Channel) => Promise<unknown>,
): Promise<boolean> {
  const channel = await connection.createChannel();
  channel.on("error", () => undefined);
  try {
    await check(channel);
  } catch (error) {
    if (String(error).includes("NOT_FOUND")) return false;
    throw error;
  }
  await channel.close();
  return true;
}

/** Durable queues that come and go all the time; what was answered has to be true after a kill. */
export class ChangingQueues {
  readonly #random: Random;
  readonly #states = new Map<string, "there" | "gone" | "unknown">();
  #count = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** @throws Error if a queue is gone, or back */
  async verify(connection: ChannelModel): Promise<void> {
    for (const [name, state] of this.#states) {
      const isThere = await hasQueue(connection, name);
      if (state === "there" && !isThere) throw new Error(`queue ${name} was declared and is gone`);
      if (state === "gone" && isThere) throw new Error(`queue ${name} was deleted and is back`);
      this.#states.set(name, isThere ? "there" : "gone");
    }
    for (const [name, state] of this.#states) {
      if (this.#states.size <= REMEMBERED_MAX) break;
      if (state === "gone") this.#states.delete(name);
    }
  }

  /** Declares, binds and deletes until the broker ends. */
  async run(session: Session, connection: ChannelModel): Promise<void> {
    try {
      const channel = await connection.createChannel();
      while (!session.isEnding) {
        await this.#change(channel);
        await delay(PAUSE_MS);
      }
    } catch (error) {
      session.fail(error);
    }
  }

  async #change(channel: Channel): Promise<void> {
    const there = Array.from(this.#states).flatMap(([name, state]) =>
      state === "there" ? [name] : [],
    );
    const victim = there[this.#random.below(CHANGING_MAX)];
    if (victim === undefined) {
      const name = `crash-changing-${++this.#count}`;
      this.#states.set(name, "unknown");
      await channel.assertQueue(name, { durable: true });
      this.#states.set(name, "there");
      await channel.bindQueue(name, EXCHANGE, `${name}.#`);
    } else {
      this.#states.set(victim, "unknown");
      await channel.deleteQueue(victim);
      this.#states.set(victim, "gone");
    }
  }
}
