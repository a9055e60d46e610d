// node:test, plain JavaScript: a broker for each test, stopped by the test's own end.
// With TypeScript, or on Node 24 and later, `await using broker = await startBroker()` does the same.
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { connect } from "amqplib";
import { startBroker } from "leveret";

test("a message of a worker that dies goes back to the queue", async (t) => {
  const broker = await startBroker();
  t.after(() => broker.stop());
  const publisher = await connect(broker.url);
  const channel = await publisher.createChannel();
  await channel.assertQueue("orders");
  channel.sendToQueue("orders", Buffer.from("2 apples"));
  await broker.waitForMessages("orders", 1);

  const worker = await connect(broker.url, { clientProperties: { connection_name: "worker" } });
  worker.on("error", () => {}); // Unexpected close: that is what this test is about.
  const workerChannel = await worker.createChannel();
  await workerChannel.get("orders");
  assert.equal(broker.queue("orders").messagesUnacknowledged, 1);

  broker.dropConnections(({ clientName }) => clientName === "worker");

  const [order] = await broker.waitForMessages("orders", 1);
  assert.equal(order.redelivered, true);
  await publisher.close();
});

test("a publisher that is blocked hears of it", async () => {
  const broker = await startBroker();
  try {
    const connection = await connect(broker.url);
    const channel = await connection.createChannel();
    await channel.assertQueue("orders");
    broker.blockPublishers();
    channel.sendToQueue("orders", Buffer.from("1 pear"));
    const [reason] = await once(connection, "blocked");
    assert.equal(reason, "low on memory");

    broker.unblockPublishers();
    await broker.waitForMessages("orders", 1);
    await connection.close();
  } finally {
    await broker.stop();
  }
});
