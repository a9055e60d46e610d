import { expect, test } from "vitest";
import { publishFrames, RawClient } from "../integration/raw-client.ts";
import { TestNode } from "../integration/start-node.ts";

const MIB = 1_048_576;

test("a consumer that does not read is paused also when each turn brings it little", async () => {
  await using node = await TestNode.start();
  await using consumer = await RawClient.open(node);
  await consumer.openChannel();
  await consumer.call(1, "queue.declare", { queue: "q" });
  await consumer.call(1, "basic.consume", { queue: "q", noAck: true });
  consumer.socket.pause();
  await using publisher = await RawClient.open(node);
  await publisher.openChannel();
  await publisher.call(1, "confirm.select");
  const batch = publishFrames(1, { routingKey: "q" }, Buffer.alloc(32_768));
  for (let count = 1; count <= 512; count++) {
    publisher.write(batch);
    await publisher.next("basic.ack"); // Each publish has a turn of the event loop of its own.
  }
  expect(node.unwritten).toBeLessThan(4 * MIB);
  expect(node.broker.queue("q").messagesReady).toBeGreaterThan(0);
});
