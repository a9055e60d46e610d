import type { Channel, ChannelModel, ConfirmChannel, GetMessage } from "amqplib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { controlMethods } from "../../src/control/control-methods.ts";
import type { Scrape } from "./metrics-text.ts";
import { ObservedBroker } from "./observed-broker.ts";

/** What has happened, by the clients' own account. */
const TRUTH = {
  connections: 2,
  channels: 3,
  consumers: 2,
  queues: 3,
  ready: 110,
  unacked: 23,
  publish: 195,
  confirm: 155,
  routed: 190,
  returned: 2,
  dropped: 3,
  deliver: 30,
  deliverNoAck: 40,
  get: 5,
  getNoAck: 5,
  getEmpty: 1,
  redeliver: 0,
  ack: 12,
} as const;
type Figure = keyof typeof TRUTH;

const OBJECTS = ["connections", "channels", "consumers", "queues"] as const;
const LENGTHS = ["ready", "unacked"] as const;
const MESSAGES = [
  "publish",
  "confirm",
  "returned",
  "dropped",
  "deliver",
  "deliverNoAck",
  "get",
  "getNoAck",
  "getEmpty",
  "redeliver",
  "ack",
] as const;

let observed: ObservedBroker;
let publisher: ChannelModel;
let reader: ChannelModel;
let plain: Channel;

beforeAll(async () => {
  observed = await ObservedBroker.start();
  publisher = await observed.connect();
  reader = await observed.connect();
  await publishAll(await publisher.createConfirmChannel());
  plain = await publisher.createChannel();
  for (let count = 0; count < 40; count++) plain.sendToQueue("transient", Buffer.from("x"));
  await plain.checkQueue("transient");
  await consumeAll(await reader.createChannel());
  await getSome(plain);
});

afterAll(async () => {
  await publisher.close();
  await reader.close();
  await observed[Symbol.asyncDispose]();
});

async function publishAll(channel: ConfirmChannel): Promise<void> {
  await channel.assertQueue("durable");
  await channel.assertQueue("quorum", { arguments: { "x-queue-type": "quorum" } });
  await channel.assertQueue("transient", { durable: false });
  const send = (queue: string, count: number, options = {}): void => {
    for (let nth = 0; nth < count; nth++) channel.sendToQueue(queue, Buffer.from("x"), options);
  };
  send("durable", 100, { persistent: true });
  send("quorum", 50);
  send("nowhere", 2, { mandatory: true });
  send("nowhere", 3);
  await channel.waitForConfirms();
}

/** All of the transient queue; of the quorum queue 20, and 10 more when 10 are acknowledged. */
async function consumeAll(channel: Channel): Promise<void> {
  await channel.prefetch(20);
  await new Promise<void>((resolve, reject) => {
    let missing = 70;
    const count = (): void => {
      missing--;
      if (missing === 0) resolve();
    };
    channel.consume("transient", count, { noAck: true }).catch(reject);
    let acks = 10;
    const take = (message: GetMessage | null): void => {
      if (message !== null && acks-- > 0) channel.ack(message);
      count();
    };
    channel.consume("quorum", take as (message: unknown) => void).catch(reject);
  });
  await channel.checkQueue("quorum");
}

async function getSome(channel: Channel): Promise<void> {
  for (let count = 0; count < 5; count++) {
    const message = await channel.get("durable");
    if (message === false) throw new Error("the queue has messages");
    if (count < 2) channel.ack(message);
  }
  for (let count = 0; count < 5; count++) await channel.get("durable", { noAck: true });
  await channel.get("transient");
}

function truth(...names: readonly Figure[]): Partial<Record<Figure, number>> {
  return Object.fromEntries(names.map((name) => [name, TRUTH[name]]));
}

/** As clients see it. */
async function byAmqp(): Promise<object> {
  const queues = await Promise.all(
    ["durable", "quorum", "transient"].map((name) => plain.checkQueue(name)),
  );
  const sum = (of: (queue: (typeof queues)[number]) => number): number =>
    queues.reduce((total, queue) => total + of(queue), 0);
  return {
    ready: sum((queue) => queue.messageCount),
    consumers: sum((queue) => queue.consumerCount),
  };
}

/** As leveretctl shows it. */
async function byControl(): Promise<object> {
  const methods = controlMethods(observed.managed.shell);
  const rows = async (method: string, columns: readonly string[]): Promise<unknown[][]> => {
    const run = methods.get(method);
    const context = { signal: new AbortController().signal } as Parameters<
      NonNullable<typeof run>
    >[1];
    const found: unknown[][] = [];
    const answer = run?.({ vhost: "/", columns }, context) as AsyncIterable<unknown[]>;
    for await (const row of answer) found.push(row);
    return found;
  };
  const queues = await rows("list_queues", ["messages_ready", "messages_unacknowledged"]);
  const sum = (at: number): number => queues.reduce((total, row) => total + Number(row[at]), 0);
  return {
    connections: (await rows("list_connections", ["pid"])).length,
    channels: (await rows("list_channels", ["pid"])).length,
    consumers: (await rows("list_consumers", ["queue_name"])).length,
    queues: queues.length,
    ready: sum(0),
    unacked: sum(1),
  };
}

