// Vitest: a broker for each test file, emptied between tests.
import { type Channel, type ChannelModel, connect } from "amqplib";
import { type EmbeddedBroker, startBroker, VirtualClock } from "leveret";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";

let broker: EmbeddedBroker;
let connection: ChannelModel;
let channel: Channel;
const clock = new VirtualClock();

beforeAll(async () => {
  broker = await startBroker({ clock });
  connection = await connect(broker.url);
});

beforeEach(async () => {
  channel = await connection.createChannel();
  await channel.assertQueue("parked");
  await channel.assertQueue("orders", {
    messageTtl: 30_000,
    deadLetterExchange: "",
    deadLetterRoutingKey: "parked",
  });
});

afterEach(async () => {
  await channel.close();
  broker.reset();
});

afterAll(async () => {
  await connection.close();
  await broker.stop();
});

test("an order reaches the queue", async () => {
  channel.sendToQueue("orders", Buffer.from("2 apples"), { messageId: "o-1" });

  const [order] = await broker.waitForMessages("orders", 1);
  expect(order?.body.toString()).toBe("2 apples");
  expect(order?.properties.messageId).toBe("o-1");
});

test("an order that nobody takes for 30 seconds is parked", async () => {
  channel.sendToQueue("orders", Buffer.from("1 pear"));
  await broker.waitForMessages("orders", 1);

  clock.advance(30_000); // No waiting: the broker's time stands still until it is moved.

  const [parked] = broker.messages("parked");
  expect(parked?.properties.headers?.["x-first-death-reason"]).toBe("expired");
});
