import { type Channel, type ChannelModel, type ConfirmChannel, connect } from "amqplib";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Broker } from "../../src/broker/broker.ts";
import { DeliverTotals } from "../../src/statistics/message-counts.ts";
import { ControlledBroker } from "../control/controlled-broker.ts";
import { RawClient } from "../integration/raw-client.ts";

let node: ControlledBroker;
let broker: Broker;
let client: ChannelModel;
let channel: ConfirmChannel;

beforeAll(async () => {
  node = await ControlledBroker.start();
  if (node.broker === undefined) throw new Error("the broker does not run");
  broker = node.broker.broker;
});

afterAll(() => node[Symbol.asyncDispose]());

async function open(): Promise<void> {
  client = await connect(`amqp://guest:guest@127.0.0.1:${node.amqpPort}`);
  channel = await client.createConfirmChannel();
}

afterEach(() => client.close());

/** What the node counted since `before`. */
function since(before: Counts): Counts {
  const now = counted();
  const difference = (name: keyof Counts): number => now[name] - before[name];
  return {
    publish: difference("publish"),
    confirm: difference("confirm"),
    returned: difference("returned"),
    dropped: difference("dropped"),
    routed: difference("routed"),
    deliver: difference("deliver"),
    deliverNoAck: difference("deliverNoAck"),
    get: difference("get"),
    getNoAck: difference("getNoAck"),
    getEmpty: difference("getEmpty"),
    redeliver: difference("redeliver"),
    ack: difference("ack"),
  };
}

type Counts = Readonly<
  Record<
    | "publish"
    | "confirm"
    | "returned"
    | "dropped"
    | "routed"
    | "deliver"
    | "deliverNoAck"
    | "get"
    | "getNoAck"
    | "getEmpty"
    | "redeliver"
    | "ack",
    number
  >
>;

function counted(): Counts {
  const { publishes, routed, allDeliveries } = broker.traffic.totals();
  const { deliver, deliverNoAck, get, getNoAck, getEmpty, redeliver, ack } = allDeliveries;
  return {
    publish: publishes.publish,
    confirm: publishes.confirm,
    returned: publishes.returnUnroutable,
    dropped: publishes.dropUnroutable,
    routed,
    deliver,
    deliverNoAck,
    get,
    getNoAck,
    getEmpty,
    redeliver,
    ack,
  };
}

const NOTHING: Counts = {
  publish: 0,
  confirm: 0,
  returned: 0,
  dropped: 0,
  routed: 0,
  deliver: 0,
  deliverNoAck: 0,
  get: 0,
  getNoAck: 0,
  getEmpty: 0,
  redeliver: 0,
  ack: 0,
};

/** Consumes `count` messages, does with each what `then` does, and resolves when all have come. */
async function consume(
  on: Channel,
  queue: string,
  count: number,
  then: (delivered: number, message: Parameters<Channel["ack"]>[0]) => void,
  noAck = false,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    let delivered = 0;
    const take = (message: Parameters<Channel["ack"]>[0] | null): void => {
      if (message === null) return;
      delivered++;
      then(delivered, message);
      if (delivered === count) resolve();
    };
    on.consume(queue, take, { noAck }).catch(reject);
  });
}

