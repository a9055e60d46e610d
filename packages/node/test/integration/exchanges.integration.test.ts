import { type FieldTable, longstr } from "@leveret/amqp";
import { describe, expect, test } from "vitest";
import { VirtualClock } from "../../src/index.ts";
import { RawClient } from "./raw-client.ts";
import { TestNode } from "./start-node.ts";

interface Declared {
  readonly exchange: string;
  readonly type: string;
  readonly arguments?: FieldTable;
}

async function openWithExchange(
  node: TestNode,
  declared: Declared,
  queues: readonly string[],
): Promise<RawClient> {
  const client = await RawClient.open(node);
  await client.openChannel();
  await client.call(1, "exchange.declare", declared);
  for (const queue of queues) await client.call(1, "queue.declare", { queue });
  return client;
}

function delayed(ms: number): { headers: FieldTable } {
  return { headers: new Map([["x-delay", { type: "signedint", value: ms }]]) };
}

function bodies(node: TestNode, queue: string): string[] {
  return node.broker.messages(queue).map(({ body }) => body.toString());
}

describe("x-delayed-message", () => {
  const exchange = {
    exchange: "later",
    type: "x-delayed-message",
    arguments: new Map([["x-delayed-type", longstr("topic")]]),
  };

  test("holds messages back until they are due, in order of time, then of arrival", async () => {
    const clock = new VirtualClock();
    await using node = await TestNode.start({ clock });
    await using client = await openWithExchange(node, exchange, ["q"]);
    await client.call(1, "queue.bind", { exchange: "later", queue: "q", routingKey: "a.*" });
    await client.call(1, "confirm.select");
    const to = { exchange: "later", routingKey: "a.b" };
    for (const [body, ms] of [
      ["c", 3000],
      ["a1", 1000],
      ["b", 2000],
      ["a2", 1000],
      ["never", -1],
    ] as const) {
      client.publish(1, to, body, ms < 0 ? {} : delayed(ms));
    }
    client.publish(1, { ...to, routingKey: "x.y" }, "nowhere", delayed(1000));
    let confirmed = 0;
    while (confirmed < 6) confirmed = (await client.next("basic.ack")).method.deliveryTag;
    expect(bodies(node, "q")).toEqual(["never"]);
    clock.advance(999);
    expect(node.broker.queue("q").messagesReady).toBe(1);
    clock.advance(1);
    await node.broker.waitForMessages("q", 3);
    clock.advance(2000);
    await node.broker.waitForMessages("q", 5);
    expect(bodies(node, "q")).toEqual(["never", "a1", "a2", "b", "c"]);
  });

  test("20,000 pending messages come in order of their time", async () => {
    const clock = new VirtualClock();
    await using node = await TestNode.start({ clock });
    await using client = await openWithExchange(node, exchange, ["q"]);
    await client.call(1, "queue.bind", { exchange: "later", queue: "q", routingKey: "#" });
    await client.call(1, "confirm.select");
    const count = 20_000;
    for (let number = 0; number < count; number++) {
      const ms = 1 + ((number * 7919) % count);
      client.publish(1, { exchange: "later" }, `${ms}`, delayed(ms));
    }
    let confirmed = 0;
    while (confirmed < count) confirmed = (await client.next("basic.ack")).method.deliveryTag;
    const seen: number[] = [];
    client.onDelivery = ({ body }) => {
      seen.push(Number(body.toString()));
    };
    await client.call(1, "basic.consume", { queue: "q", noAck: true });
    clock.advance(count);
    await client.until(() => seen.length === count, "everything came");
    expect(seen).toEqual(Array.from({ length: count }, (_, index) => index + 1));
  });

  test("messages that are pending when their exchange is deleted are gone", async () => {
    const clock = new VirtualClock();
    await using node = await TestNode.start({ clock });
    await using client = await openWithExchange(node, exchange, ["q"]);
    await client.call(1, "queue.bind", { exchange: "later", queue: "q", routingKey: "#" });
    client.publish(1, { exchange: "later" }, "late", delayed(1000));
    await client.call(1, "exchange.delete", { exchange: "later" });
    clock.advance(5000);
    await client.call(1, "queue.declare", { queue: "q" });
    expect(bodies(node, "q")).toEqual([]);
  });
});

describe("x-recent-history", () => {
  test("gives its last messages to a queue that is bound later", async () => {
    await using node = await TestNode.start();
    const exchange = {
      exchange: "news",
      type: "x-recent-history",
      arguments: new Map([["x-recent-history-length", { type: "long", value: 3 }]]) as FieldTable,
    };
    await using client = await openWithExchange(node, exchange, ["early", "late"]);
    await client.call(1, "queue.bind", { exchange: "news", queue: "early" });
    for (let number = 1; number <= 5; number++) {
      client.publish(1, { exchange: "news", routingKey: "any" }, `${number}`);
    }
    await client.call(1, "queue.bind", { exchange: "news", queue: "late" });
    await node.broker.waitForMessages("late", 3);
    expect(bodies(node, "early")).toEqual(["1", "2", "3", "4", "5"]);
    expect(bodies(node, "late")).toEqual(["3", "4", "5"]);
  });
});

describe("x-consistent-hash", () => {
  test("sends each key to one queue, always the same, by weight", async () => {
    await using node = await TestNode.start();
    const queues = ["h1", "h2", "h3"];
    const exchange = { exchange: "hash", type: "x-consistent-hash" };
    await using client = await openWithExchange(node, exchange, queues);
    for (const queue of queues) {
      const routingKey = queue === "h3" ? "2" : "1";
      await client.call(1, "queue.bind", { exchange: "hash", queue, routingKey });
    }
    const keys = Array.from({ length: 2000 }, (_, index) => `key ${index}`);
    for (let round = 0; round < 2; round++) {
      for (const key of keys) client.publish(1, { exchange: "hash", routingKey: key }, key);
    }
    await client.call(1, "queue.declare", { queue: "h1" });
    const counts = queues.map((queue) => node.broker.queue(queue).messagesReady);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(4000);
    const [one = 0, two = 0, three = 0] = counts;
    for (const count of [one, two]) expect(count).toBeGreaterThan(500);
    expect(three).toBeGreaterThan(Math.max(one, two));
    for (const queue of queues) expect(timesOfKeys(node, queue)).toEqual(new Set([2]));
  });
});

/** How often a body occurs in a queue: each number that is true of one of them. */
function timesOfKeys(node: TestNode, queue: string): Set<number> {
  const times = new Map<string, number>();
  for (const { body } of node.broker.messages(queue, { limit: 4000 })) {
    times.set(body.toString(), (times.get(body.toString()) ?? 0) + 1);
  }
  return new Set(times.values());
}
