import { describe, expect, test } from "vitest";
import type { AlarmsConfig } from "../../src/config/config.ts";
import { publishFrames, RawClient, waitFor } from "./raw-client.ts";
import { TestNode } from "./start-node.ts";

const BLOCKABLE = { capabilities: ["connection.blocked"] };
const BANNER = [
  "",
  "**********************************************************",
  "*** Publishers will be blocked until this alarm clears ***",
  "**********************************************************",
  "",
].join("\n");

async function openWithQueue(
  node: TestNode,
  options: Parameters<typeof RawClient.open>[1] = {},
): Promise<RawClient> {
  const client = await RawClient.open(node, options);
  await client.openChannel();
  await client.call(1, "queue.declare", { queue: "q" });
  return client;
}

function withAlarms(alarms: Partial<AlarmsConfig>): Promise<TestNode> {
  return TestNode.start({
    configure: (config) => ({ ...config, alarms: { ...config.alarms, ...alarms } }),
  });
}

describe("while an alarm is active", () => {
  test("a connection is told when it publishes, not before, and again when it is over", async () => {
    await using node = await TestNode.start();
    await using client = await openWithQueue(node, BLOCKABLE);
    node.broker.blockPublishers();
    await client.call(1, "basic.qos", { prefetchCount: 1 });
    expect(client.count("connection.blocked")).toBe(0);
    client.publish(1, { routingKey: "q" }, "1");
    expect((await client.next("connection.blocked")).method.reason).toBe("low on memory");
    node.broker.unblockPublishers();
    await client.next("connection.unblocked");
    await client.call(1, "basic.qos", { prefetchCount: 2 });
    expect(client.count("connection.blocked")).toBe(0);
  });

  test("a client without the capability is blocked without a word", async () => {
    await using node = await TestNode.start();
    await using client = await openWithQueue(node);
    await client.call(1, "confirm.select");
    node.broker.blockPublishers("disk");
    for (let count = 0; count < 3; count++) client.publish(1, { routingKey: "q" }, `${count}`);
    await client.next("basic.ack");
    client.publish(1, { routingKey: "q" }, "3");
    client.send(1, "basic.get", { queue: "nowhere" });
    await using other = await openWithQueue(node);
    expect(await other.get(1, "q")).toBeDefined();
    expect(client.count("channel.close")).toBe(0);
    node.broker.unblockPublishers();
    await client.next("channel.close");
    expect(client.count("connection.blocked") + client.count("connection.unblocked")).toBe(0);
  });

  test("the reason names what is short, in the order of the alarms", async () => {
    await using node = await TestNode.start();
    await using client = await openWithQueue(node, BLOCKABLE);
    node.broker.blockPublishers("disk");
    node.broker.blockPublishers("memory");
    client.publish(1, { routingKey: "q" });
    expect((await client.next("connection.blocked")).method.reason).toBe("low on disk & memory");
    node.node.broker.alarms.clear("disk", "embedded-fault");
    await using other = await openWithQueue(node, BLOCKABLE);
    other.publish(1, { routingKey: "q" });
    expect((await other.next("connection.blocked")).method.reason).toBe("low on memory");
    expect(client.count("connection.unblocked")).toBe(0);
  });

  test("consumers, acks and gets on other connections go on, and no publish is lost", async () => {
    await using node = await TestNode.start();
    await using publisher = await openWithQueue(node, BLOCKABLE);
    await publisher.call(1, "confirm.select");
    for (let count = 0; count < 100; count++) publisher.publish(1, { routingKey: "q" }, `${count}`);
    await node.broker.waitForMessages("q", 100);
    node.broker.blockPublishers();
    publisher.publish(1, { routingKey: "q" }, "100");
    await publisher.next("connection.blocked");
    const pauseAt = node.broker.queue("q").messagesReady;
    for (let count = 101; count < 5000; count++) {
      publisher.publish(1, { routingKey: "q" }, `${count}`);
    }

    await using consumer = await openWithQueue(node, BLOCKABLE);
    await consumer.call(1, "basic.qos", { prefetchCount: 10 });
    await consumer.call(1, "basic.consume", { queue: "q" });
    const bodies: string[] = [];
    const take = async (until: number): Promise<void> => {
      while (bodies.length < until) {
        const { method, body } = await consumer.next("basic.deliver");
        bodies.push(body.toString());
        consumer.send(1, "basic.ack", { deliveryTag: method.deliveryTag });
      }
    };
    await take(pauseAt);
    await node.broker.waitUntilDrained("q");
    expect(publisher.count("connection.unblocked")).toBe(0);

    node.broker.unblockPublishers();
    await publisher.next("connection.unblocked");
    await take(5000);
    expect(bodies).toEqual(Array.from({ length: 5000 }, (_, count) => `${count}`));
    expect(consumer.count("connection.blocked")).toBe(0);
  });

  test("a client in the middle of a large body is not read any further", async () => {
    await using node = await TestNode.start();
    await using client = await openWithQueue(node, BLOCKABLE);
    await client.call(1, "confirm.select");
    const bytes = publishFrames(1, { routingKey: "q" }, Buffer.alloc(2_000_000, "x"), {
      frameMax: 131_072,
    });
    client.write(bytes.subarray(0, 300_000));
    node.broker.blockPublishers();
    client.write(bytes.subarray(300_000, 600_000));
    await client.next("connection.blocked");
    client.write(bytes.subarray(600_000));
    await using other = await openWithQueue(node);
    expect(await other.get(1, "q")).toBeUndefined();
    node.broker.unblockPublishers();
    await client.next("connection.unblocked");
    await client.next("basic.ack");
    expect((await other.get(1, "q"))?.body.equals(Buffer.alloc(2_000_000, "x"))).toBe(true);
  });

  test("a blocked client that vanishes leaves nothing behind", async () => {
    await using node = await TestNode.start();
    const client = await openWithQueue(node, BLOCKABLE);
    await client.call(1, "queue.declare", { queue: "mine", exclusive: true });
    node.broker.blockPublishers();
    client.publish(1, { routingKey: "q" });
    await client.next("connection.blocked");
    expect(node.broker.dropConnections()).toBe(1);
    await waitFor(() => node.node.broker.connectionCount === 0, "the connection is gone");
    expect(node.broker.queues().map(({ name }) => name)).toEqual(["q"]);
  });

  test("a blocked client is told of a shutdown, and its answer is read", async () => {
    const node = await TestNode.start();
    await using client = await openWithQueue(node, BLOCKABLE);
    node.broker.blockPublishers();
    client.publish(1, { routingKey: "q" });
    await client.next("connection.blocked");
    const stopped = node.node.stop();
    expect((await client.next("connection.close")).method.replyCode).toBe(320);
    client.send(0, "connection.close-ok");
    await client.closed;
    await stopped;
  });

  test("the silence of a blocked client does not count as missed heartbeats", async () => {
    await using node = await TestNode.start();
    await using client = await openWithQueue(node, { ...BLOCKABLE, heartbeat: 1 });
    await using silent = await RawClient.open(node, { heartbeat: 1 });
    node.broker.blockPublishers();
    client.publish(1, { routingKey: "q" });
    await client.next("connection.blocked");
    await silent.closed; // Two intervals are over for the blocked client, too.
    node.broker.unblockPublishers();
    await client.next("connection.unblocked");
    await client.close();
  });
});

