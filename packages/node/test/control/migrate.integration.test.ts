import { type ChannelModel, type ConfirmChannel, connect, type GetMessage } from "amqplib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type EmbeddedBroker, startBroker } from "../../src/index.ts";
import { ControlledBroker } from "./controlled-broker.ts";
import { type CliResult, leveretctl } from "./run-leveretctl.ts";

/** Each command is a process. */
const TEST_MAX_MS = 60_000;
/** More than are moved at a time. */
const MANY = 1200;

let old: EmbeddedBroker;
let node: ControlledBroker;
let atOld: ChannelModel;
let here: ChannelModel;

beforeEach(async () => {
  old = await startBroker();
  node = await ControlledBroker.start();
  atOld = await connect(old.url);
  here = await connect(urlHere("guest"));
  // The brokers close them at the end.
  for (const connection of [atOld, here]) connection.on("error", () => undefined);
}, TEST_MAX_MS);

afterEach(async () => {
  await node[Symbol.asyncDispose]();
  await old.stop();
}, TEST_MAX_MS);

function urlHere(user: string): string {
  return `amqp://${user}:${user}@127.0.0.1:${node.amqpPort}`;
}

function migrate(...args: readonly string[]): Promise<CliResult> {
  return leveretctl(node.port, ["migrate", ...args]);
}

async function filled(
  name: string,
  count: number,
  publish: (channel: ConfirmChannel, at: number) => void,
): Promise<void> {
  const channel = await atOld.createConfirmChannel();
  await channel.assertQueue(name);
  for (let at = 0; at < count; at++) publish(channel, at);
  await channel.waitForConfirms();
  await channel.close();
}

async function takeAll(name: string): Promise<GetMessage[]> {
  const channel = await here.createChannel();
  const all: GetMessage[] = [];
  for (;;) {
    const message = await channel.get(name, { noAck: true });
    if (message === false) break;
    all.push(message);
  }
  await channel.close();
  return all;
}

async function declaredHere(...names: readonly string[]): Promise<void> {
  const channel = await here.createChannel();
  for (const name of names) await channel.assertQueue(name);
  await channel.close();
}

