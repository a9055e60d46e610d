import { describe, expect, test } from "vitest";
import { frame, publishFrames, RawClient, waitFor } from "./raw-client.ts";
import { TestNode } from "./start-node.ts";
import { SteadyClient } from "./steady-client.ts";

const CLIENT_COUNT = 300;

/** Logs in, takes what it can, and stops in the middle of a frame. */
async function takeAndStop(node: TestNode, index: number): Promise<RawClient> {
  const client = await RawClient.open(node);
  await client.openChannel();
  await client.call(1, "queue.declare", { queue: `exclusive ${index}`, exclusive: true });
  await client.call(1, "queue.declare", { queue: `auto-delete ${index}`, autoDelete: true });
  await client.call(1, "basic.consume", { queue: `auto-delete ${index}` });
  await client.call(1, "basic.qos", { prefetchCount: 1 });
  await client.call(1, "basic.consume", { queue: "shared" });
  await client.next("basic.deliver");
  const publish = publishFrames(1, { routingKey: "shared" }, Buffer.alloc(2000));
  // Where it stops differs: in the method, the header, a body frame's head or payload.
  client.write(publish.subarray(0, (index * 7) % publish.length));
  return client;
}

describe("clients that vanish", () => {
  test("hundreds at once in the middle of a frame give back all they held", async () => {
    await using node = await TestNode.start();
    const steady = await SteadyClient.start(node);
    await using other = await RawClient.open(node);
    await other.openChannel();
    await other.call(1, "queue.declare", { queue: "shared" });
    for (let number = 0; number < CLIENT_COUNT; number++) {
      other.publish(1, { routingKey: "shared" }, `${number}`);
    }
    await node.broker.waitForMessages("shared", CLIENT_COUNT);
    const clients: RawClient[] = [];
    for (let index = 0; index < CLIENT_COUNT; index++) clients.push(await takeAndStop(node, index));
    expect(node.broker.queue("shared")).toMatchObject({
      messagesReady: 0,
      messagesUnacknowledged: CLIENT_COUNT,
    });

    for (const [index, { socket }] of clients.entries()) {
      if (index % 2 === 0) socket.resetAndDestroy();
      else socket.destroy();
    }

    await node.broker.waitForMessages("shared", CLIENT_COUNT);
    await waitFor(() => node.node.broker.connectionCount === 2, "the connections are gone");
    const names = node.broker.queues().map(({ name }) => name);
    expect(names.sort()).toEqual(["shared", "steady work of others"]);
    const bodies = node.broker.messages("shared").map(({ body }) => body.toString());
    expect(bodies).toEqual(Array.from({ length: CLIENT_COUNT }, (_, number) => `${number}`));
    for (let index = 0; index < CLIENT_COUNT; index++) {
      other.send(1, "queue.declare", { queue: `exclusive ${index}`, exclusive: true });
      await other.next("queue.declare-ok");
    }
    expect(node.node.broker.channelCount).toBe(2);
    expect(await steady.stop()).toBeGreaterThan(1);
    expect(node.internalErrors).toEqual([]);
  });

  test("an exclusive queue can be declared again as soon as its owner's socket is closed", async () => {
    await using node = await TestNode.start();
    for (let round = 0; round < 50; round++) {
      const client = await RawClient.open(node);
      await client.openChannel();
      await client.call(1, "queue.declare", { queue: "mine", exclusive: true });
      client.write(frame(1, "basic.publish", { routingKey: "mine" }));
      client.socket.destroy();
      await client.closed;
      await waitFor(() => node.broker.queues().length === 0, "the queue is gone");
    }
  });

  test("messages in the middle of their content are dropped, those before it are kept", async () => {
    await using node = await TestNode.start();
    await using client = await RawClient.open(node);
    await client.openChannel();
    await client.call(1, "queue.declare", { queue: "q" });
    const whole = publishFrames(1, { routingKey: "q" }, "whole");
    client.write(Buffer.concat([whole, whole, whole.subarray(0, whole.length - 3)]));
    client.socket.end();
    await client.closed;
    await node.broker.waitForMessages("q", 2);
    await waitFor(() => node.node.broker.connectionCount === 0, "the connection is gone");
    expect(node.broker.queue("q").messagesReady).toBe(2);
  });
});
