import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "amqplib";
import { startBroker } from "leveret";
import { describe, expect, test } from "vitest";
import { fencesOf, ROOT } from "./markdown-files.ts";

/** The first fence of a page in this language. */
function example(page: string, language: string): string {
  const fences = fencesOf(readFileSync(join(ROOT, page), "utf8"));
  const found = fences.find((fence) => fence.language === language);
  if (found === undefined) throw new Error(`${page} has no example in ${language}`);
  return found.lines.join("\n");
}

/** Runs a module in a process of its own, in the repository's folder, and resolves with what it printed. */
function runModule(source: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      process.execPath,
      ["--input-type=module"],
      { cwd: ROOT, timeout: 20_000 },
      (error, stdout) => (error === null ? resolve(stdout) : reject(error)),
    );
    child.stdin?.end(source);
  });
}

describe("examples in the documents", () => {
  test("README: the receiver prints what the sender sent, acknowledges it and ends", async () => {
    const sender = example("README.md", "python");
    const body = /body="([^"]+)"/.exec(sender)?.[1] ?? "";
    expect(sender).toContain('queue_declare(queue="hello")');
    await using broker = await startBroker();
    const connection = await connect(broker.url);
    const channel = await connection.createChannel();
    await channel.assertQueue("hello", { durable: false }); // As pika declares it.
    channel.sendToQueue("hello", Buffer.from(body));
    await broker.waitForMessages("hello", 1);
    const receiver = example("README.md", "js");
    expect(receiver).toContain("amqp://guest:guest@localhost");
    const printed = await runModule(receiver.replace("amqp://guest:guest@localhost", broker.url));
    expect(printed).toBe("Hello from pika\n");
    await broker.waitUntilDrained("hello");
    await connection.close();
  });

  test("users-and-permissions: the user of the definitions file may use its own names only", async () => {
    const definitions: object = JSON.parse(example("docs/users-and-permissions.md", "json"));
    await using broker = await startBroker({ definitions });
    expect(broker.queue("shop.dead").messagesReady).toBe(0);
    const connection = await connect(broker.urlFor({ user: "shop", password: "change me" }));
    const channel = await connection.createChannel();
    await channel.assertQueue("shop.orders");
    channel.sendToQueue("shop.orders", Buffer.from("one"));
    channel.publish("shop.dead", "", Buffer.from("two"));
    await broker.waitForMessages("shop.orders", 1);
    await broker.waitForMessages("shop.dead", 1);
    channel.on("error", () => undefined); // The refusal closes the channel, too.
    await expect(channel.assertQueue("other")).rejects.toThrow("ACCESS_REFUSED");
    await connection.close();
  });

  test("policies: the policy of the definitions file dead-letters what is rejected", async () => {
    const definitions: object = JSON.parse(example("docs/policies.md", "json"));
    await using broker = await startBroker({ definitions });
    const connection = await connect(broker.url);
    const channel = await connection.createChannel();
    await channel.assertExchange("orders.dead", "fanout");
    await channel.assertQueue("dead");
    await channel.bindQueue("dead", "orders.dead", "");
    await channel.assertQueue("orders.new");
    channel.sendToQueue("orders.new", Buffer.from("bad"));
    await broker.waitForMessages("orders.new", 1);
    const message = await channel.get("orders.new");
    if (message === false) throw new Error("the message has gone");
    channel.nack(message, false, false);
    await broker.waitForMessages("dead", 1);
    await connection.close();
  });
});