describe("leveretctl migrate", { timeout: TEST_MAX_MS }, () => {
  test("moves messages in their order, with their properties, until the old queues are empty", async () => {
    await declaredHere("many", "one", "only-here", "other");
    await filled("many", MANY, (channel, at) => {
      channel.sendToQueue("many", Buffer.from(String(at)), { persistent: true });
    });
    await filled("other", 1, (channel) => channel.sendToQueue("other", Buffer.from("stays")));
    await filled("one", 1, (channel) => {
      channel.sendToQueue("one", Buffer.from([0, 255]), {
        contentType: "application/x-test",
        contentEncoding: "none",
        headers: { number: 7, "x-death": [{ queue: "q", count: 2 }] },
        deliveryMode: 2,
        priority: 3,
        correlationId: "c",
        replyTo: "r",
        expiration: "3600000",
        messageId: "m",
        timestamp: 1_700_000_000,
        type: "t",
        appId: "a",
      });
    });
    const result = await migrate(
      "--queue-pattern",
      "^(many|one|only-here)$",
      old.url,
      urlHere("guest"),
    );
    expect(result).toEqual({
      code: 0,
      error: "",
      out: `Moving messages to queues in vhost / ...\nmany: ${MANY} moved\none: 1 moved\nonly-here: not there at the source\n`,
    });
    const bodies = (await takeAll("many")).map(({ content }) => content.toString());
    expect(bodies).toEqual(Array.from({ length: MANY }, (_, at) => String(at)));
    const [one] = await takeAll("one");
    expect([...(one?.content ?? [])]).toEqual([0, 255]);
    expect(one?.properties).toMatchObject({
      contentType: "application/x-test",
      contentEncoding: "none",
      headers: { number: 7, "x-death": [{ queue: "q", count: 2 }] },
      deliveryMode: 2,
      priority: 3,
      correlationId: "c",
      replyTo: "r",
      expiration: "3600000",
      messageId: "m",
      timestamp: 1_700_000_000,
      type: "t",
      appId: "a",
    });
    expect(old.queue("many").messagesReady).toBe(0);
    expect(old.queue("other").messagesReady).toBe(1);
    expect(await takeAll("other")).toEqual([]);
  });

  test("removes what the new broker would take as an order, and says so", async () => {
    await declaredHere("copied", "elsewhere");
    await filled("copied", 2, (channel) => {
      channel.sendToQueue("copied", Buffer.from("x"), { CC: "elsewhere", userId: "guest" });
    });
    expect((await leveretctl(node.port, ["add_user", "mover", "mover"])).code).toBe(0);
    expect((await leveretctl(node.port, ["set_permissions", "mover", "", ".*", ""])).code).toBe(0);
    const result = await migrate(old.url, urlHere("mover"));
    expect(result).toMatchObject({ code: 0, error: "" });
    expect(result.out).toContain("copied: 2 moved, 2 without their CC header");
    expect(result.out).toContain(
      "2 without user_id, as the target's user lacks the tag impersonator",
    );
    const [message] = await takeAll("copied");
    expect(message?.properties.headers).toEqual({});
    expect(message?.properties.userId).toBeUndefined();
    expect(await takeAll("elsewhere")).toEqual([]);
  });

  test("keeps what the new broker does not take at the old one", async () => {
    const channel = await here.createChannel();
    await channel.assertQueue("small", {
      arguments: { "x-max-length": 3, "x-overflow": "reject-publish" },
    });
    await filled("small", 10, (publisher, at) => {
      publisher.sendToQueue("small", Buffer.from(String(at)), { persistent: true });
    });
    const result = await migrate(old.url, urlHere("guest"));
    expect(result.code).toBe(70);
    expect(result.error).toContain(
      "queue 'small', after 3 messages: the new broker did not take a message",
    );
    const bodies = (await takeAll("small")).map(({ content }) => content.toString());
    expect(bodies).toEqual(["0", "1", "2"]);
    expect((await old.waitForMessages("small", 7)).length).toBe(7);
  });

  test("loses nothing when it is cut off from the old broker in the middle", async () => {
    await declaredHere("interrupted");
    await filled("interrupted", MANY, (channel, at) => {
      channel.sendToQueue("interrupted", Buffer.from(String(at)));
    });
    const watcher = await here.createChannel();
    const arrived: string[] = [];
    const cut = new Promise<void>((resolve) => {
      void watcher.consume(
        "interrupted",
        (message) => {
          arrived.push(String(message?.content));
          if (arrived.length !== 10) return;
          old.dropConnections();
          resolve();
        },
        { noAck: true },
      );
    });
    const running = migrate(old.url, urlHere("guest"));
    await cut;
    const result = await running;
    expect(result.code).toBe(70);
    expect(result.error).toMatch(/queue 'interrupted'.*closed/);
    await watcher.close();
    const rest = (await takeAll("interrupted")).map(({ content }) => content.toString());
    const left = await old.waitForMessages("interrupted", 1);
    const kept = old.messages("interrupted", { limit: MANY }).map(({ body }) => body.toString());
    expect(left.length).toBe(1);
    expect(kept.length).toBeGreaterThan(MANY / 2);
    expect(new Set([...arrived, ...rest, ...kept]).size).toBe(MANY);
    expect(arrived.length + rest.length + kept.length - MANY).toBeLessThanOrEqual(500);
  });

  test("refuses addresses that are none, without repeating what may be a password", async () => {
    const wrong = await migrate("http://a:secret@b", urlHere("guest"));
    expect(wrong.code).toBe(64);
    expect(wrong.error).toContain("amqp:// or amqps:// addresses");
    const denied = await migrate("amqp://guest:wrong@127.0.0.1:1", urlHere("guest"));
    expect(denied.code).toBe(69);
    expect(denied.error).toContain("127.0.0.1:1 cannot be used");
    expect(`${wrong.error}${denied.error}`).not.toMatch(/secret|wrong/);
  });
});
