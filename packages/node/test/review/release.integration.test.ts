import { longstr } from "@leveret/amqp";
import { expect, test } from "vitest";
import { RawClient, waitFor } from "../integration/raw-client.ts";
import { TestNode } from "../integration/start-node.ts";

test("a connection with several channels that ends returns each message once", async () => {
  await using node = await TestNode.start();
  await using client = await RawClient.open(node);
  await client.openChannel(1);
  await client.call(1, "queue.declare", {
    queue: "q",
    durable: true,
    arguments: new Map([
      ["x-queue-type", longstr("quorum")],
      ["x-delivery-limit", { type: "signedint", value: 2 }],
    ]),
  });
  for (let channel = 1; channel <= 5; channel++) {
    if (channel > 1) await client.openChannel(channel);
    await client.call(channel, "basic.qos", { prefetchCount: 1 });
    await client.call(channel, "basic.consume", { queue: "q" });
  }
  client.publish(1, { routingKey: "q" }, "1");
  await client.next("basic.deliver");
  await client.close();
  await waitFor(() => node.node.broker.connectionCount === 0, "the connection is gone");
  expect(node.broker.queue("q").messagesReady).toBe(1);
  await using other = await RawClient.open(node);
  await other.openChannel();
  const found = await other.get(1, "q");
  // The value of the header: a signed 64-bit integer behind the letter l.
  const at = (found?.properties.indexOf("x-delivery-count") ?? 0) + "x-delivery-count".length;
  expect(found?.properties.readBigInt64BE(at + 1)).toBe(1n);
});

test("what an ending connection gives back does not go to its own auto-ack consumers", async () => {
  await using node = await TestNode.start();
  await using client = await RawClient.open(node);
  await client.openChannel(1);
  await client.openChannel(2);
  await client.call(1, "queue.declare", { queue: "q" });
  await client.call(1, "basic.consume", { queue: "q" });
  client.publish(1, { routingKey: "q" }, "1");
  await client.next("basic.deliver");
  await client.call(2, "basic.consume", { queue: "q", noAck: true });
  client.socket.destroy();
  await waitFor(() => node.node.broker.connectionCount === 0, "the connection is gone");
  expect(node.broker.queue("q").messagesReady).toBe(1);
});

test("nothing is delivered on a channel after its channel.close", async () => {
  await using node = await TestNode.start();
  await using client = await RawClient.open(node);
  await client.openChannel();
  await client.call(1, "queue.declare", { queue: "dead" });
  await client.call(1, "queue.declare", {
    queue: "q",
    durable: true,
    arguments: new Map([
      ["x-queue-type", longstr("quorum")],
      ["x-delivery-limit", { type: "signedint", value: 0 }],
      ["x-dead-letter-exchange", longstr("")],
      ["x-dead-letter-routing-key", longstr("dead")],
    ]),
  });
  await client.call(1, "basic.consume", { queue: "q" });
  await client.call(1, "basic.consume", { queue: "dead", noAck: true });
  client.publish(1, { routingKey: "q" }, "1");
  await client.next("basic.deliver");
  client.send(1, "basic.ack", { deliveryTag: 99 });
  await client.next("channel.close");
  client.send(1, "channel.close-ok");
  await client.openChannel(2);
  expect(client.count("basic.deliver")).toBe(0);
  expect(node.broker.queue("dead").messagesReady).toBe(1);
});
