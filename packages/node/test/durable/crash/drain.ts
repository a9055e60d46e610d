import { setTimeout as delay } from "node:timers/promises";
import type { ChannelModel } from "amqplib";
import { Consumer, type ConsumerHabits } from "./consumer.ts";
import { countReady } from "./declared-things.ts";
import { BARRIER_QUEUE, type QueuePlan } from "./queue-plans.ts";
import type { Session } from "./session.ts";

const HABITS: ConsumerHabits = { prefetch: 200, ackEvery: 20, isHoarding: false };
const POLL_MS = 20;
const DRAIN_MAX_MS = 120_000;

/** Consumes everything, after publishers have stopped and other consumers are gone, and notes it in the history. */
export async function drainAll(
  session: Session,
  connection: ChannelModel,
  plans: readonly QueuePlan[],
): Promise<void> {
  const deadline = performance.now() + DRAIN_MAX_MS;
  for (;;) {
    const consumers: Consumer[] = [];
    for (const plan of plans) {
      consumers.push(
        await Consumer.open(session, connection, { plan, habits: HABITS, seed: consumers.length }),
      );
    }
    await untilEmpty(session, connection, consumers, deadline);
    for (const consumer of consumers) await consumer.stop();
    // What a closed channel had comes back to the queue: only now is a count of zero all there is.
    const from = performance.now();
    if ((await readySum(connection, plans)) === 0) {
      for (const { name } of plans) session.history.onDrained(name, from, performance.now());
      return;
    }
  }
}

async function untilEmpty(
  session: Session,
  connection: ChannelModel,
  consumers: readonly Consumer[],
  deadline: number,
): Promise<void> {
  const plans = consumers.map(({ plan }) => plan);
  for (;;) {
    session.check();
    const ready = await readySum(connection, plans);
    if (ready === 0 && consumers.every((each) => each.isIdle)) return;
    if (performance.now() > deadline) {
      const busy = consumers.filter((each) => !each.isIdle).map(({ plan }) => plan.name);
      throw new Error(`not drained: ${ready} messages are ready, some are out from ${busy.join()}`);
    }
    await delay(POLL_MS);
  }
}

async function readySum(connection: ChannelModel, plans: readonly QueuePlan[]): Promise<number> {
  const channel = await connection.createChannel();
  const counts = await countReady(channel, plans);
  await channel.close();
  let sum = 0;
  for (const count of counts.values()) sum += count;
  return sum;
}

/**
 * Waits until a message is confirmed that comes after everything else.
 * @param settleMs after which acks count as stored once a later message is confirmed
 */
export async function publishBarrier(
  session: Session,
  connection: ChannelModel,
  settleMs: number,
): Promise<void> {
  await delay(settleMs);
  session.check();
  const channel = await connection.createConfirmChannel();
  channel.sendToQueue(BARRIER_QUEUE, Buffer.from("all before is stored"), { persistent: true });
  await channel.waitForConfirms();
  await channel.close();
}
