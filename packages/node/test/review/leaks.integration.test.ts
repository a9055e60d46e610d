import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test, vi } from "vitest";
import { YieldingPublishers } from "../../src/broker/backlog.ts";
import type { Channel } from "../../src/connection/channel.ts";
import { publishFrames, RawClient, waitFor } from "../integration/raw-client.ts";
import { TestNode } from "../integration/start-node.ts";

vi.setConfig({ testTimeout: 30_000 });

const MIB = 1_048_576;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

function channelOf(node: TestNode): Channel {
  for (const connection of node.node.broker.connections) {
    for (const channel of connection.channels.values()) return channel;
  }
  throw new Error("no channel is open");
}

test("channels that have published do not keep what they published", async () => {
  await using node = await TestNode.start();
  await using client = await RawClient.open(node);
  const body = Buffer.alloc(2 * MIB, 1);
  collectGarbage();
  const before = process.memoryUsage().arrayBuffers;
  for (let channel = 1; channel <= 32; channel++) {
    await client.openChannel(channel);
    client.write(publishFrames(channel, {}, body, { frameMax: 131_072 }));
    await client.call(channel, "basic.qos", { prefetchCount: 1 });
  }
  await waitFor(() => {
    collectGarbage();
    return process.memoryUsage().arrayBuffers - before < 24 * MIB;
  }, "the bodies are gone");
});

test("a channel forgets queues that were deleted", async () => {
  await using node = await TestNode.start();
  await using client = await RawClient.open(node);
  await client.openChannel();
  for (let count = 0; count < 200; count++) {
    const queue = `q${count}`;
    await client.call(1, "queue.declare", { queue });
    client.publish(1, { routingKey: queue }, "x");
    await client.get(1, queue, false);
    const { consumerTag } = await client.call(1, "basic.consume", { queue });
    await client.call(1, "basic.cancel", { consumerTag });
    await client.call(1, "queue.delete", { queue });
  }
  expect(channelOf(node).queueCount).toBeLessThan(64);
});

test("a publisher whose pause is over waits for no backlog any more", () => {
  const yielding = new YieldingPublishers();
  const backlog = { isBacklogged: true };
  const endYield = vi.fn();
  const publisher = { endYield };
  yielding.add(backlog, publisher);
  yielding.remove(backlog, publisher);
  expect(yielding.size).toBe(0);
  yielding.release(backlog);
  expect(endYield).not.toHaveBeenCalled();
});

test("no publisher is remembered for a queue that was deleted while it waited", async () => {
  await using node = await TestNode.start();
  await using client = await RawClient.open(node);
  await client.openChannel();
  await client.call(1, "queue.declare", { queue: "q" });
  await client.call(1, "basic.qos", { prefetchCount: 1 });
  await client.call(1, "basic.consume", { queue: "q" });
  await client.openChannel(2);
  for (let count = 0; count < 64; count++) {
    client.publish(2, { routingKey: "q" }, Buffer.alloc(65_536));
  }
  await client.call(2, "queue.delete", { queue: "q" });
  await waitFor(() => node.node.broker.yielding.size === 0, "nobody waits");
});
