import { Socket } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Config } from "../../src/config/config.ts";
import { RawClient } from "./raw-client.ts";
import { TestNode } from "./start-node.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

function withListeners(listeners: Partial<Config["listeners"]>): Promise<TestNode> {
  return TestNode.start({
    configure: (config) => ({ ...config, listeners: { ...config.listeners, ...listeners } }),
  });
}

function withLimits(limits: Partial<Config["limits"]>): Promise<TestNode> {
  return TestNode.start({
    configure: (config) => ({ ...config, limits: { ...config.limits, ...limits } }),
  });
}

describe("cluster_queue_limit", () => {
  test("counts the queues of all vhosts; redeclaring is no new queue", async () => {
    await using node = await withLimits({ queueMax: 2 });
    node.broker.addVhost("other");
    await using other = await RawClient.open(node, { vhost: "other" });
    await other.openChannel();
    await other.call(1, "queue.declare", { queue: "elsewhere" });
    await using client = await RawClient.open(node);
    await client.openChannel();
    for (const queue of ["one", "one"]) await client.call(1, "queue.declare", { queue });
    client.send(1, "queue.declare", { queue: "two" });
    expect((await client.next("channel.close")).method).toMatchObject({
      replyCode: 406,
      replyText:
        "PRECONDITION_FAILED - cannot declare queue 'two': queue limit in cluster (2) is reached",
    });
    client.send(1, "channel.close-ok");
    await other.call(1, "queue.delete", { queue: "elsewhere" });
    await client.openChannel();
    await client.call(1, "queue.declare", { queue: "two" });
  });

  test("gives way to the limit of the vhost, if both are reached", async () => {
    await using node = await withLimits({ queueMax: 0 });
    const limits = new Map([["max-queues", 0]]);
    node.broker.apply({ type: "setVhostLimits", vhost: "/", limits, merge: false });
    await using client = await RawClient.open(node);
    await client.openChannel();
    client.send(1, "queue.declare", { queue: "q" });
    expect((await client.next("channel.close")).method).toMatchObject({
      replyText:
        "PRECONDITION_FAILED - cannot declare queue 'q': queue limit in vhost '/' (0) is reached",
    });
  });
});

test("connection_max = 0 lets nobody in (RabbitMQ)", async () => {
  await using node = await withLimits({ connectionMax: 0 });
  await expect(RawClient.open(node)).rejects.toThrow("node connection limit (0) is reached");
});

test("vhost_max refuses a vhost that the embedding program adds", async () => {
  await using node = await withLimits({ vhostMax: 1 });
  expect(() => node.broker.addVhost("second")).toThrow(
    "addVhost refused: cannot create vhost 'second': vhost limit of 1 is reached",
  );
});

test("credential_validator refuses a user that the embedding program adds", async () => {
  await using node = await TestNode.start({
    configure: (config) => ({
      ...config,
      auth: { ...config.auth, credentialValidator: { kind: "min_password_length", minLength: 9 } },
    }),
  });
  expect(() => node.broker.addUser("ann", "short")).toThrow(
    "user 'ann' refused: minimum required password length is 9",
  );
});

test.each([true, false])("tcp_listen_options.nodelay = %s decides", async (isNoDelay) => {
  await using node = await withListeners({ isNoDelay });
  const seen: (boolean | undefined)[] = [];
  const { setNoDelay } = Socket.prototype;
  vi.spyOn(Socket.prototype, "setNoDelay").mockImplementation(function (this: Socket, value) {
    if (this.localPort === node.port) seen.push(value);
    return setNoDelay.call(this, value);
  });
  await (await RawClient.open(node)).close();
  expect(seen).toEqual([isNoDelay]);
});
