import { connect, type Message } from "amqplib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type EmbeddedBroker, startBroker } from "../../src/index.ts";

// The limit of a channel shows in what several consumers and queues do together, so it is tested as a whole.
describe("basic.qos with global", () => {
  let broker: EmbeddedBroker;
  let connection: Awaited<ReturnType<typeof connect>>;
  let channel: Awaited<ReturnType<(typeof connection)["createChannel"]>>;
  const received: Message[] = [];

  beforeEach(async () => {
    received.length = 0;
    broker = await startBroker();
    connection = await connect(broker.url);
    channel = await connection.createChannel();
    for (const queue of ["one", "other"]) {
      await channel.assertQueue(queue);
      for (let count = 0; count < 20; count++) channel.sendToQueue(queue, Buffer.from(queue));
      await broker.waitForMessages(queue, 20);
    }
  });

  afterEach(async () => {
    await broker.stop();
  });

  async function consumeAll(): Promise<void> {
    for (const queue of ["one", "other"]) {
      await channel.consume(queue, (message) => {
        if (message !== null) received.push(message);
      });
    }
  }

  /** What both queues have handed out; an answer of the broker lies between, so that all is settled. */
  async function outstanding(): Promise<number> {
    await channel.checkQueue("one");
    return broker.queues().reduce((sum, queue) => sum + queue.messagesUnacknowledged, 0);
  }

  test("bounds what all consumers of the channel hold together", async () => {
    await channel.prefetch(5, true);
    await consumeAll();
    expect(await outstanding()).toBe(5);
  });

  test("lets as many messages follow as are acknowledged, until all are consumed", async () => {
    await channel.prefetch(3, true);
    await consumeAll();
    for (let done = 0; done < 40; done++) {
      await expect.poll(() => received.length).toBeGreaterThan(done);
      expect(await outstanding()).toBeLessThanOrEqual(3);
      channel.ack(received[done] as Message); // There are more than `done`.
    }
    await broker.waitUntilDrained("one");
    await broker.waitUntilDrained("other");
  });

  test("holds for messages that are returned to their queue as well", async () => {
    await channel.prefetch(2, true);
    await consumeAll();
    for (let turn = 0; turn < 10; turn++) {
      await expect.poll(() => received.length).toBeGreaterThan(turn);
      channel.nack(received[turn] as Message); // There are more than `turn`.
      expect(await outstanding()).toBeLessThanOrEqual(2);
    }
  });

  test("may be raised and lifted while consumers run", async () => {
    await channel.prefetch(2, true);
    await consumeAll();
    expect(await outstanding()).toBe(2);
    await channel.prefetch(7, true);
    expect(await outstanding()).toBe(7);
    await channel.prefetch(0, true);
    expect(await outstanding()).toBe(40);
  });

  test("may be set while consumers hold more: nothing follows until they have acknowledged enough", async () => {
    await consumeAll();
    await expect.poll(() => received.length).toBe(40);
    await channel.prefetch(5, true);
    channel.sendToQueue("one", Buffer.from("late"));
    channel.ackAll();
    await expect.poll(() => received.length).toBe(41);
    expect(await outstanding()).toBe(1);
  });

  test("does not hold for consumers without acknowledgement", async () => {
    await channel.prefetch(1, true);
    await channel.consume("one", (message) => received.push(message as Message), { noAck: true });
    await expect.poll(() => received.length).toBe(20);
  });

  test("gives the credit of a consumer that is cancelled to the others", async () => {
    await channel.prefetch(2, true);
    const { consumerTag } = await channel.consume("one", (message) => {
      if (message !== null) received.push(message);
    });
    await channel.cancel(consumerTag);
    await channel.consume("other", (message) => {
      if (message !== null) received.push(message);
    });
    expect(await outstanding()).toBe(2);
    channel.ackAll();
    await expect.poll(() => received.at(-1)?.content.toString()).toBe("other");
    expect(await outstanding()).toBe(2);
  });
});
