import { connect } from "amqplib";
import { describe, expect, test } from "vitest";
import { startBroker } from "../../src/index.ts";

const DEFINITIONS = {
  vhosts: [{ name: "/" }],
  queues: [
    {
      name: "kept",
      vhost: "/",
      durable: true,
      auto_delete: false,
      arguments: { "x-max-length": 9 },
    },
  ],
  exchanges: [{ name: "in", vhost: "/", type: "fanout", durable: true, auto_delete: false }],
  bindings: [
    { source: "in", vhost: "/", destination: "kept", destination_type: "queue", routing_key: "" },
  ],
};

describe("reset", () => {
  test("deletes queues, exchanges and bindings, and keeps the connection and its channels", async () => {
    await using broker = await startBroker();
    const connection = await connect(broker.url);
    const channel = await connection.createChannel();
    await channel.assertQueue("a");
    await channel.assertQueue("mine", { exclusive: true });
    await channel.assertExchange("temporary", "topic", { autoDelete: true });
    await channel.assertExchange("behind", "topic", { autoDelete: true });
    await channel.bindExchange("temporary", "behind", "#");
    await channel.bindQueue("a", "temporary", "#");
    await channel.bindExchange("amq.fanout", "amq.topic", "#");
    await channel.bindQueue("a", "amq.fanout", "");
    channel.sendToQueue("a", Buffer.from("x"));
    await broker.waitForMessages("a", 1);

    broker.reset();

    expect(broker.queues()).toEqual([]);
    await channel.assertQueue("a");
    await channel.assertExchange("temporary", "direct"); // Another type: the old one is gone.
    for (const exchange of ["amq.topic", "amq.fanout"]) {
      channel.publish(exchange, "", Buffer.from("lost"));
    }
    channel.sendToQueue("a", Buffer.from("new"));
    const messages = await broker.waitForMessages("a", 1);
    expect(messages.map(({ body }) => body.toString())).toEqual(["new"]);
    expect(broker.queue("a").messagesReady).toBe(1);
    await connection.close();
  });

  test("cancels consumers of the queues that it deletes", async () => {
    await using broker = await startBroker();
    const connection = await connect(broker.url);
    const channel = await connection.createChannel();
    await channel.assertQueue("q");
    const cancelled = new Promise<void>((resolve) => {
      void channel.consume("q", (message) => {
        if (message === null) resolve();
      });
    });
    await expect.poll(() => broker.queue("q").consumers).toBe(1);
    broker.reset();
    await cancelled;
    await connection.close();
  });
});

describe("reset, as to what was set up from outside,", () => {
  test("brings back what the definitions declare, empty", async () => {
    await using broker = await startBroker({ definitions: DEFINITIONS });
    const connection = await connect(broker.url);
    const channel = await connection.createChannel();
    channel.publish("in", "", Buffer.from("old"));
    await broker.waitForMessages("kept", 1);
    await channel.assertQueue("other");

    broker.reset();

    expect(broker.queues()).toMatchObject([{ name: "kept", messagesReady: 0 }]);
    channel.publish("in", "", Buffer.from("new"));
    await broker.waitForMessages("kept", 1);
    await channel.assertQueue("kept", { durable: true, maxLength: 9 });
    await connection.close();
  });

  test("leaves out the definitions of a vhost that was deleted meanwhile", async () => {
    await using broker = await startBroker({ definitions: DEFINITIONS });
    broker.addVhost("other");
    broker.apply({ type: "deleteVhost", name: "/" });
    broker.reset();
    expect(broker.queues()).toEqual([]);
  });

  test("lifts the block of publishers and leaves users and policies as they are", async () => {
    await using broker = await startBroker();
    broker.addUser("me", "pw");
    broker.setPolicy("two", { pattern: "", definition: { "max-length": 2 } });
    broker.blockPublishers();
    broker.reset();
    const connection = await connect(broker.urlFor({ user: "me", password: "pw" }));
    const channel = await connection.createConfirmChannel();
    await channel.assertQueue("q");
    for (const body of ["1", "2", "3"]) channel.sendToQueue("q", Buffer.from(body));
    await channel.waitForConfirms();
    expect(broker.messages("q").map(({ body }) => body.toString())).toEqual(["2", "3"]);
    await connection.close();
  });
});
