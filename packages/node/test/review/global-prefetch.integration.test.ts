import { expect, test } from "vitest";
import { RawClient } from "../integration/raw-client.ts";
import { TestNode } from "../integration/start-node.ts";

async function openLimited(node: TestNode, prefetchCount: number): Promise<RawClient> {
  const client = await RawClient.open(node);
  await client.openChannel();
  await client.call(1, "queue.declare", { queue: "q" });
  await client.call(1, "basic.qos", { prefetchCount, global: true });
  return client;
}

test("recover gives back what was outstanding before the channel's limit lets newer messages pass", async () => {
  await using node = await TestNode.start();
  await using client = await openLimited(node, 1);
  for (const body of ["1", "2", "3"]) client.publish(1, { routingKey: "q" }, body);
  await client.call(1, "basic.consume", { queue: "q" });
  expect((await client.next("basic.deliver")).body.toString()).toBe("1");
  await client.call(1, "basic.recover", { requeue: true });
  const bodies: string[] = [];
  for (let count = 0; count < 3; count++) {
    const { method, body } = await client.next("basic.deliver");
    bodies.push(body.toString());
    client.send(1, "basic.ack", { deliveryTag: method.deliveryTag });
  }
  await client.call(1, "basic.qos", { prefetchCount: 1, global: true });
  expect(bodies).toEqual(["1", "2", "3"]);
  expect(client.count("basic.deliver")).toBe(0);
});

test("a consumer that waited for the channel's limit when its queue was deleted uses up none of it", async () => {
  await using node = await TestNode.start();
  await using client = await openLimited(node, 1);
  await client.call(1, "queue.declare", { queue: "gone" });
  client.publish(1, { routingKey: "q" }, "1");
  client.publish(1, { routingKey: "q" }, "2");
  client.publish(1, { routingKey: "gone" }, "x");
  await client.call(1, "basic.consume", { queue: "q" });
  const first = await client.next("basic.deliver");
  await client.call(1, "basic.consume", { queue: "gone" });
  await client.call(1, "queue.delete", { queue: "gone" });
  client.send(1, "basic.ack", { deliveryTag: first.method.deliveryTag });
  const second = await client.next("basic.deliver");
  client.send(1, "basic.ack", { deliveryTag: second.method.deliveryTag });
  client.publish(1, { routingKey: "q" }, "3");
  await client.call(1, "basic.qos", { prefetchCount: 1 });
  expect(client.count("basic.deliver")).toBe(1);
});

test("a cancelled consumer's messages leave the channel's limit when they are acknowledged", async () => {
  await using node = await TestNode.start();
  await using client = await RawClient.open(node);
  await client.openChannel();
  await client.call(1, "queue.declare", { queue: "q" });
  client.publish(1, { routingKey: "q" }, "1");
  const { consumerTag } = await client.call(1, "basic.consume", { queue: "q" });
  const first = await client.next("basic.deliver");
  await client.call(1, "basic.cancel", { consumerTag });
  await client.call(1, "basic.qos", { prefetchCount: 1, global: true });
  client.publish(1, { routingKey: "q" }, "2");
  await client.call(1, "basic.consume", { queue: "q" });
  client.send(1, "basic.ack", { deliveryTag: first.method.deliveryTag });
  await client.call(1, "basic.qos", { prefetchCount: 1, global: true });
  expect(client.count("basic.deliver")).toBe(1);
});
