import assert from "node:assert/strict";
import type { Channel } from "amqplib";
import {
  awaitReady,
  drain,
  replyOf,
  type Scenario,
  type ScenarioContext,
  until,
} from "../scenario.ts";

/** Declaring queues and exchanges, and what bindings of each type route. */
export const declareScenarios: readonly Scenario[] = [
  { name: "declare", run: declare },
  { name: "declare-passive", run: declarePassive },
  { name: "server-named-queue", run: serverNamedQueue },
  { name: "exchange-types", run: exchangeTypes },
];

async function declare(context: ScenarioContext): Promise<void> {
  const queue = context.queueName();
  const channel = await context.channel();
  const options = { durable: false, maxLength: 1000, arguments: { "x-expires": 600_000 } };
  const first = await channel.assertQueue(queue, options);
  assert.deepEqual(first, { queue, messageCount: 0, consumerCount: 0 });
  assert.deepEqual(await channel.assertQueue(queue, options), first);

  const reply = await replyOf(channel.assertQueue(queue, { ...options, durable: true }));
  assert.equal(reply.code, 406);
  const text = `PRECONDITION_FAILED - inequivalent arg 'durable' for queue '${queue}' in vhost '/': received 'true' but current is 'false'`;
  assert.ok(reply.text.includes(text), reply.text);
}

async function declarePassive(context: ScenarioContext): Promise<void> {
  const queue = context.queueName();
  const channel = await context.channel();
  await channel.assertQueue(queue, { durable: false });
  channel.sendToQueue(queue, Buffer.from("1"));
  channel.sendToQueue(queue, Buffer.from("2"));
  await awaitReady(channel, queue, 2);
  await channel.consume(queue, () => undefined);
  assert.deepEqual(await channel.checkQueue(queue), { queue, messageCount: 0, consumerCount: 1 });

  const noQueue = await replyOf(channel.checkQueue(`${queue}-missing`));
  assert.equal(noQueue.code, 404);
  const queueText = `NOT_FOUND - no queue '${queue}-missing' in vhost '/'`;
  assert.ok(noQueue.text.includes(queueText), noQueue.text);
  const noExchange = await replyOf((await context.channel()).checkExchange(`${queue}-missing`));
  assert.equal(noExchange.code, 404);
  const exchangeText = `NOT_FOUND - no exchange '${queue}-missing' in vhost '/'`;
  assert.ok(noExchange.text.includes(exchangeText), noExchange.text);
}

async function serverNamedQueue(context: ScenarioContext): Promise<void> {
  const owner = await context.connect();
  const ownerChannel = await context.channel(owner);
  const { queue } = await ownerChannel.assertQueue("", { exclusive: true });
  assert.match(queue, /^amq\.gen-.{22}$/);
  ownerChannel.sendToQueue(queue, Buffer.from("mine"));
  const message = await ownerChannel.get(queue, { noAck: true });
  assert.ok(message !== false && message.content.toString() === "mine");

  const locked = await replyOf((await context.channel()).checkQueue(queue));
  assert.equal(locked.code, 405);
  const text = `RESOURCE_LOCKED - cannot obtain exclusive access to locked queue '${queue}' in vhost '/'`;
  assert.ok(locked.text.includes(text), locked.text);

  await owner.close();
  await until("the exclusive queue to be gone", async () => {
    const reply = await replyOf((await context.channel()).checkQueue(queue));
    return reply.code === 404;
  });
}

async function exchangeTypes(context: ScenarioContext): Promise<void> {
  const channel = await context.channel();
  await direct(context, channel);
  await fanout(context, channel);
  await topic(context, channel);
  await headers(context, channel);
  await exchangeToExchange(context, channel);
}

async function bound(
  context: ScenarioContext,
  channel: Channel,
  binding: { exchange: string; key: string; suffix: string; headers?: Record<string, unknown> },
): Promise<string> {
  const queue = context.queueName(binding.suffix);
  await channel.assertQueue(queue, { durable: false });
  await channel.bindQueue(queue, binding.exchange, binding.key, binding.headers ?? {});
  return queue;
}

async function direct(context: ScenarioContext, channel: Channel): Promise<void> {
  const exchange = context.exchangeName("direct");
  await channel.assertExchange(exchange, "direct", { durable: false });
  const red = await bound(context, channel, { exchange, key: "red", suffix: "direct-red" });
  const blue = await bound(context, channel, { exchange, key: "blue", suffix: "direct-blue" });
  for (const key of ["red", "blue", "blue", "green"]) {
    channel.publish(exchange, key, Buffer.from(key));
  }
  assert.deepEqual(await drain(channel, red), ["red"]);
  assert.deepEqual(await drain(channel, blue), ["blue", "blue"]);
}

async function fanout(context: ScenarioContext, channel: Channel): Promise<void> {
  const exchange = context.exchangeName("fanout");
  await channel.assertExchange(exchange, "fanout", { durable: false });
  const first = await bound(context, channel, { exchange, key: "a", suffix: "fanout-1" });
  const second = await bound(context, channel, { exchange, key: "", suffix: "fanout-2" });
  channel.publish(exchange, "whatever", Buffer.from("all"));
  assert.deepEqual(await drain(channel, first), ["all"]);
  assert.deepEqual(await drain(channel, second), ["all"]);
}

async function topic(context: ScenarioContext, channel: Channel): Promise<void> {
  const exchange = context.exchangeName("topic");
  await channel.assertExchange(exchange, "topic", { durable: false });
  const star = await bound(context, channel, { exchange, key: "a.*.c", suffix: "topic-star" });
  const hash = await bound(context, channel, { exchange, key: "a.#", suffix: "topic-hash" });
  for (const key of ["a.b.c", "a.c", "a", "a.b.c.d", "b.a.c"]) {
    channel.publish(exchange, key, Buffer.from(key));
  }
  assert.deepEqual(await drain(channel, star), ["a.b.c"]);
  assert.deepEqual(await drain(channel, hash), ["a.b.c", "a.c", "a", "a.b.c.d"]);
}

async function headers(context: ScenarioContext, channel: Channel): Promise<void> {
  const exchange = context.exchangeName("headers");
  await channel.assertExchange(exchange, "headers", { durable: false });
  const pair = { colour: "red", size: 3 };
  const all = await bound(context, channel, {
    exchange,
    key: "",
    suffix: "headers-all",
    headers: { "x-match": "all", ...pair },
  });
  const any = await bound(context, channel, {
    exchange,
    key: "",
    suffix: "headers-any",
    headers: { "x-match": "any", ...pair },
  });
  for (const [body, sent] of [
    ["both", pair],
    ["colour", { colour: "red" }],
    ["size", { size: 3, other: true }],
    ["neither", { colour: "blue" }],
  ] as const) {
    channel.publish(exchange, "", Buffer.from(body), { headers: sent });
  }
  assert.deepEqual(await drain(channel, all), ["both"]);
  assert.deepEqual(await drain(channel, any), ["both", "colour", "size"]);
}

async function exchangeToExchange(context: ScenarioContext, channel: Channel): Promise<void> {
  const source = context.exchangeName("source");
  const exchange = context.exchangeName("destination");
  await channel.assertExchange(source, "topic", { durable: false });
  await channel.assertExchange(exchange, "fanout", { durable: false });
  await channel.bindExchange(exchange, source, "logs.*");
  const queue = await bound(context, channel, { exchange, key: "", suffix: "bound-exchange" });
  channel.publish(source, "logs.info", Buffer.from("1"));
  channel.publish(source, "other", Buffer.from("2"));
  assert.deepEqual(await drain(channel, queue), ["1"]);
}