/** RabbitMQ's names of `message_stats`. */
function messagesOf(stats: Readonly<Record<string, number>>): object {
  return {
    publish: stats["publish"],
    confirm: stats["confirm"],
    returned: stats["return_unroutable"],
    dropped: stats["drop_unroutable"],
    deliver: stats["deliver"],
    deliverNoAck: stats["deliver_no_ack"],
    get: stats["get"],
    getNoAck: stats["get_no_ack"],
    getEmpty: stats["get_empty"],
    redeliver: stats["redeliver"],
    ack: stats["ack"],
  };
}

function byMetrics({ samples }: Scrape): object {
  const sum = (name: string): number =>
    (samples.get(`rabbitmq_${name}`) ?? []).reduce((total, { value }) => total + value, 0);
  const message = (name: string): number => sum(`global_messages_${name}_total`);
  return {
    connections: sum("connections"),
    channels: sum("channels"),
    consumers: sum("consumers"),
    queues: sum("queues"),
    ready: sum("queue_messages_ready"),
    unacked: sum("queue_messages_unacked"),
    publish: message("received"),
    confirm: message("confirmed"),
    routed: message("routed"),
    returned: message("unroutable_returned"),
    dropped: message("unroutable_dropped"),
    deliver: message("delivered_consume_manual_ack"),
    deliverNoAck: message("delivered_consume_auto_ack"),
    get: message("delivered_get_manual_ack"),
    getNoAck: message("delivered_get_auto_ack"),
    getEmpty: message("get_empty"),
    redeliver: message("redelivered"),
    ack: message("acknowledged"),
  };
}

describe("what the clients did is what is shown", () => {
  test("to clients", async () => {
    expect(await byAmqp()).toEqual(truth("ready", "consumers"));
  });

  test("by the control methods", async () => {
    expect(await byControl()).toEqual(truth(...OBJECTS, ...LENGTHS));
  });

  test("by the HTTP API, of the cluster", async () => {
    const { body } = await observed.managed.get("/overview");
    const { exchanges, ...objects } = body.object_totals;
    expect(exchanges).toBe(7);
    expect(objects).toEqual(truth(...OBJECTS));
    expect({
      ready: body.queue_totals.messages_ready,
      unacked: body.queue_totals.messages_unacknowledged,
    }).toEqual(truth(...LENGTHS));
    expect(body.queue_totals.messages).toBe(TRUTH.ready + TRUTH.unacked);
    expect(messagesOf(body.message_stats)).toEqual(truth(...MESSAGES));
    expect(body.message_stats.deliver_get).toBe(80);
    expect(body.churn_rates).toMatchObject({
      connection_created: 2,
      channel_created: 3,
      queue_created: 3,
    });
  });

  test("by the HTTP API, of the vhost", async () => {
    const { body } = await observed.managed.get("/vhosts/%2F");
    expect({ ready: body.messages_ready, unacked: body.messages_unacknowledged }).toEqual(
      truth(...LENGTHS),
    );
    expect(messagesOf(body.message_stats)).toEqual(truth(...MESSAGES));
    expect(body.recv_oct).toBeGreaterThan(195 * 30);
  });

  test("by metrics, as sums", async () => {
    expect(byMetrics(await observed.scrape())).toEqual(TRUTH);
  });

  test("by metrics, one by one", async () => {
    const { samples } = await observed.scrape("/metrics/per-object");
    const sum = (name: string): number =>
      (samples.get(`rabbitmq_${name}`) ?? []).reduce((total, { value }) => total + value, 0);
    expect(sum("queue_messages_ready")).toBe(TRUTH.ready);
    expect(sum("queue_messages_unacked")).toBe(TRUTH.unacked);
    expect(sum("queue_consumers")).toBe(TRUTH.consumers);
    expect(sum("queue_messages_published_total")).toBe(TRUTH.routed);
    expect(sum("channel_messages_published_total")).toBe(TRUTH.publish);
    expect(sum("channel_messages_confirmed_total")).toBe(TRUTH.confirm);
    expect(sum("channel_messages_delivered_ack_total")).toBe(TRUTH.deliver);
    expect(sum("channel_messages_delivered_total")).toBe(TRUTH.deliverNoAck);
    expect(sum("channel_messages_acked_total")).toBe(TRUTH.ack);
    expect(sum("connection_channels")).toBe(TRUTH.channels);
  });
});
