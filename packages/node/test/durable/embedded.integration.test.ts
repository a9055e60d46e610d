import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "amqplib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type EmbeddedBroker, startBroker } from "../../src/index.ts";

let directory: string;
let broker: EmbeddedBroker;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "leveret-embedded-"));
  broker = await startBroker({ dataDir: directory });
});

afterEach(async () => {
  await broker.stop();
  await rm(directory, { recursive: true, force: true });
});

describe("a broker in this process with a data directory", () => {
  test("shows the messages of a queue, transient ones in their places, before and after a restart", async () => {
    const connection = await connect(broker.url);
    const channel = await connection.createConfirmChannel();
    await channel.assertQueue("q", { durable: true });
    for (const [body, persistent] of [
      ["a", true],
      ["t", false],
      ["b", true],
    ] as const) {
      channel.publish("", "q", Buffer.from(body), { persistent });
    }
    await channel.waitForConfirms();
    const bodies = async (): Promise<string[]> =>
      (await broker.waitForMessages("q", 2)).map(({ body }) => body.toString());
    expect((await broker.readMessages("q")).map(({ body }) => body.toString())).toEqual([
      "a",
      "t",
      "b",
    ]);
    expect(broker.queue("q").messagesReady).toBe(3);
    await connection.close();
    await broker.stop();
    broker = await startBroker({ dataDir: directory });
    expect(await bodies()).toEqual(["a", "b"]);
    // Looking takes nothing.
    expect(await bodies()).toEqual(["a", "b"]);
  });
});
