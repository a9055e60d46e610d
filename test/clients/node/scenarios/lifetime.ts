import assert from "node:assert/strict";
import type { Channel, GetMessage } from "amqplib";
import { awaitReady, type Scenario, type ScenarioContext } from "../scenario.ts";

/** How long messages live, where they go afterwards, and in which order they leave. */
export const lifetimeScenarios: readonly Scenario[] = [
  { name: "message-ttl", run: messageTtl },
  { name: "dead-letter", run: deadLetter },
  { name: "max-length", run: maxLength },
  { name: "priority", run: priority },
];

async function messageTtl(context: ScenarioContext): Promise<void> {
  const channel = await context.channel();
  const byQueue = context.queueName("by-queue");
  await channel.assertQueue(byQueue, { durable: false, messageTtl: 50 });
  channel.sendToQueue(byQueue, Buffer.from("queue"));
  channel.sendToQueue(byQueue, Buffer.from("queue is earlier"), { expiration: "600000" });

  const byMessage = context.queueName("by-message");
  await channel.assertQueue(byMessage, { durable: false, messageTtl: 600_000 });
  channel.sendToQueue(byMessage, Buffer.from("message is earlier"), { expiration: "50" });
  channel.sendToQueue(byMessage, Buffer.from("stays"));
  await awaitReady(channel, byQueue, 0);
  await awaitReady(channel, byMessage, 1);
  assert.equal((await getOne(channel, byMessage)).content.toString(), "stays");
}

async function getOne(channel: Channel, queue: string): Promise<GetMessage> {
  const message = await channel.get(queue, { noAck: true });
  assert.ok(message !== false, `nothing in ${queue}`);
  return message;
}

async function deadLetter(context: ScenarioContext): Promise<void> {
  const channel = await context.channel();
  const exchange = context.exchangeName("dlx");
  const dead = context.queueName("dead");
  const source = context.queueName("source");
  await channel.assertExchange(exchange, "direct", { durable: false });
  await channel.assertQueue(dead, { durable: false });
  await channel.bindQueue(dead, exchange, "buried");
  await channel.assertQueue(source, {
    durable: false,
    deadLetterExchange: exchange,
    deadLetterRoutingKey: "buried",
  });
  channel.sendToQueue(source, Buffer.from("rejected"));
  const message = await channel.get(source);
  assert.ok(message !== false);
  channel.nack(message, false, false);
  await awaitReady(channel, dead, 1);
  const rejected = await getOne(channel, dead);
  assert.equal(rejected.content.toString(), "rejected");
  assert.equal(rejected.fields.routingKey, "buried");
  assertDeath(rejected, source, "rejected");

  channel.sendToQueue(source, Buffer.from("expired"), { expiration: "20" });
  await awaitReady(channel, dead, 1);
  const expired = await getOne(channel, dead);
  assert.equal(expired.properties.expiration, undefined);
  const death = assertDeath(expired, source, "expired");
  assert.equal(death["original-expiration"], "20");
}

function assertDeath(message: GetMessage, queue: string, reason: string): Record<string, unknown> {
  const headers = message.properties.headers ?? {};
  assert.equal(headers["x-first-death-queue"], queue);
  assert.equal(headers["x-first-death-reason"], reason);
  assert.equal(headers["x-first-death-exchange"], "");
  const deaths: unknown = headers["x-death"];
  assert.ok(Array.isArray(deaths) && deaths.length === 1);
  const [death] = deaths;
  assert.equal(death.queue, queue);
  assert.equal(death.reason, reason);
  assert.equal(death.count, 1);
  assert.equal(death.exchange, "");
  assert.deepEqual(death["routing-keys"], [queue]);
  assert.equal(death.time["!"], "timestamp");
  return death;
}

async function maxLength(context: ScenarioContext): Promise<void> {
  const channel = await context.confirmChannel();
  const dropHead = context.queueName("drop-head");
  await channel.assertQueue(dropHead, { durable: false, maxLength: 2 });
  for (const body of ["1", "2", "3", "4"]) channel.sendToQueue(dropHead, Buffer.from(body));
  await channel.waitForConfirms();
  assert.equal((await getOne(channel, dropHead)).content.toString(), "3");
  assert.equal((await getOne(channel, dropHead)).content.toString(), "4");

  const rejecting = context.queueName("reject-publish");
  await channel.assertQueue(rejecting, {
    durable: false,
    maxLength: 1,
    arguments: { "x-overflow": "reject-publish" },
  });
  const outcomes: string[] = [];
  for (const body of ["first", "second"]) {
    await new Promise<void>((resolve) => {
      channel.sendToQueue(rejecting, Buffer.from(body), {}, (error) => {
        outcomes.push(`${body} ${error === null || error === undefined ? "acked" : "nacked"}`);
        resolve();
      });
    });
  }
  assert.deepEqual(outcomes, ["first acked", "second nacked"]);
  assert.equal((await getOne(channel, rejecting)).content.toString(), "first");
}

async function priority(context: ScenarioContext): Promise<void> {
  const channel = await context.channel();
  const queue = context.queueName();
  await channel.assertQueue(queue, { durable: false, maxPriority: 5 });
  for (const [body, level] of [
    ["low", 1],
    ["high-1", 5],
    ["none", undefined],
    ["middle", 3],
    ["high-2", 9],
  ] as const) {
    channel.sendToQueue(queue, Buffer.from(body), level === undefined ? {} : { priority: level });
  }
  const order: string[] = [];
  for (let index = 0; index < 5; index++) {
    order.push((await getOne(channel, queue)).content.toString());
  }
  assert.deepEqual(order, ["high-1", "high-2", "middle", "low", "none"]);
}
