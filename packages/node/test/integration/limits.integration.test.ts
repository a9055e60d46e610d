import { describe, expect, test } from "vitest";
import type { LimitsConfig } from "../../src/config/config.ts";
import { RawClient, waitFor } from "./raw-client.ts";
import { TestNode } from "./start-node.ts";

function withLimits(limits: Partial<LimitsConfig>): Promise<TestNode> {
  return TestNode.start({
    configure: (config) => ({ ...config, limits: { ...config.limits, ...limits } }),
  });
}

const NOT_ALLOWED = "connection.close 530 NOT_ALLOWED - ";

describe("limits of a vhost", () => {
  test("max-connections", async () => {
    await using node = await TestNode.start();
    node.broker.addVhost("small");
    const limits = new Map([["max-connections", 2]]);
    node.broker.apply({ type: "setVhostLimits", vhost: "small", limits, merge: false });
    await using first = await RawClient.open(node, { vhost: "small" });
    await using second = await RawClient.open(node, { vhost: "small" });
    await expect(RawClient.open(node, { vhost: "small" })).rejects.toThrow(
      `${NOT_ALLOWED}access to vhost 'small' refused for user 'guest': connection limit (2) is reached`,
    );
    await using elsewhere = await RawClient.open(node);
    await elsewhere.openChannel();
    await first.close();
    await waitFor(() => node.broker.connections().length === 2, "the connection is gone");
    await using third = await RawClient.open(node, { vhost: "small" });
    await third.openChannel();
    second.socket.destroy();
    await second.closed;
    node.broker.apply({ type: "clearVhostLimits", vhost: "small" });
    await using fourth = await RawClient.open(node, { vhost: "small" });
    await using fifth = await RawClient.open(node, { vhost: "small" });
    await Promise.all([fourth.openChannel(), fifth.openChannel()]);
  });

  test("max-connections 0 lets nobody in, a negative one everybody", async () => {
    await using node = await TestNode.start();
    const set = (max: number): void => {
      const limits = new Map([["max-connections", max]]);
      node.broker.apply({ type: "setVhostLimits", vhost: "/", limits, merge: false });
    };
    set(0);
    await expect(RawClient.open(node)).rejects.toThrow("connection limit (0) is reached");
    set(-1);
    await (await RawClient.open(node)).close();
  });

  test("max-queues", async () => {
    await using node = await TestNode.start();
    const limits = new Map([["max-queues", 2]]);
    node.broker.apply({ type: "setVhostLimits", vhost: "/", limits, merge: false });
    await using client = await RawClient.open(node);
    await client.openChannel();
    for (const queue of ["one", "two", "one"]) await client.call(1, "queue.declare", { queue });
    client.send(1, "queue.declare", { queue: "three" });
    expect((await client.next("channel.close")).method).toMatchObject({
      replyCode: 406,
      replyText:
        "PRECONDITION_FAILED - cannot declare queue 'three': queue limit in vhost '/' (2) is reached",
      failedClassId: 50,
      failedMethodId: 10,
    });
    client.send(1, "channel.close-ok");
    await client.openChannel(1);
    await client.call(1, "queue.delete", { queue: "one" });
    await client.call(1, "queue.declare", { queue: "three" });
  });
});

describe("limits of a user", () => {
  test("max-connections", async () => {
    await using node = await TestNode.start();
    node.broker.addUser("u", "p");
    const limits = new Map([["max-connections", 1]]);
    node.broker.apply({ type: "setUserLimits", name: "u", limits });
    const login = { user: "u", password: "p" };
    await using first = await RawClient.open(node, login);
    await expect(RawClient.open(node, login)).rejects.toThrow(
      `${NOT_ALLOWED}connection refused for user 'u': user connection limit (1) is reached`,
    );
    await using guest = await RawClient.open(node);
    await guest.openChannel();
    first.socket.resetAndDestroy();
    await waitFor(() => node.broker.connections().length === 1, "the connection is gone");
    await (await RawClient.open(node, login)).close();
  });

  test("max-channels counts over all connections, and channels that closed no more", async () => {
    await using node = await TestNode.start();
    node.broker.addUser("u", "p");
    const limits = new Map([["max-channels", 3]]);
    node.broker.apply({ type: "setUserLimits", name: "u", limits });
    const login = { user: "u", password: "p" };
    await using first = await RawClient.open(node, login);
    await using second = await RawClient.open(node, login);
    await first.openChannel(1);
    await first.openChannel(2);
    await second.openChannel(1);
    await first.call(2, "channel.close");
    await second.openChannel(2);
    await expect(second.openChannel(3)).rejects.toThrow(
      `${NOT_ALLOWED}number of channels opened for user 'u' has reached the maximum allowed user limit of (3)`,
    );
    second.send(0, "connection.close-ok");
    await second.closed;
    await first.openChannel(2);
    await first.openChannel(3);
  });
});

describe("limits of the node", () => {
  test("connection_max", async () => {
    await using node = await withLimits({ connectionMax: 2 });
    await using first = await RawClient.open(node);
    await using second = await RawClient.open(node);
    await expect(RawClient.open(node)).rejects.toThrow(
      `${NOT_ALLOWED}connection refused: node connection limit (2) is reached`,
    );
    await second.openChannel();
    await first.close();
    await waitFor(() => node.broker.connections().length === 1, "the connection is gone");
    await (await RawClient.open(node)).close();
  });

  test("channel_max_per_node", async () => {
    await using node = await withLimits({ channelMaxPerNode: 2 });
    await using first = await RawClient.open(node);
    await using second = await RawClient.open(node);
    await first.openChannel(1);
    await second.openChannel(1);
    await expect(second.openChannel(2)).rejects.toThrow(
      `${NOT_ALLOWED}number of channels opened on node '${node.node.config.node.name}' ` +
        "has reached the maximum allowed limit of (2)",
    );
    await first.openChannel(2);
  });

  test("consumer_max_per_channel", async () => {
    await using node = await withLimits({ consumerMaxPerChannel: 2 });
    await using client = await RawClient.open(node);
    await client.openChannel(1);
    await client.openChannel(2);
    await client.call(1, "queue.declare", { queue: "q" });
    for (const channel of [1, 1, 2, 2]) await client.call(channel, "basic.consume", { queue: "q" });
    await expect(client.call(1, "basic.consume", { queue: "q" })).rejects.toThrow(
      `${NOT_ALLOWED}reached maximum (2) of consumers per channel`,
    );
  });

  test("channel_max counts channels, not numbers, and frees those that closed", async () => {
    await using node = await withLimits({ channelMax: 2 });
    await using client = await RawClient.open(node);
    await client.openChannel(7);
    await client.openChannel(65_535);
    await client.call(7, "channel.close");
    await client.openChannel(8);
    await expect(client.openChannel(9)).rejects.toThrow(
      `${NOT_ALLOWED}number of channels opened (2) has reached the negotiated channel_max (2)`,
    );
  });

  test.each([
    [
      { frameMax: 100 },
      "negotiated frame_max = 100 is lower than the minimum allowed value (4096)",
    ],
    [
      { frameMax: 200_000 },
      "negotiated frame_max = 200000 is higher than the maximum allowed value (131072)",
    ],
    [
      { channelMax: 0 },
      "negotiated channel_max = 0 (no limit) is higher than the maximum allowed value (2047)",
    ],
  ])("a tune-ok of %j is refused", async (options, text) => {
    await using node = await TestNode.start();
    await expect(RawClient.open(node, options)).rejects.toThrow(`${NOT_ALLOWED}${text}`);
  });
});
