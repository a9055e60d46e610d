import { afterAll, beforeAll, expect, test } from "vitest";
import { ManagedBroker } from "./managed-broker.ts";

let broker: ManagedBroker;

beforeAll(async () => {
  broker = await ManagedBroker.start();
  await broker.ask("PUT", "/queues/%2F/orders", { body: { durable: true } });
});

afterAll(() => broker[Symbol.asyncDispose]());

/** The lines of the log that a request adds. */
async function linesOf(method: string, path: string, body?: object): Promise<readonly string[]> {
  const before = broker.lines.length;
  await broker.ask(method, path, body === undefined ? {} : { body });
  return broker.lines.slice(before).filter((line) => line.includes("(http)"));
}

test.each([
  ["DELETE", "/queues/%2F/orders/contents", undefined, 'purge_queue {"vhost":"/","name":"orders"}'],
  [
    "POST",
    "/queues/%2F/orders/get",
    { ackmode: "ack_requeue_true", count: 1, encoding: "auto" },
    'get_messages {"vhost":"/","name":"orders","ackmode":"ack_requeue_true","count":1}',
  ],
  [
    "GET",
    "/leveret/queues/%2F/orders/peek",
    undefined,
    'peek_messages {"vhost":"/","name":"orders"}',
  ],
  ["DELETE", "/connections/nobody", undefined, 'close_connection {"name":"nobody"}'],
  ["POST", "/rebalance/queues", {}, "rebalance {}"],
  ["DELETE", "/reset", undefined, "reset_statistics {}"],
  ["GET", "/definitions", undefined, "export_definitions {}"],
])("%s %s is written down with who did it", async (method, path, body, text) => {
  expect(await linesOf(method, path, body)).toEqual([`info guest (http): ${text}`]);
});

test("a document is not, and what it changes stands there once", async () => {
  const lines = await linesOf("POST", "/definitions", {
    users: [{ name: "ann", password: "Zx4711", tags: "" }],
  });
  expect(lines[0]).toBe("info guest (http): import_definitions {}");
  expect(lines.join("\n")).not.toContain("Zx4711");
});

test("what is sent instead of a name does not fill the log", async () => {
  const body = { ackmode: "x".repeat(100_000), count: 1, encoding: "auto" };
  const [line = ""] = await linesOf("POST", "/queues/%2F/orders/get", body);
  expect(line).toContain("xxx");
  expect(line.length).toBeLessThan(500);
});

test("who only looks, or is refused, leaves no line", async () => {
  expect(await linesOf("GET", "/queues")).toEqual([]);
  const before = broker.lines.length;
  await broker.ask("DELETE", "/queues/%2F/orders/contents", { auth: "guest:wrong" });
  expect(broker.lines.slice(before).filter((line) => line.includes("purge_queue"))).toEqual([]);
});
