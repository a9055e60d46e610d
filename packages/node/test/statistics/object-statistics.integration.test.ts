import { type ChannelModel, type ConfirmChannel, connect } from "amqplib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startCluster } from "../../src/embed/start-cluster.ts";
import type { TestCluster } from "../../src/embed/test-cluster.ts";
import { managedConfig } from "../management/managed-broker.ts";
import { sendRequest } from "../management/send-request.ts";

const NODES = [0, 1, 2] as const;

let cluster: TestCluster;
const clients: ChannelModel[] = [];

/** A publisher at the first node, a queue that the second leads, a consumer at the third. */
beforeAll(async () => {
  cluster = await startCluster(NODES.length, {
    configure: (config) => ({ ...config, management: managedConfig().management }),
  });
  for (const index of NODES) clients.push(await connect(cluster.node(index).url));
  const [publisher, owner, consumer] = await Promise.all(
    clients.map((client) => client.createConfirmChannel()),
  );
  if (publisher === undefined || owner === undefined || consumer === undefined) return;
  await owner.assertQueue("middle", { durable: false });
  await owner.assertQueue("quiet", { durable: false });
  await publisher.assertExchange("spread", "fanout");
  await publisher.bindQueue("middle", "spread", "");
  publish(publisher, "spread", "", 30);
  publish(publisher, "", "middle", 10);
  await publisher.waitForConfirms();
  publish(owner, "", "middle", 5);
  await owner.waitForConfirms();
  await consumer.prefetch(20);
  await new Promise<void>((resolve, reject) => {
    let missing = 25;
    const take = (message: Parameters<ConfirmChannel["ack"]>[0] | null): void => {
      if (message !== null && missing > 20) consumer.ack(message);
      if (--missing === 0) resolve();
    };
    consumer.consume("middle", take).catch(reject);
  });
  await consumer.checkQueue("middle");
}, 60_000);

afterAll(async () => {
  for (const client of clients) await client.close();
  await cluster.stop();
});

function publish(channel: ConfirmChannel, exchange: string, key: string, count: number): void {
  for (let nth = 0; nth < count; nth++) channel.publish(exchange, key, Buffer.from("x"));
}

// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of all shapes
async function get(index: number, path: string): Promise<any> {
  const port = cluster.node(index).shell.managementListeners[0]?.port ?? 0;
  const { body } = await sendRequest(port, "GET", `/api${path}`, { auth: "guest:guest" });
  return body;
}

const MIDDLE = { publish: 45, deliver: 25, deliver_get: 25, ack: 5, deliver_no_ack: 0, get: 0 };

describe.each(NODES)("asked at node %i", (index) => {
  test("a queue shows what clients of all nodes did with it", async () => {
    const queue = await get(index, "/queues/%2F/middle");
    expect(queue).toMatchObject({ messages: 40, messages_ready: 20, messages_unacknowledged: 20 });
    expect(queue.message_stats).toMatchObject(MIDDLE);
    const incoming = queue.incoming.map(
      ({ exchange, stats }: { exchange: { name: string }; stats: { publish: number } }) => [
        exchange.name,
        stats.publish,
      ],
    );
    expect(new Map(incoming)).toEqual(
      new Map([
        ["", 15],
        ["spread", 30],
      ]),
    );
    expect(queue.deliveries).toMatchObject([
      {
        channel_details: { number: 1, node: cluster.node(2).name, user: "guest" },
        stats: { deliver: 25, ack: 5 },
      },
    ]);
  });

  test("an exchange shows what came in and what went where", async () => {
    const exchange = await get(index, "/exchanges/%2F/spread");
    expect(exchange.message_stats).toMatchObject({ publish_in: 30, publish_out: 30 });
    expect(exchange.incoming).toMatchObject([
      { channel_details: { node: cluster.node(0).name }, stats: { publish: 30, confirm: 30 } },
    ]);
    expect(exchange.outgoing).toMatchObject([
      { queue: { name: "middle", vhost: "/" }, stats: { publish: 30 } },
    ]);
  });

  test("channels and connections show their own", async () => {
    const channels = await get(index, "/channels");
    const published = channels.map(
      (channel: { message_stats?: { publish?: number } }) => channel.message_stats?.publish ?? 0,
    );
    expect(published.toSorted()).toEqual([0, 40, 5]);
    const { name } = channels.find(({ node }: { node: string }) => node === cluster.node(0).name);
    const channel = await get(index, `/channels/${encodeURIComponent(name)}`);
    expect(channel.publishes).toHaveLength(2);
    const [connection] = await get(index, "/connections");
    expect(connection.recv_oct_details).toEqual({ rate: expect.any(Number) });
  });

  test("totals are those of the cluster", async () => {
    const {
      message_stats: stats,
      queue_totals: totals,
      object_totals: objects,
    } = await get(index, "/overview");
    expect(stats).toMatchObject({ ...MIDDLE, confirm: 45 });
    expect(totals).toMatchObject({ messages: 40, messages_unacknowledged: 20 });
    expect(objects).toMatchObject({ connections: 3, channels: 3, consumers: 1, queues: 2 });
    const [vhost] = await get(index, "/vhosts");
    expect(vhost).toMatchObject({ messages: 40, message_stats: MIDDLE });
  });

  test("lists are sorted by figures", async () => {
    const busiest = await get(
      index,
      "/queues?page=1&page_size=1&sort=message_stats.publish&sort_reverse=true",
    );
    expect(busiest.items).toMatchObject([{ name: "middle" }]);
    const quietest = await get(index, "/queues?page=1&page_size=1&sort=message_stats.publish");
    expect(quietest.items).toMatchObject([{ name: "quiet", message_stats: { publish: 0 } }]);
    const columns = await get(index, "/queues?columns=name,message_stats.publish");
    expect(columns).toContainEqual({ name: "middle", message_stats: { publish: 45 } });
  });

  test("nodes show their figures, and their memory adds up", async () => {
    const nodes = await get(index, "/nodes");
    expect(nodes).toHaveLength(NODES.length);
    for (const node of nodes) {
      expect(node).toMatchObject({ running: true, channel_created: 1, connection_created: 1 });
      expect(node.mem_used).toBeGreaterThan(10_000_000);
      const { memory } = await get(index, `/nodes/${node.name}/memory`);
      const parts = Object.entries(memory).filter(([, value]) => typeof value === "number");
      const sum = parts.reduce((total, [, value]) => total + Number(value), 0);
      expect(sum).toBe(memory.total.rss);
    }
  });

  test("samples of all nodes are added up, at the times that were asked for", async () => {
    const windows = "msg_rates_age=60&msg_rates_incr=5&lengths_age=60&lengths_incr=5";
    for (const each of NODES) {
      await cluster.node(each).shell.broker?.figures.statistics.sample(Date.now() + 5000);
    }
    const { message_stats: stats, queue_totals: totals } = await get(index, `/overview?${windows}`);
    const { samples } = stats.publish_details;
    expect(samples).toHaveLength(13);
    for (const [back, { timestamp }] of samples.entries()) {
      expect(timestamp).toBe(samples[0].timestamp - back * 5000);
    }
    expect(totals.messages_details.samples).toHaveLength(13);
    const queue = await get(index, `/queues/%2F/middle?${windows}`);
    expect(queue.message_stats.publish_details.samples).toHaveLength(13);
    expect(queue.messages_details.samples).toHaveLength(13);
  });
});
