import { type ChannelModel, connect } from "amqplib";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Config } from "../../src/config/config.ts";
import { type EmbeddedBroker, startBroker } from "../../src/index.ts";
import { spoil, temporaryDirectory } from "./storage-fixture.ts";

async function start(dataDir: string): Promise<EmbeddedBroker> {
  const broker = await startBroker({ dataDir });
  onTestFinished(() => broker.stop());
  return broker;
}

async function client(broker: EmbeddedBroker): Promise<ChannelModel> {
  const connection = await connect(broker.url);
  connection.on("error", () => undefined);
  return connection;
}

describe("a broker with a data directory", () => {
  test("has what is durable after a restart, and nothing of what is transient", async () => {
    const dataDir = await temporaryDirectory();
    const first = await start(dataDir);
    first.addUser("ann", "secret");
    const channel = await (await client(first)).createConfirmChannel();
    await channel.assertExchange("stays", "topic", { durable: true });
    await channel.assertExchange("goes", "topic", { durable: false });
    await channel.assertQueue("kept", { durable: true });
    await channel.assertQueue("temporary", { durable: false });
    await channel.bindQueue("kept", "stays", "#");
    channel.publish("stays", "a", Buffer.from("one"), { persistent: true });
    channel.publish("stays", "b", Buffer.from("two"), { persistent: true });
    await channel.waitForConfirms();
    await first.stop();

    const second = await start(dataDir);
    const again = await (await client(second)).createConfirmChannel();
    await again.checkExchange("stays");
    await again.checkQueue("kept");
    again.publish("stays", "c", Buffer.from("three"), { persistent: true });
    await again.waitForConfirms();
    const got: string[] = [];
    for (let count = 0; count < 3; count++) {
      const message = await again.get("kept", { noAck: true });
      if (message !== false) got.push(message.content.toString());
    }
    expect(got).toEqual(["one", "two", "three"]);
    again.on("error", () => undefined);
    await expect(again.checkQueue("temporary")).rejects.toThrow(/NOT_FOUND/);
  });

  test("serves all queues but the damaged one, which can be deleted and declared again", async () => {
    const dataDir = await temporaryDirectory();
    const first = await start(dataDir);
    const channel = await (await client(first)).createConfirmChannel();
    for (const queue of ["spoilt", "whole"]) {
      await channel.assertQueue(queue);
      channel.sendToQueue(queue, Buffer.from(queue.repeat(100)), { persistent: true });
      // What was written later proves that the first one was on the disk.
      await channel.waitForConfirms();
    }
    await first.stop();
    await spoil(dataDir, "spoilt".repeat(100), false);

    const second = await start(dataDir);
    const connection = await client(second);
    const refused = await connection.createChannel();
    refused.on("error", () => undefined);
    await expect(refused.assertQueue("spoilt")).rejects.toThrow(
      /queue 'spoilt' in vhost '\/' is not available: part of its contents is lost/,
    );
    const again = await connection.createConfirmChannel();
    expect(await again.checkQueue("whole")).toMatchObject({ messageCount: 1 });
    await again.deleteQueue("spoilt");
    expect(await again.assertQueue("spoilt")).toMatchObject({ messageCount: 0 });
    again.sendToQueue("spoilt", Buffer.from("new"), { persistent: true });
    await again.waitForConfirms();
    expect(await again.checkQueue("spoilt")).toMatchObject({ messageCount: 1 });
  });

  test("leaves its data directory to the next one, and to no other meanwhile", async () => {
    const dataDir = await temporaryDirectory();
    const first = await start(dataDir);
    await expect(startBroker({ dataDir })).rejects.toThrow(
      `the data directory ${dataDir} is in use: process ${process.pid} uses the data directory`,
    );
    await first.stop();
    await start(dataDir);
  });

  test("gives its data directory back if it does not start", async () => {
    const dataDir = await temporaryDirectory();
    const user = { name: "u", password: "p", tags: [], vhostPattern: "(" };
    const configure = (config: Config): Config => ({
      ...config,
      defaults: {
        ...config.defaults,
        users: [{ ...user, permissions: config.defaults.permissions }],
      },
    });
    await expect(startBroker({ dataDir, configure })).rejects.toThrow();
    await start(dataDir);
  });
});
