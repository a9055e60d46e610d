import { describe, expect, test, vi } from "vitest";
import { SLAB_SIZE, SLAB_SPARSE_DIVISOR, SLAB_WASTE_MAX } from "../../src/limits.ts";
import { publishNumbered } from "./numbered-messages.ts";
import { publishFrames, RawClient, waitFor } from "./raw-client.ts";
import { TestNode } from "./start-node.ts";

vi.setConfig({ testTimeout: 30_000 });

const MESSAGE_COUNT = 200_000;
const BATCH = 1000;

async function openWithQueues(node: TestNode, ...queues: string[]): Promise<RawClient> {
  const client = await RawClient.open(node);
  await client.openChannel();
  for (const queue of queues) await client.call(1, "queue.declare", { queue });
  return client;
}

function publishNumbers(client: RawClient, queue: string, from: number, to: number): void {
  for (let number = from; number <= to; number++) {
    client.publish(1, { routingKey: queue }, `${number}`);
  }
}

/** Reads a chunk, then nothing until the event loop has done everything else. */
function readSlowly(client: RawClient): void {
  client.socket.on("data", () => {
    client.socket.pause();
    setImmediate(() => setImmediate(() => client.socket.resume()));
  });
}

describe("a consumer that reads slowly", () => {
  test("gets 200,000 messages once each and in order, without acks", async () => {
    await using node = await TestNode.start();
    await using publisher = await openWithQueues(node, "q");
    await using consumer = await openWithQueues(node, "q");
    readSlowly(consumer);
    let next = 0;
    let wrong = 0;
    consumer.onDelivery = ({ method, body }) => {
      if (body.readUInt32BE() !== next || method.redelivered) wrong++;
      next++;
    };
    await consumer.call(1, "basic.consume", { queue: "q", noAck: true });
    await publishNumbered(publisher, { queue: "q", count: MESSAGE_COUNT, bodySize: 100 });
    await waitFor(() => next === MESSAGE_COUNT, "everything came");
    expect(wrong).toBe(0);
    expect(node.broker.queue("q")).toMatchObject({ messagesReady: 0, messagesUnacknowledged: 0 });
  });

  test("gets 200,000 messages once each and in order, with acks and a prefetch limit", async () => {
    await using node = await TestNode.start();
    await using publisher = await openWithQueues(node, "q");
    await using consumer = await openWithQueues(node, "q");
    readSlowly(consumer);
    let next = 0;
    let wrong = 0;
    consumer.onDelivery = ({ method, body }) => {
      if (body.readUInt32BE() !== next || method.deliveryTag !== next + 1) wrong++;
      next++;
      if (next % 500 === 0) consumer.send(1, "basic.ack", { deliveryTag: next, multiple: true });
    };
    await consumer.call(1, "basic.qos", { prefetchCount: 20_000 });
    await consumer.call(1, "basic.consume", { queue: "q" });
    await publishNumbered(publisher, { queue: "q", count: MESSAGE_COUNT, bodySize: 100 });
    await waitFor(() => next === MESSAGE_COUNT, "everything came");
    expect(wrong).toBe(0);
    await node.broker.waitUntilDrained("q");
  });
});

describe("basic.qos global=true", () => {
  test("limits all consumers of a channel together, over several queues", async () => {
    await using node = await TestNode.start();
    await using client = await openWithQueues(node, "one", "two");
    publishNumbers(client, "one", 1, 10);
    publishNumbers(client, "two", 11, 20);
    await node.broker.waitForMessages("two", 10);
    await client.call(1, "basic.qos", { prefetchCount: 5, global: true });
    for (const queue of ["one", "one", "two"]) await client.call(1, "basic.consume", { queue });
    const unacked = (): number =>
      node.broker.queues().reduce((sum, queue) => sum + queue.messagesUnacknowledged, 0);
    const bodies: number[] = [];
    for (let round = 0; round < 4; round++) {
      let last = 0;
      for (let count = 0; count < 5; count++) {
        const { method, body } = await client.next("basic.deliver");
        last = method.deliveryTag;
        bodies.push(Number(body.toString()));
      }
      await client.call(1, "basic.qos", { prefetchCount: 5, global: true }); // A round trip.
      expect(unacked()).toBe(5);
      expect(client.count("basic.deliver")).toBe(0);
      client.send(1, "basic.ack", { deliveryTag: last, multiple: true });
    }
    expect(bodies.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
    await node.broker.waitUntilDrained("one");
    await node.broker.waitUntilDrained("two");
  });
});

describe("redelivery", () => {
  test("messages of a client that vanished come in their old order, before newer ones", async () => {
    await using node = await TestNode.start();
    await using first = await openWithQueues(node, "q");
    publishNumbers(first, "q", 1, 10);
    await first.call(1, "basic.qos", { prefetchCount: 5 });
    await first.call(1, "basic.consume", { queue: "q" });
    for (let count = 0; count < 5; count++) await first.next("basic.deliver");
    first.socket.resetAndDestroy();
    await using second = await openWithQueues(node, "q");
    await node.broker.waitForMessages("q", 10);
    await second.call(1, "basic.consume", { queue: "q" });
    for (let number = 1; number <= 10; number++) {
      const { method, body } = await second.next("basic.deliver");
      expect([body.toString(), method.redelivered]).toEqual([`${number}`, number <= 5]);
    }
  });

  test("nack and recover put messages back to their place", async () => {
    await using node = await TestNode.start();
    await using client = await openWithQueues(node, "q");
    publishNumbers(client, "q", 1, 6);
    for (let count = 0; count < 4; count++) await client.get(1, "q", false);
    client.send(1, "basic.nack", { deliveryTag: 2, requeue: true });
    expect((await client.get(1, "q", false))?.body.toString()).toBe("2");
    client.send(1, "basic.ack", { deliveryTag: 3 });
    await client.call(1, "basic.recover", { requeue: true });
    const seen: string[] = [];
    for (let count = 0; count < 5; count++) {
      seen.push((await client.get(1, "q"))?.body.toString() ?? "none");
    }
    expect(seen).toEqual(["1", "2", "4", "5", "6"]);
  });
});

describe("memory of queued messages", () => {
  test("few old messages among many that are gone do not pin it", async () => {
    await using node = await TestNode.start();
    await using client = await openWithQueues(node, "old", "many");
    await client.call(1, "confirm.select");
    const body = Buffer.alloc(1024);
    const total = 40_000;
    for (let first = 0; first < total; first += BATCH) {
      const frames: Buffer[] = [];
      for (let number = first; number < first + BATCH; number++) {
        body.fill(number % 251).writeUInt32BE(number);
        const routingKey = number % 100 === 0 ? "old" : "many";
        frames.push(publishFrames(1, { routingKey }, body));
      }
      client.write(Buffer.concat(frames));
    }
    let confirmed = 0;
    while (confirmed < total) confirmed = (await client.next("basic.ack")).method.deliveryTag;
    const { slabs } = node.node.broker;
    expect(slabs.slabCount).toBeGreaterThan(38);
    await client.call(1, "queue.purge", { queue: "many" });
    const live = node.broker.queue("old").messagesReady * 1100;
    expect(slabs.slabCount * SLAB_SIZE).toBeLessThanOrEqual(
      SLAB_WASTE_MAX + SLAB_SPARSE_DIVISOR * live + 2 * SLAB_SIZE,
    );
    for (let number = 0; number < total; number += 100) {
      const got = await client.get(1, "old");
      const expected = Buffer.alloc(1024, number % 251);
      expected.writeUInt32BE(number);
      expect(got?.body.equals(expected), `message ${number}`).toBe(true);
    }
  });
});
