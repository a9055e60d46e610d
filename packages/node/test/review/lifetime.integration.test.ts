import { describe, expect, test } from "vitest";
import type { LiveExchange } from "../../src/broker/live-exchange.ts";
import type { Channel } from "../../src/connection/channel.ts";
import { ChannelTransaction } from "../../src/connection/channel-transaction.ts";
import { VirtualClock } from "../../src/index.ts";
import { Message, messageRouting } from "../../src/queue/message.ts";
import { SlabStore } from "../../src/queue/slab-store.ts";
import { PublishCounts } from "../../src/statistics/traffic-counts.ts";
import { RawClient, waitFor } from "../integration/raw-client.ts";
import { TestNode } from "../integration/start-node.ts";

test("connections of a user who is deleted are closed with 320", async () => {
  await using node = await TestNode.start();
  node.broker.addUser("eve", "secret");
  await using stays = await RawClient.open(node);
  await stays.openChannel();
  await using client = await RawClient.open(node, { user: "eve", password: "secret" });
  await client.openChannel();
  await client.call(1, "queue.declare", { queue: "own", exclusive: true });
  node.node.broker.changeMetadata({ type: "deleteUser", name: "eve" });
  const { method } = await client.next("connection.close");
  expect(method).toMatchObject({
    replyCode: 320,
    replyText: "CONNECTION_FORCED - user 'eve' is deleted",
  });
  client.send(0, "connection.close-ok");
  await waitFor(() => node.node.broker.connectionCount === 1, "the connection is gone");
  await stays.call(1, "queue.declare", { queue: "own" });
});

describe("x-expires", () => {
  test("a passive declare that asks for the counts is a use of the queue", async () => {
    const clock = new VirtualClock();
    await using node = await TestNode.start({ clock });
    await using client = await RawClient.open(node);
    await client.openChannel();
    const queue = "q";
    const expires = { type: "signedint", value: 1000 } as const;
    await client.call(1, "queue.declare", { queue, arguments: new Map([["x-expires", expires]]) });
    for (let count = 0; count < 3; count++) {
      clock.advance(700);
      await client.call(1, "queue.declare", { queue, passive: true });
    }
    clock.advance(1001);
    client.send(1, "queue.declare", { queue, passive: true });
    expect((await client.next("channel.close")).method.replyCode).toBe(404);
  });
});

test("a transaction counts properties and messages without a body, too", () => {
  const transaction = new ChannelTransaction({} as Channel);
  const message = new Message(new SlabStore(), messageRouting("", "q"));
  message.bytes = Buffer.alloc(1024);
  // Only counted: there is no memory behind it.
  Object.defineProperty(message, "storedSize", { value: 2 ** 28 });
  const counts = new PublishCounts({} as Channel, {} as LiveExchange);
  const publish = { message, sinks: [], mandatory: false, counts, flows: [] };
  const add = (): void => transaction.addPublish(publish);
  for (let count = 0; count < 3; count++) add();
  expect(add).toThrow(/transaction exceeds/);
});
