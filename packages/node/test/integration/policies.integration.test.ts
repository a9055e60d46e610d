import { describe, expect, test } from "vitest";
import { VirtualClock } from "../../src/index.ts";
import { RawClient, waitFor } from "./raw-client.ts";
import { TestNode } from "./start-node.ts";

async function openWithQueues(node: TestNode, ...queues: string[]): Promise<RawClient> {
  const client = await RawClient.open(node);
  await client.openChannel();
  await client.call(1, "confirm.select");
  for (const queue of queues) await client.call(1, "queue.declare", { queue });
  return client;
}

/** Publishes; everything is in its queue when it returns. */
async function publish(client: RawClient, routingKey: string, ...texts: string[]): Promise<void> {
  for (const text of texts) client.publish(1, { routingKey }, text);
  await client.call(1, "basic.qos", { prefetchCount: 0 });
  while (client.count("basic.ack") > 0) await client.next("basic.ack");
}

function bodies(node: TestNode, queue: string): string[] {
  return node.broker.messages(queue).map(({ body }) => body.toString());
}

function exists(node: TestNode, queue: string): boolean {
  return node.broker.queues().some(({ name }) => name === queue);
}

function clearPolicy(node: TestNode): void {
  node.broker.apply({ type: "clearPolicy", vhost: "/", name: "p" });
}

function setPolicy(node: TestNode, definition: Record<string, string | number>): void {
  node.broker.setPolicy("p", { pattern: "^q", definition });
}

describe("a policy that is set while the queue is in use", () => {
  test("max-length drops the oldest at once, and no longer when it is cleared", async () => {
    await using node = await TestNode.start();
    await using client = await openWithQueues(node, "q", "other");
    await publish(client, "q", "1", "2", "3", "4", "5");
    await publish(client, "other", "1", "2", "3", "4", "5");
    setPolicy(node, { "max-length": 3 });
    expect(bodies(node, "q")).toEqual(["3", "4", "5"]);
    await publish(client, "q", "6");
    expect(bodies(node, "q")).toEqual(["4", "5", "6"]);
    expect(bodies(node, "other")).toHaveLength(5);
    clearPolicy(node);
    await publish(client, "q", "7", "8");
    expect(bodies(node, "q")).toEqual(["4", "5", "6", "7", "8"]);
  });

  test("max-length with reject-publish refuses new ones", async () => {
    await using node = await TestNode.start();
    await using client = await openWithQueues(node, "q");
    await publish(client, "q", "1", "2");
    setPolicy(node, { "max-length": 2, overflow: "reject-publish" });
    client.publish(1, { routingKey: "q" }, "3");
    expect((await client.next("basic.nack")).method.deliveryTag).toBe(3);
    expect(bodies(node, "q")).toEqual(["1", "2"]);
  });

  test("an operator policy caps what the policy allows", async () => {
    await using node = await TestNode.start();
    await using client = await openWithQueues(node, "q");
    setPolicy(node, { "max-length": 5 });
    node.broker.apply({
      type: "setOperatorPolicy",
      vhost: "/",
      name: "cap",
      pattern: ".*",
      applyTo: "queues",
      priority: 0,
      definition: new Map([["max-length", 2]]),
    });
    await publish(client, "q", "1", "2", "3");
    expect(bodies(node, "q")).toEqual(["2", "3"]);
    node.broker.apply({ type: "clearOperatorPolicy", vhost: "/", name: "cap" });
    await publish(client, "q", "4", "5", "6", "7");
    expect(bodies(node, "q")).toEqual(["3", "4", "5", "6", "7"]);
  });

  test("message-ttl applies to what is published from then on", async () => {
    const clock = new VirtualClock();
    await using node = await TestNode.start({ clock });
    await using client = await openWithQueues(node, "q");
    setPolicy(node, { "message-ttl": 1000 });
    await publish(client, "q", "1");
    clock.advance(999);
    await publish(client, "q", "2");
    expect(bodies(node, "q")).toEqual(["1", "2"]);
    clock.advance(1);
    expect(bodies(node, "q")).toEqual(["2"]);
    clearPolicy(node);
    await publish(client, "q", "3");
    clock.advance(100_000);
    expect(bodies(node, "q")).toEqual(["3"]);
  });

  test("expires deletes a queue that nobody uses, and spares one with a consumer", async () => {
    const clock = new VirtualClock();
    await using node = await TestNode.start({ clock });
    await using client = await openWithQueues(node, "q-idle", "q-used");
    await client.call(1, "basic.consume", { queue: "q-used" });
    setPolicy(node, { expires: 1000 });
    clock.advance(1000);
    await waitFor(() => !exists(node, "q-idle"), "the idle queue is gone");
    expect(exists(node, "q-used")).toBe(true);
    clearPolicy(node);
    await client.call(1, "queue.declare", { queue: "q-idle" });
    clock.advance(100_000);
    expect(exists(node, "q-idle")).toBe(true);
  });

  test("dead-letter-exchange and -routing-key take effect at once", async () => {
    await using node = await TestNode.start();
    await using client = await openWithQueues(node, "q", "dead");
    const reject = async (): Promise<void> => {
      const got = await client.get(1, "q", false);
      const deliveryTag = got?.method.name === "basic.get-ok" ? got.method.deliveryTag : 0;
      client.send(1, "basic.reject", { deliveryTag, requeue: false });
      await client.call(1, "basic.qos", { prefetchCount: 0 });
    };
    await publish(client, "q", "before", "while", "after");
    await reject();
    expect(bodies(node, "dead")).toEqual([]);
    setPolicy(node, { "dead-letter-exchange": "", "dead-letter-routing-key": "dead" });
    await reject();
    await node.broker.waitForMessages("dead", 1);
    clearPolicy(node);
    await reject();
    expect(bodies(node, "dead")).toEqual(["while"]);
    expect(bodies(node, "q")).toEqual([]);
  });

  test("alternate-exchange takes what cannot be routed, as long as it is set", async () => {
    await using node = await TestNode.start();
    await using client = await openWithQueues(node, "lost");
    await client.call(1, "exchange.declare", { exchange: "x", type: "direct" });
    await client.call(1, "queue.bind", { exchange: "amq.fanout", queue: "lost" });
    const mandatory = { exchange: "x", routingKey: "nowhere", mandatory: true };
    client.publish(1, mandatory, "1");
    expect((await client.next("basic.return")).body.toString()).toBe("1");
    node.broker.setPolicy("ae", {
      pattern: "^x$",
      applyTo: "exchanges",
      definition: { "alternate-exchange": "amq.fanout" },
    });
    client.publish(1, mandatory, "2");
    await node.broker.waitForMessages("lost", 1);
    node.broker.apply({ type: "clearPolicy", vhost: "/", name: "ae" });
    client.publish(1, mandatory, "3");
    expect((await client.next("basic.return")).body.toString()).toBe("3");
    expect(bodies(node, "lost")).toEqual(["2"]);
  });

  test("the highest priority that matches wins, and another follows when it is cleared", async () => {
    await using node = await TestNode.start();
    await using client = await openWithQueues(node, "q");
    setPolicy(node, { "max-length": 4 });
    node.broker.setPolicy("high", { pattern: "q", priority: 5, definition: { "max-length": 2 } });
    await publish(client, "q", "1", "2", "3", "4", "5");
    expect(bodies(node, "q")).toEqual(["4", "5"]);
    node.broker.apply({ type: "clearPolicy", vhost: "/", name: "high" });
    await publish(client, "q", "6", "7", "8");
    expect(bodies(node, "q")).toEqual(["5", "6", "7", "8"]);
  });
});
