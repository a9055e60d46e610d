import { type Channel, type ChannelModel, connect, type Message } from "amqplib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type EmbeddedBroker,
  type QueuedMessage,
  startBroker,
  VirtualClock,
} from "../../src/index.ts";

let broker: EmbeddedBroker;
let clock: VirtualClock;
let connection: ChannelModel;
let channel: Channel;

beforeEach(async () => {
  clock = new VirtualClock();
  broker = await startBroker({ clock });
  connection = await connect(broker.url);
  channel = await connection.createChannel();
});

afterEach(async () => {
  await broker.stop();
});

/** Declares `work`, whose dead letters go to `dead` unless told otherwise. */
async function declare(options: Record<string, unknown> = {}): Promise<void> {
  await channel.assertQueue("dead");
  await channel.assertQueue("work", {
    deadLetterExchange: "",
    deadLetterRoutingKey: "dead",
    ...options,
  });
}

async function rejectOne(queue: string): Promise<void> {
  const got = await channel.get(queue);
  channel.reject(got as Message, false); // The caller has seen that the queue is not empty.
}

function deathsOf(message: QueuedMessage | undefined): unknown {
  return message?.properties.headers?.["x-death"];
}

describe("a dead letter", () => {
  test.each(["", "a body", "x".repeat(200_000)])("keeps its body and properties", async (body) => {
    await declare();
    channel.sendToQueue("work", Buffer.from(body), {
      messageId: "m1",
      persistent: true,
      headers: { mine: 1 },
    });
    await broker.waitForMessages("work", 1);
    await rejectOne("work");
    const [dead] = await broker.waitForMessages("dead", 1);
    expect(dead?.body.toString()).toBe(body);
    expect(dead).toMatchObject({
      exchange: "",
      routingKey: "dead",
      redelivered: false,
      properties: { messageId: "m1", deliveryMode: 2, headers: { mine: 1 } },
    });
  });

  test("tells where it died first and last", async () => {
    await channel.assertQueue("end");
    await channel.assertQueue("dead", {
      deadLetterExchange: "",
      deadLetterRoutingKey: "end",
      messageTtl: 1000,
    });
    await channel.assertQueue("work", { deadLetterExchange: "", deadLetterRoutingKey: "dead" });
    channel.sendToQueue("work", Buffer.from("x"));
    await broker.waitForMessages("work", 1);
    await rejectOne("work");
    await broker.waitForMessages("dead", 1);
    clock.advance(1000);
    const [end] = broker.messages("end");
    expect(end?.properties.headers).toMatchObject({
      "x-first-death-queue": "work",
      "x-first-death-reason": "rejected",
      "x-first-death-exchange": "",
      "x-last-death-queue": "dead",
      "x-last-death-reason": "expired",
    });
    expect(deathsOf(end)).toMatchObject([
      { queue: "dead", reason: "expired", "routing-keys": ["dead"] },
      { queue: "work", reason: "rejected", "routing-keys": ["work"] },
    ]);
  });

  test("loses its expiration, so that it does not expire again, and tells it", async () => {
    await declare();
    channel.sendToQueue("work", Buffer.from("x"), { expiration: "1000" });
    await broker.waitForMessages("work", 1);
    clock.advance(1000);
    const [dead] = broker.messages("dead");
    expect(dead?.properties.expiration).toBeUndefined();
    expect(deathsOf(dead)).toMatchObject([{ reason: "expired", "original-expiration": "1000" }]);
    clock.advance(10_000_000);
    expect(broker.queue("dead").messagesReady).toBe(1);
  });

  test("counts its rounds through a retry queue", async () => {
    await channel.assertQueue("retry", {
      deadLetterExchange: "",
      deadLetterRoutingKey: "work",
      messageTtl: 1000,
    });
    await channel.assertQueue("work", { deadLetterExchange: "", deadLetterRoutingKey: "retry" });
    channel.sendToQueue("work", Buffer.from("x"));
    for (let round = 1; round <= 5; round++) {
      await broker.waitForMessages("work", 1);
      await rejectOne("work");
      await broker.waitForMessages("retry", 1);
      clock.advance(1000);
      const [again] = await broker.waitForMessages("work", 1);
      expect(deathsOf(again)).toMatchObject([
        { queue: "retry", reason: "expired", count: round },
        { queue: "work", reason: "rejected", count: round },
      ]);
    }
  });

  test("is dropped when it would go round by itself for ever", async () => {
    await channel.assertQueue("a", {
      deadLetterExchange: "",
      deadLetterRoutingKey: "b",
      messageTtl: 10,
    });
    await channel.assertQueue("b", {
      deadLetterExchange: "",
      deadLetterRoutingKey: "a",
      messageTtl: 10,
    });
    channel.sendToQueue("a", Buffer.from("x"));
    await broker.waitForMessages("a", 1);
    clock.advance(10);
    expect(broker.queue("b").messagesReady).toBe(1);
    clock.advance(10);
    expect(broker.queues().map(({ messagesReady }) => messagesReady)).toEqual([0, 0]);
  });

  test("survives whatever a client put into x-death", async () => {
    await declare();
    for (const made of ["text", 5, [], ["text", 1], [{ queue: 7, reason: null, count: "many" }]]) {
      channel.sendToQueue("work", Buffer.from("x"), { headers: { "x-death": made } });
      await broker.waitForMessages("work", 1);
      await rejectOne("work");
      const [dead] = await broker.waitForMessages("dead", 1);
      const [newest] = deathsOf(dead) as unknown[];
      expect(newest).toMatchObject({ queue: "work", reason: "rejected", count: 1 });
      await channel.purgeQueue("dead");
    }
  });

  test("goes to its own key and to those of CC, unless the queue replaces the key", async () => {
    await channel.assertExchange("dlx", "direct");
    for (const queue of ["own", "copy"]) {
      await channel.assertQueue(queue);
      await channel.bindQueue(queue, "dlx", queue);
    }
    await channel.assertExchange("in", "fanout");
    await channel.assertQueue("work", { deadLetterExchange: "dlx" });
    await channel.bindQueue("work", "in", "");
    channel.publish("in", "own", Buffer.from("x"), { CC: "copy" });
    await broker.waitForMessages("work", 1);
    await rejectOne("work");
    const [own] = await broker.waitForMessages("own", 1);
    await broker.waitForMessages("copy", 1);
    expect(own?.routingKey).toBe("own");
    expect(deathsOf(own)).toMatchObject([{ exchange: "in", "routing-keys": ["own", "copy"] }]);
  });

  test("is dropped where the dead-letter exchange does not exist", async () => {
    await channel.assertQueue("work", { deadLetterExchange: "nowhere" });
    channel.sendToQueue("work", Buffer.from("x"));
    await broker.waitForMessages("work", 1);
    await rejectOne("work");
    await broker.waitUntilDrained("work");
  });

  test("is made in order of what a queue drops for its length", async () => {
    await declare({ maxLength: 2 });
    for (const body of ["1", "2", "3", "4", "5"]) channel.sendToQueue("work", Buffer.from(body));
    const dead = await broker.waitForMessages("dead", 3);
    expect(dead.map(({ body }) => body.toString())).toEqual(["1", "2", "3"]);
    expect(deathsOf(dead[0])).toMatchObject([{ reason: "maxlen" }]);
  });
});
