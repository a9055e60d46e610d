import { type ChannelModel, connect } from "amqplib";
import { describe, expect, onTestFinished, test } from "vitest";
import { type EmbeddedBroker, startBroker } from "../../src/index.ts";
import { temporaryDirectory } from "./storage-fixture.ts";

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

  test("leaves its data directory to the next one, and to no other meanwhile", async () => {
    const dataDir = await temporaryDirectory();
    const first = await start(dataDir);
    await expect(startBroker({ dataDir })).rejects.toThrow(
      `the data directory ${dataDir} is in use: process ${process.pid} uses the data directory`,
    );
    await first.stop();
    await start(dataDir);
  });
});
