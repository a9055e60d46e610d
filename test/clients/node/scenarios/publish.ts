import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import type { Channel, ConsumeMessage, Message } from "amqplib";
import { awaitReady, drain, type Scenario, type ScenarioContext, until } from "../scenario.ts";

const LARGE_BODY_SIZE = 3 * 1024 * 1024 + 17;

/** Publisher confirms, returns, transactions and what a message carries. */
export const publishScenarios: readonly Scenario[] = [
  { name: "publish-confirm", run: publishConfirm },
  { name: "mandatory-return", run: mandatoryReturn },
  { name: "headers-round-trip", run: headersRoundTrip },
  { name: "transactions", run: transactions },
  { name: "large-message", run: largeMessage },
];

async function publishConfirm(context: ScenarioContext): Promise<void> {
  const queue = context.queueName();
  const channel = await context.confirmChannel();
  await channel.assertQueue(queue, { durable: false });
  let acked = 0;
  for (let index = 0; index < 500; index++) {
    channel.sendToQueue(queue, Buffer.from(`message ${index}`), {}, (error) => {
      if (error === null || error === undefined) acked++;
    });
  }
  await channel.waitForConfirms();
  assert.equal(acked, 500);
  assert.equal((await drain(channel, queue)).length, 500);
}

async function mandatoryReturn(context: ScenarioContext): Promise<void> {
  const channel = await context.confirmChannel();
  const events: string[] = [];
  const returned: Message[] = [];
  channel.on("return", (message: Message) => {
    events.push("return");
    returned.push(message);
  });
  const key = context.queueName("missing");
  channel.publish("", key, Buffer.from("lost"), { mandatory: true, messageId: "m1" }, () => {
    events.push("ack");
  });
  await channel.waitForConfirms();
  assert.deepEqual(events, ["return", "ack"]);
  const [message] = returned;
  assert.ok(message);
  assert.equal(message.content.toString(), "lost");
  assert.equal(message.properties.messageId, "m1");
  assert.deepEqual(
    { ...message.fields },
    { replyCode: 312, replyText: "NO_ROUTE", exchange: "", routingKey: key },
  );
}

async function headersRoundTrip(context: ScenarioContext): Promise<void> {
  const queue = context.queueName();
  const channel = await context.channel();
  await channel.assertQueue(queue, { durable: false });
  const headers = {
    yes: true,
    no: false,
    byte: 12,
    negativeByte: -12,
    short: 1234,
    int: 12_345_678,
    negativeInt: -12_345_678,
    long: 1_234_567_890_123,
    negativeLong: -1_234_567_890_123,
    double: 1.25e-7,
    float: { "!": "float", value: 0.5 },
    timestamp: { "!": "timestamp", value: 1_700_000_000 },
    text: "grüße, 世界",
    empty: "",
    longText: "x".repeat(20_000),
    bytes: Buffer.from([0, 1, 127, 128, 255]),
    nothing: null,
    list: [1, "two", false, null, [3.5], { four: 4 }],
    table: { nested: { deeper: { value: "bottom" } }, emptyTable: {}, emptyList: [] },
  };
  const properties = {
    contentType: "application/json",
    contentEncoding: "gzip",
    deliveryMode: 2,
    priority: 7,
    correlationId: "correlation",
    replyTo: "reply.to",
    expiration: "600000",
    messageId: "message-1",
    timestamp: 1_700_000_001,
    type: "event",
    userId: decodeURIComponent(new URL(context.url).username || "guest"),
    appId: "suite",
  };
  channel.sendToQueue(queue, Buffer.from("{}"), { ...properties, headers });
  const message = await channel.get(queue, { noAck: true });
  assert.ok(message !== false);
  const { headers: received, clusterId, ...rest } = message.properties;
  assert.equal(clusterId, undefined);
  assert.deepEqual({ ...rest }, properties);
  assert.deepEqual(received, {
    ...headers,
    float: 0.5,
    // amqplib decodes a time stamp to the same shape it takes.
    timestamp: { "!": "timestamp", value: 1_700_000_000 },
  });
}

/** amqplib has no calls for the tx class, but sends any method by its id: class id shifted by 16, plus method id. */
const TX = { select: 0x5a000a, commit: 0x5a0014, rollback: 0x5a001e } as const;

async function tx(channel: Channel, method: keyof typeof TX): Promise<void> {
  // `rpc` is inherited from amqplib's base channel and missing in its types; the reply's id follows the method's.
  const raw = channel as Channel & {
    rpc(method: number, fields: Record<string, never>, reply: number): Promise<unknown>;
  };
  await raw.rpc(TX[method], {}, TX[method] + 1);
}

async function transactions(context: ScenarioContext): Promise<void> {
  const queue = context.queueName();
  const channel = await context.channel();
  const observer = await context.channel();
  await channel.assertQueue(queue, { durable: false });
  await tx(channel, "select");
  channel.sendToQueue(queue, Buffer.from("rolled back"));
  await tx(channel, "rollback");

  channel.sendToQueue(queue, Buffer.from("1"));
  channel.sendToQueue(queue, Buffer.from("2"));
  assert.deepEqual(await drain(channel, queue), []);
  await tx(channel, "commit");
  await awaitReady(observer, queue, 2);

  const message = await channel.get(queue);
  assert.ok(message !== false);
  channel.ack(message);
  await tx(channel, "commit");
  await channel.close();
  assert.deepEqual(await drain(observer, queue), ["2"]);
}

async function largeMessage(context: ScenarioContext): Promise<void> {
  const queue = context.queueName();
  const channel = await context.confirmChannel();
  await channel.assertQueue(queue, { durable: false });
  const received: ConsumeMessage[] = [];
  await channel.consume(queue, (message) => message && received.push(message), { noAck: true });
  const body = randomBytes(LARGE_BODY_SIZE);
  channel.sendToQueue(queue, body);
  await channel.waitForConfirms();
  await until("the large message", () => received.length === 1);
  assert.equal(received[0]?.content.length, LARGE_BODY_SIZE);
  assert.equal(digest(received[0].content), digest(body));
}

function digest(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
