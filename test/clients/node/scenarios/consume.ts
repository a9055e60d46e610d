import assert from "node:assert/strict";
import type { Channel, ConsumeMessage } from "amqplib";
import {
  awaitReady,
  closeReply,
  drain,
  type Scenario,
  type ScenarioContext,
  until,
} from "../scenario.ts";

/** Getting messages and settling them. */
export const consumeScenarios: readonly Scenario[] = [
  { name: "basic-get", run: basicGet },
  { name: "consume-ack", run: consumeAck },
  { name: "nack-requeue", run: nackRequeue },
  { name: "reject", run: reject },
  { name: "recover", run: recover },
  { name: "qos-prefetch", run: qosPrefetch },
  { name: "unknown-delivery-tag", run: unknownDeliveryTag },
  { name: "consumer-cancel", run: consumerCancel },
];

async function filledQueue(
  context: ScenarioContext,
  channel: Channel,
  count: number,
): Promise<string> {
  const queue = context.queueName();
  await channel.assertQueue(queue, { durable: false });
  for (let index = 0; index < count; index++) {
    channel.sendToQueue(queue, Buffer.from(String(index)));
  }
  return queue;
}

/** Starts a consumer; the returned array grows with what it gets. */
async function collect(channel: Channel, queue: string): Promise<ConsumeMessage[]> {
  const received: ConsumeMessage[] = [];
  await channel.consume(queue, (message) => message && received.push(message));
  return received;
}

function bodies(messages: readonly ConsumeMessage[]): string[] {
  return messages.map((message) => message.content.toString());
}

function redelivered(messages: readonly ConsumeMessage[]): boolean[] {
  return messages.map((message) => message.fields.redelivered);
}

async function basicGet(context: ScenarioContext): Promise<void> {
  const channel = await context.channel();
  const queue = await filledQueue(context, channel, 3);
  for (const [body, remaining] of [
    ["0", 2],
    ["1", 1],
    ["2", 0],
  ]) {
    const message = await channel.get(queue);
    assert.ok(message !== false);
    assert.equal(message.content.toString(), body);
    assert.equal(message.fields.messageCount, remaining);
    assert.equal(message.fields.redelivered, false);
    channel.ack(message);
  }
  assert.equal(await channel.get(queue), false);
}

async function consumeAck(context: ScenarioContext): Promise<void> {
  const connection = await context.connect();
  const channel = await context.channel(connection);
  const queue = await filledQueue(context, channel, 100);
  const received = await collect(channel, queue);
  await until("100 deliveries", () => received.length === 100);
  assert.deepEqual(
    bodies(received),
    Array.from({ length: 100 }, (_, index) => String(index)),
  );
  const [first] = received;
  const last = received.at(-1);
  assert.ok(first && last);
  channel.ack(first);
  channel.ack(last, true);
  await channel.close();
  await connection.close();
  const next = await context.channel();
  await awaitReady(next, queue, 0);
  assert.deepEqual(await drain(next, queue), []);
}

async function nackRequeue(context: ScenarioContext): Promise<void> {
  const channel = await context.channel();
  const queue = await filledQueue(context, channel, 4);
  const received: ConsumeMessage[] = [];
  for (let index = 0; index < 3; index++) {
    const message = await channel.get(queue);
    assert.ok(message !== false);
    received.push({ ...message, fields: { ...message.fields, consumerTag: "" } });
  }
  const third = received[2];
  assert.ok(third);
  channel.nack(third, true, true);
  const again = await collect(channel, queue);
  await until("4 deliveries", () => again.length === 4);
  assert.deepEqual(bodies(again), ["0", "1", "2", "3"]);
  assert.deepEqual(redelivered(again), [true, true, true, false]);
  channel.ackAll();
}

async function reject(context: ScenarioContext): Promise<void> {
  const channel = await context.channel();
  const queue = await filledQueue(context, channel, 2);
  const dropped = await channel.get(queue);
  assert.ok(dropped !== false);
  channel.reject(dropped, false);
  const requeued = await channel.get(queue);
  assert.ok(requeued !== false);
  channel.reject(requeued, true);
  const again = await channel.get(queue, { noAck: true });
  assert.ok(again !== false);
  assert.equal(again.content.toString(), "1");
  assert.equal(again.fields.redelivered, true);
  assert.equal(await channel.get(queue), false);
}

async function recover(context: ScenarioContext): Promise<void> {
  const channel = await context.channel();
  const queue = await filledQueue(context, channel, 2);
  const received = await collect(channel, queue);
  await until("2 deliveries", () => received.length === 2);
  await channel.recover();
  await until("2 redeliveries", () => received.length === 4);
  assert.deepEqual(bodies(received), ["0", "1", "0", "1"]);
  assert.deepEqual(redelivered(received), [false, false, true, true]);
  channel.ackAll();
}

async function qosPrefetch(context: ScenarioContext): Promise<void> {
  const channel = await context.channel();
  const observer = await context.channel();
  const queue = await filledQueue(context, channel, 10);
  await channel.prefetch(3);
  const received = await collect(channel, queue);
  await until("3 deliveries", () => received.length === 3);
  await awaitReady(observer, queue, 7);
  const [first] = received;
  assert.ok(first);
  channel.ack(first);
  await until("a 4th delivery", () => received.length === 4);
  await awaitReady(observer, queue, 6);
  assert.deepEqual(bodies(received), ["0", "1", "2", "3"]);
  channel.ackAll();
  await until("3 further deliveries", () => received.length === 7);
}

async function unknownDeliveryTag(context: ScenarioContext): Promise<void> {
  const channel = await context.channel();
  const bystander = await context.channel();
  const queue = await filledQueue(context, channel, 1);
  const message = await channel.get(queue);
  assert.ok(message !== false);
  const reply = closeReply(channel);
  channel.ack(message);
  channel.ack(message);
  const { code, text } = await reply;
  assert.equal(code, 406);
  assert.ok(text.includes("PRECONDITION_FAILED - unknown delivery tag 1"), text);
  assert.deepEqual(await drain(bystander, queue), []);
}

async function consumerCancel(context: ScenarioContext): Promise<void> {
  const channel = await context.channel();
  const queue = await filledQueue(context, channel, 0);
  const { consumerTag } = await channel.consume(queue, () => undefined);
  await channel.cancel(consumerTag);
  channel.sendToQueue(queue, Buffer.from("after"));
  assert.equal((await channel.checkQueue(queue)).consumerCount, 0);
  assert.deepEqual(await drain(channel, queue), ["after"]);

  let isCancelled = false;
  await channel.consume(queue, (message) => {
    isCancelled ||= message === null;
  });
  await (await context.channel()).deleteQueue(queue);
  await until("the cancel notification", () => isCancelled);
}
