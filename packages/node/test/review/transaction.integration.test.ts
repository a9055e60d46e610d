import { expect, test } from "vitest";
import { RawClient } from "../integration/raw-client.ts";
import { TestNode } from "../integration/start-node.ts";

test("recover leaves alone what an open transaction has acknowledged", async () => {
  await using node = await TestNode.start();
  await using client = await RawClient.open(node);
  await client.openChannel();
  await client.call(1, "queue.declare", { queue: "q" });
  client.publish(1, { routingKey: "q" }, "1");
  client.publish(1, { routingKey: "q" }, "2");
  await client.call(1, "tx.select");
  await client.call(1, "basic.consume", { queue: "q" });
  const first = await client.next("basic.deliver");
  await client.next("basic.deliver");
  client.send(1, "basic.ack", { deliveryTag: first.method.deliveryTag });
  await client.call(1, "basic.recover", { requeue: true });
  expect((await client.next("basic.deliver")).body.toString()).toBe("2");
  await client.call(1, "tx.commit");
  expect(client.count("basic.deliver")).toBe(0);
  expect(node.broker.queue("q")).toMatchObject({ messagesReady: 0, messagesUnacknowledged: 1 });
});
