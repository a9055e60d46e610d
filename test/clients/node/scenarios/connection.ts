import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { type Channel, type ChannelModel, type ConsumeMessage, connect } from "amqplib";
import {
  awaitReady,
  closeReply,
  replyOf,
  type Scenario,
  type ScenarioContext,
  until,
} from "../scenario.ts";

const CHANNEL_COUNT = 200;
const REQUEST_COUNT = 50;

/** Requests and replies, many channels, and how connections begin and end. */
export const connectionScenarios: readonly Scenario[] = [
  { name: "rpc-reply-queue", run: rpcReplyQueue },
  { name: "rpc-direct-reply-to", run: rpcDirectReplyTo },
  { name: "many-channels", run: manyChannels },
  { name: "refused-login", run: refusedLogin },
  { name: "reconnect", run: reconnect },
  { name: "requeue-on-close", run: requeueOnClose },
  { name: "graceful-close", run: gracefulClose },
];

async function serveDoubling(context: ScenarioContext): Promise<string> {
  const channel = await context.channel(await context.connect());
  const queue = context.queueName("requests");
  await channel.assertQueue(queue, { durable: false });
  await channel.prefetch(5);
  await channel.consume(queue, (message) => {
    if (message === null) return;
    const { replyTo, correlationId } = message.properties;
    const answer = String(Number(message.content.toString()) * 2);
    channel.publish("", replyTo, Buffer.from(answer), { correlationId });
    channel.ack(message);
  });
  return queue;
}

async function request(channel: Channel, queue: string, replyTo: string): Promise<void> {
  const answers = new Map<string, string>();
  await channel.consume(
    replyTo,
    (message) => message && answers.set(message.properties.correlationId, String(message.content)),
    { noAck: true },
  );
  const ids = Array.from({ length: REQUEST_COUNT }, () => randomUUID());
  for (const [index, correlationId] of ids.entries()) {
    channel.sendToQueue(queue, Buffer.from(String(index)), { replyTo, correlationId });
  }
  await until("all answers", () => answers.size === REQUEST_COUNT);
  for (const [index, id] of ids.entries()) assert.equal(answers.get(id), String(index * 2));
}

async function rpcReplyQueue(context: ScenarioContext): Promise<void> {
  const requests = await serveDoubling(context);
  const channel = await context.channel();
  const { queue } = await channel.assertQueue("", { exclusive: true });
  await request(channel, requests, queue);
}

async function rpcDirectReplyTo(context: ScenarioContext): Promise<void> {
  const requests = await serveDoubling(context);
  await request(await context.channel(), requests, "amq.rabbitmq.reply-to");
}

async function manyChannels(context: ScenarioContext): Promise<void> {
  const connection = await context.connect();
  const channels = await Promise.all(
    Array.from({ length: CHANNEL_COUNT }, () => context.channel(connection)),
  );
  const bodies = await Promise.all(
    channels.map(async (channel, index) => {
      const { queue } = await channel.assertQueue("", { exclusive: true });
      channel.sendToQueue(queue, Buffer.from(String(index)));
      const message = await channel.get(queue, { noAck: true });
      return message === false ? "nothing" : message.content.toString();
    }),
  );
  assert.deepEqual(
    bodies,
    channels.map((_, index) => String(index)),
  );
  await Promise.all(channels.map((channel) => channel.close()));
}

async function refusedLogin(context: ScenarioContext): Promise<void> {
  const wrongPassword = new URL(context.url);
  wrongPassword.username ||= "guest";
  wrongPassword.password = "wrong";
  const login = await replyOf(connect(wrongPassword.href));
  assert.match(login.text, /403 \(ACCESS-REFUSED\)/);
  assert.match(login.text, /Login was refused using authentication mechanism PLAIN/);

  const missingVhost = new URL(context.url);
  missingVhost.pathname = "/no-such-vhost";
  const open = await replyOf(connect(missingVhost.href));
  // amqplib tells which method came, and not what it said.
  assert.match(open.text, /Expected ConnectionOpenOk; got <ConnectionClose channel:0>/);
}