describe("the memory watermark", () => {
  test("blocks publishers below the memory in use, with RabbitMQ's log lines", async () => {
    await using node = await withAlarms({ memoryWatermark: { absolute: 1000 } });
    const { name } = node.node.config.node;
    expect(node.lines).toContainEqual(
      expect.stringMatching(/^info Memory high watermark set to 0 MiB \(1000 bytes\) of \d+ MiB/),
    );
    expect(node.lines).toContainEqual(
      expect.stringMatching(/^info vm_memory_high_watermark set\. Memory used:\d+ allowed:1000$/),
    );
    expect(node.lines).toContain(
      `warn memory resource limit alarm set on node ${name}.\n${BANNER}`,
    );
    await using client = await openWithQueue(node, BLOCKABLE);
    client.publish(1, { routingKey: "q" });
    expect((await client.next("connection.blocked")).method.reason).toBe("low on memory");

    node.node.memory.setWatermark({ relative: 0.99 });
    await client.next("connection.unblocked");
    expect(node.lines).toContainEqual(
      expect.stringMatching(/^info vm_memory_high_watermark clear\. Memory used:\d+ allowed:\d+$/),
    );
    expect(node.lines).toContain(`warn memory resource limit alarm cleared on node ${name}`);
    expect(node.lines).toContain("warn memory resource limit alarm cleared across the cluster");
  });
});

describe("the disk limit", () => {
  test("blocks publishers where less is free, with RabbitMQ's log lines", async () => {
    await using node = await withAlarms({ diskFreeLimit: { absolute: 2 ** 52 } });
    expect(node.lines).toContainEqual(
      expect.stringMatching(
        /^\w+ Free disk space is insufficient\. Free bytes: \d+\. Limit: 4503599627370496$/,
      ),
    );
    await using client = await openWithQueue(node, BLOCKABLE);
    client.publish(1, { routingKey: "q" });
    expect((await client.next("connection.blocked")).method.reason).toBe("low on disk");
  });
});
