import { expect, test } from "vitest";
import { RawClient } from "../integration/raw-client.ts";
import { TestNode } from "../integration/start-node.ts";

test("an ack of many with a gap settles those and no others, whatever is delivered meanwhile", async () => {
  await using node = await TestNode.start();
  await using client = await RawClient.open(node);
  await client.openChannel();
  await client.call(1, "queue.declare", { queue: "q" });
  for (let count = 1; count <= 80; count++) client.publish(1, { routingKey: "q" }, `${count}`);
  await client.call(1, "basic.qos", { prefetchCount: 30 });
  await client.call(1, "basic.consume", { queue: "q" });
  client.send(1, "basic.ack", { deliveryTag: 8 });
  client.send(1, "basic.ack", { deliveryTag: 10 });
  // What the first part of it lets through does not fit where the channel notes deliveries.
  client.send(1, "basic.ack", { deliveryTag: 15, multiple: true });
  await client.call(1, "basic.qos", { prefetchCount: 30 });
  expect(client.count("basic.deliver")).toBe(45);
  for (let tag = 16; tag <= 45; tag++) client.send(1, "basic.ack", { deliveryTag: tag });
  await client.call(1, "basic.qos", { prefetchCount: 30 });
  expect(client.count("basic.deliver")).toBe(75);
});