/** Publishes with the immediate flag, which closes the connection with 540. */
function provokeConnectionError(channel: Channel): void {
  // `sendMessage` is inherited from amqplib's base channel and missing in its types; `publish` never sets the flag.
  const raw = channel as Channel & {
    sendMessage(fields: object, properties: object, content: Buffer): boolean;
  };
  const fields = { exchange: "", routingKey: "nowhere", mandatory: false, immediate: true };
  raw.sendMessage({ ...fields, ticket: 0 }, { headers: {} }, Buffer.from("now"));
}

async function reconnect(context: ScenarioContext): Promise<void> {
  const exchange = context.exchangeName();
  const received: ConsumeMessage[] = [];
  const channels: Channel[] = [];
  let disconnects = 0;
  const connection = await connect(context.url, {
    recovery: {
      initialDelay: 10,
      maxDelay: 100,
      setup: async (model: ChannelModel) => {
        const channel = await model.createChannel();
        channel.on("error", () => undefined);
        await channel.assertExchange(exchange, "fanout", { durable: false });
        const { queue } = await channel.assertQueue("", { exclusive: true });
        await channel.bindQueue(queue, exchange, "");
        await channel.consume(
          queue,
          (message: ConsumeMessage | null) => message && received.push(message),
          {
            noAck: true,
          },
        );
        channels.push(channel);
      },
    },
  });
  const errors: string[] = [];
  connection.on("error", (error: Error) => errors.push(error.message));
  connection.on("disconnect", () => disconnects++);
  try {
    channels[0]?.publish(exchange, "", Buffer.from("before"));
    await until("the first message", () => received.length === 1);
    assert.ok(channels[0]);
    provokeConnectionError(channels[0]);
    await until("the topology to be restored", () => channels.length === 2);
    channels[1]?.publish(exchange, "", Buffer.from("after"));
    await until("the second message", () => received.length === 2);
  } finally {
    await connection.close();
  }
  assert.equal(disconnects, 1);
  assert.match(errors.join(), /540 \(NOT-IMPLEMENTED\).*NOT_IMPLEMENTED - immediate=true/);
  assert.equal(received[1]?.content.toString(), "after");
}

async function requeueOnClose(context: ScenarioContext): Promise<void> {
  const queue = context.queueName();
  const connection = await context.connect();
  const channel = await context.channel(connection);
  await channel.assertQueue(queue, { durable: false });
  for (const body of ["a", "b", "c"]) channel.sendToQueue(queue, Buffer.from(body));
  const first: ConsumeMessage[] = [];
  await channel.consume(queue, (message) => message && first.push(message));
  await until("3 deliveries", () => first.length === 3);
  const [acked] = first;
  assert.ok(acked);
  channel.ack(acked);
  const closed = closeReply(connection);
  provokeConnectionError(channel);
  assert.equal((await closed).code, 540);

  const observer = await context.channel();
  await awaitReady(observer, queue, 2);
  const again: ConsumeMessage[] = [];
  await observer.consume(queue, (message) => message && again.push(message), { noAck: true });
  await until("2 redeliveries", () => again.length === 2);
  assert.deepEqual(
    again.map((message) => [message.content.toString(), message.fields.redelivered]),
    [
      ["b", true],
      ["c", true],
    ],
  );
}

async function gracefulClose(context: ScenarioContext): Promise<void> {
  const queue = context.queueName();
  const connection = await connect(context.url);
  const events: string[] = [];
  connection.on("error", (error: Error) => events.push(`connection error: ${error.message}`));
  connection.on("close", () => events.push("connection closed"));
  const channel = await connection.createChannel();
  channel.on("error", (error: Error) => events.push(`channel error: ${error.message}`));
  channel.on("close", () => events.push("channel closed"));
  await channel.assertQueue(queue, { durable: false });
  for (let index = 0; index < 100; index++) channel.sendToQueue(queue, Buffer.from("last words"));
  await channel.close();
  await connection.close();
  assert.deepEqual(events, ["channel closed", "connection closed"]);
  await awaitReady(await context.channel(), queue, 100);
}