describe.each([
  ["durable", { durable: true }],
  ["transient", { durable: false }],
])("traffic through %s queues", (_kind, options) => {
  test("counts what is published, confirmed and routed, for queue, exchange and channel", async () => {
    await open();
    await channel.assertExchange("fan", "fanout");
    for (const name of ["one", "two"]) {
      await channel.assertQueue(name, options);
      await channel.bindQueue(name, "fan", "");
    }
    const before = counted();
    for (let count = 0; count < 10; count++) channel.publish("fan", "", Buffer.from("x"));
    for (let count = 0; count < 3; count++) channel.sendToQueue("one", Buffer.from("x"));
    await channel.waitForConfirms();
    expect(since(before)).toEqual({ ...NOTHING, publish: 13, confirm: 13, routed: 23 });
    const vhost = broker.vhosts.get("/");
    expect(vhost?.queues.get("one")?.traffic?.publish).toBe(13);
    expect(vhost?.queues.get("two")?.traffic?.publish).toBe(10);
    expect(vhost?.exchanges.get("fan")?.traffic?.publishOut).toBe(20);
    await Promise.all(["one", "two"].map((name) => channel.deleteQueue(name)));
    await channel.deleteExchange("fan");
    expect(since(before)).toEqual({ ...NOTHING, publish: 13, confirm: 13, routed: 23 });
  });

  test("counts deliveries, acknowledgements and redeliveries by queue, and keeps them when all is gone", async () => {
    await open();
    await channel.assertQueue("work", options);
    const before = counted();
    for (let count = 0; count < 20; count++) channel.sendToQueue("work", Buffer.from("x"));
    await channel.waitForConfirms();
    const reader = await client.createChannel();
    // Ten are acknowledged, one is rejected for good, one comes again, the rest stay.
    await consume(reader, "work", 21, (delivered, message) => {
      if (delivered === 10) reader.ack(message, true);
      else if (delivered === 11) reader.reject(message, false);
      else if (delivered === 12) reader.reject(message, true);
    });
    await reader.checkQueue("work");
    const expected = {
      ...NOTHING,
      publish: 20,
      confirm: 20,
      routed: 20,
      deliver: 21,
      redeliver: 1,
      ack: 10,
    };
    expect(since(before)).toEqual(expected);
    const deliveries = new DeliverTotals();
    broker.vhosts.get("/")?.queues.get("work")?.traffic?.addDeliveries(deliveries);
    expect(deliveries).toMatchObject({ deliver: 21, redeliver: 1, ack: 10 });
    await channel.deleteQueue("work");
    await reader.close();
    expect(since(before)).toEqual(expected);
  });

  test("counts deliveries without acknowledgement, and basic.get in its three ways", async () => {
    await open();
    await channel.assertQueue("mixed", options);
    const before = counted();
    for (let count = 0; count < 5; count++) channel.sendToQueue("mixed", Buffer.from("x"));
    await channel.waitForConfirms();
    const got = await channel.get("mixed");
    if (got === false) throw new Error("the queue has messages");
    channel.ack(got);
    await channel.get("mixed", { noAck: true });
    await consume(channel, "mixed", 3, () => undefined, true);
    await channel.get("mixed");
    await channel.deleteQueue("mixed");
    expect(since(before)).toEqual({
      ...NOTHING,
      publish: 5,
      confirm: 5,
      routed: 5,
      deliverNoAck: 3,
      get: 1,
      getNoAck: 1,
      getEmpty: 1,
      ack: 1,
    });
  });
});

test("counts what a transaction publishes and acknowledges when it is committed", async () => {
  await using raw = await RawClient.open({ host: "127.0.0.1", port: node.amqpPort });
  await open();
  await raw.openChannel();
  await raw.call(1, "queue.declare", { queue: "tx" });
  await raw.call(1, "tx.select");
  const before = counted();
  raw.publish(1, { routingKey: "tx" }, "1");
  await raw.call(1, "tx.rollback");
  expect(since(before)).toEqual(NOTHING);
  raw.publish(1, { routingKey: "tx" }, "2");
  await raw.call(1, "tx.commit");
  await raw.call(1, "basic.consume", { queue: "tx" });
  const { method } = await raw.next("basic.deliver");
  raw.send(1, "basic.ack", { deliveryTag: method.deliveryTag });
  expect(since(before)).toEqual({ ...NOTHING, publish: 1, routed: 1, deliver: 1 });
  await raw.call(1, "tx.commit");
  expect(since(before)).toEqual({ ...NOTHING, publish: 1, routed: 1, deliver: 1, ack: 1 });
  await raw.call(1, "queue.delete", { queue: "tx" });
});

test("counts what no queue gets, returned or dropped, and not what a client waits for as a reply", async () => {
  await open();
  await channel.assertExchange("nowhere", "direct");
  const before = counted();
  const returned = new Promise((resolve) => channel.once("return", resolve));
  channel.publish("nowhere", "key", Buffer.from("x"), { mandatory: true });
  channel.publish("nowhere", "key", Buffer.from("x"));
  await channel.waitForConfirms();
  await returned;
  expect(since(before)).toEqual({ ...NOTHING, publish: 2, confirm: 2, returned: 1, dropped: 1 });
  await channel.deleteExchange("nowhere");
});

test("counts comings and goings of connections, channels and queues", async () => {
  const { churn } = broker.traffic;
  const before = { ...churn };
  await open();
  await channel.assertQueue("new");
  await channel.assertQueue("new");
  await channel.assertQueue("", { exclusive: true });
  const other = await client.createChannel();
  await other.close();
  await channel.deleteQueue("new");
  await client.close();
  await expect
    .poll(() =>
      Object.fromEntries(
        Object.entries(churn).map(([name, count]) => [
          name,
          count - before[name as keyof typeof churn],
        ]),
      ),
    )
    .toEqual({
      connectionsOpened: 1,
      connectionsClosed: 1,
      channelsOpened: 2,
      channelsClosed: 2,
      queuesDeclared: 3,
      queuesCreated: 2,
      queuesDeleted: 2,
    });
  await open();
});

test("counts octets from and to clients, also of those that are gone", async () => {
  const before = broker.traffic.endedSockets();
  const start = { ...before };
  await open();
  channel.sendToQueue("none", Buffer.alloc(10_000));
  await channel.waitForConfirms();
  await client.close();
  await expect
    .poll(() => broker.traffic.endedSockets().receivedBytes - start.receivedBytes)
    .toBeGreaterThan(10_000);
  expect(broker.traffic.endedSockets().sentBytes - start.sentBytes).toBeGreaterThan(500);
  await open();
});
