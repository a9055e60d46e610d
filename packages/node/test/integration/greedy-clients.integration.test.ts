import { createHash } from "node:crypto";
import {
  encodeBasicProperties,
  encodeContentHeaderFrame,
  FRAME_BODY,
  FRAME_END,
  writeFrameHeader,
} from "@leveret/amqp";
import { describe, expect, test, vi } from "vitest";
import { publishNumbered } from "./numbered-messages.ts";
import { frame, RawClient, waitFor } from "./raw-client.ts";
import { TestNode } from "./start-node.ts";
import { SteadyClient } from "./steady-client.ts";

vi.setConfig({ testTimeout: 30_000 });

const MIB = 1_048_576;
const NO_PROPERTIES = encodeBasicProperties({});

/** Bytes of all buffers of broker and clients together, touched or not: they share this process. */
function reservedSize(): number {
  return process.memoryUsage().arrayBuffers;
}

/** Method and header of a publish that announces a body of `size` bytes. */
function announcement(size: number, channel = 1): Buffer {
  return Buffer.concat([
    frame(channel, "basic.publish", { routingKey: "q" }),
    encodeContentHeaderFrame(channel, size, NO_PROPERTIES),
  ]);
}

async function openWithQueue(node: TestNode, queue: string): Promise<RawClient> {
  const client = await RawClient.open(node);
  await client.openChannel();
  await client.call(1, "queue.declare", { queue });
  return client;
}

describe("consumers that never read", () => {
  test("a consumer that does not read leaves its messages in the queue", async () => {
    await using node = await TestNode.start();
    const steady = await SteadyClient.start(node);
    await using consumer = await openWithQueue(node, "q");
    await consumer.call(1, "basic.consume", { queue: "q", noAck: true });
    consumer.socket.pause();
    await using publisher = await openWithQueue(node, "q");
    await publisher.call(1, "confirm.select");
    let unwrittenMax = 0;
    let confirmed = 0;
    for (let from = 0; from < 64_000; from += 1000) {
      await publishNumbered(publisher, { queue: "q", from, count: 1000, bodySize: 1024 });
      while (confirmed < from + 1000) {
        confirmed = (await publisher.next("basic.ack")).method.deliveryTag;
        unwrittenMax = Math.max(unwrittenMax, node.unwritten);
      }
    }
    expect(unwrittenMax).toBeLessThan(4 * MIB);
    expect(node.broker.queue("q").messagesReady).toBeGreaterThan(40_000);
    expect(await steady.stop()).toBeGreaterThan(1);

    let next = 0;
    let wrong = 0;
    consumer.onDelivery = ({ body: content }) => {
      if (content.readUInt32BE() !== next) wrong++;
      next++;
    };
    consumer.socket.resume();
    await waitFor(() => next === 64_000, "the consumer got everything");
    expect(wrong).toBe(0);
    await waitFor(() => node.unwritten === 0, "everything is written");
  });
});

describe("a client that reads nothing", () => {
  test("does not keep the node from stopping", async () => {
    const node = await TestNode.start();
    await using consumer = await openWithQueue(node, "q");
    await consumer.call(1, "basic.consume", { queue: "q", noAck: true });
    consumer.socket.pause();
    await using publisher = await openWithQueue(node, "q");
    await publishNumbered(publisher, { queue: "q", count: 40_000, bodySize: 1024 });
    await node.broker.waitForMessages("q", 1000);
    expect(node.unwritten).toBeGreaterThan(0);
    await node.node.stop();
    expect(node.node.broker.connectionCount).toBe(0);
  });
});

describe("clients that never read replies", () => {
  test("one that asks for messages and does not read them is not read any more", async () => {
    await using node = await TestNode.start();
    const steady = await SteadyClient.start(node);
    await using client = await openWithQueue(node, "q");
    for (let count = 0; count < 4; count++) {
      client.publish(1, { routingKey: "q" }, Buffer.alloc(60_000), { frameMax: 131_072 });
    }
    await node.broker.waitForMessages("q", 4);
    client.socket.pause();
    const pair = Buffer.concat([
      frame(1, "basic.get", { queue: "q" }),
      frame(1, "basic.nack", { deliveryTag: 0, multiple: true, requeue: true }),
    ]);
    client.write(Buffer.concat(Array.from({ length: 5000 }, () => pair)));
    await waitFor(() => node.unwritten > 16 * MIB, "the broker's output is full");
    // 5,000 answers would be 300 MB.
    expect(node.unwritten).toBeLessThan(20 * MIB);
    expect(await steady.stop()).toBeGreaterThan(1);
    expect(node.unwritten).toBeLessThan(20 * MIB);

    client.socket.resume();
    for (let count = 0; count < 5000; count++) await client.next("basic.get-ok");
    await client.close();
  });

  test("one that declares and does not read the answers is not read any more", async () => {
    await using node = await TestNode.start();
    const name = "n".repeat(255);
    await using client = await openWithQueue(node, name);
    client.socket.pause();
    const declares = Buffer.concat(
      Array.from({ length: 1000 }, () => frame(1, "queue.declare", { queue: name, passive: true })),
    );
    for (let count = 0; count < 150; count++) client.write(declares);
    await waitFor(() => node.unwritten > 16 * MIB, "the broker's output is full");
    expect(node.unwritten).toBeLessThan(20 * MIB);
    await using other = await openWithQueue(node, "other");
    other.publish(1, { routingKey: "other" }, "served");
    expect((await other.get(1, "other"))?.body.toString()).toBe("served");
    expect(node.unwritten).toBeLessThan(20 * MIB);

    client.socket.resume();
    await waitFor(() => client.count("queue.declare-ok") === 150_000, "all answers are read");
  });
});

describe("clients that never ack", () => {
  test("without a prefetch limit one may hold 100,000 messages, and gives them back in order", async () => {
    await using node = await TestNode.start();
    await using publisher = await openWithQueue(node, "q");
    await using hoarder = await openWithQueue(node, "q");
    let held = 0;
    hoarder.onDelivery = () => {
      held++;
    };
    await hoarder.call(1, "basic.consume", { queue: "q" });
    await publishNumbered(publisher, { queue: "q", count: 100_000 });
    await waitFor(() => held === 100_000, "everything is delivered");
    expect(node.broker.queue("q").messagesUnacknowledged).toBe(100_000);
    hoarder.socket.destroy();
    await waitFor(() => node.broker.queue("q").messagesReady === 100_000, "all are ready again");
    let next = 0;
    let wrong = 0;
    publisher.onDelivery = ({ method, body }) => {
      if (!method.redelivered || body.readUInt32BE() !== next) wrong++;
      next++;
    };
    await publisher.call(1, "basic.consume", { queue: "q", noAck: true });
    await waitFor(() => next === 100_000, "everything is delivered again");
    expect(wrong).toBe(0);
  });
});

describe("clients that open 10,000 channels", () => {
  const opens = Buffer.concat(
    Array.from({ length: 10_000 }, (_, index) => frame(index + 1, "channel.open")),
  );

  test("get as many as were negotiated, then 530", async () => {
    await using node = await TestNode.start();
    const steady = await SteadyClient.start(node);
    await using client = await RawClient.open(node);
    client.write(opens);
    const { method } = await client.next("connection.close");
    expect(method).toMatchObject({
      replyCode: 530,
      replyText:
        "NOT_ALLOWED - number of channels opened (2047) has reached the negotiated channel_max (2047)",
      failedClassId: 0,
      failedMethodId: 0,
    });
    expect(client.count("channel.open-ok")).toBe(2047);
    client.send(0, "connection.close-ok");
    await client.closed;
    await waitFor(() => node.node.broker.channelCount === 1, "the channels are gone");
    expect(await steady.stop()).toBeGreaterThan(1);
  });

  test("get them all where channel_max allows it", async () => {
    await using node = await TestNode.start({
      configure: (config) => ({ ...config, limits: { ...config.limits, channelMax: 20_000 } }),
    });
    await using client = await RawClient.open(node);
    client.write(opens);
    await waitFor(() => client.count("channel.open-ok") === 10_000, "all channels are open");
    await client.call(10_000, "queue.declare", { queue: "q" });
    client.publish(9999, { routingKey: "q" }, "by the last but one");
    expect((await client.get(10_000, "q"))?.body.toString()).toBe("by the last but one");
    await client.close();
    await waitFor(() => node.node.broker.channelCount === 0, "the channels are gone");
  });
});

describe("large messages", () => {
  test("a body of 2 GiB is refused when it is announced", async () => {
    await using node = await TestNode.start();
    await using client = await openWithQueue(node, "q");
    const before = reservedSize();
    client.write(announcement(2 ** 31));
    const { method } = await client.next("connection.close");
    expect(method).toMatchObject({
      replyCode: 501,
      replyText:
        "FRAME_ERROR - content body size 2147483648 exceeds maximum allowed size 536870912",
    });
    expect(reservedSize() - before).toBeLessThan(MIB);
  });

  test("a body one byte over max_message_size closes the channel with 406", async () => {
    await using node = await TestNode.start();
    await using client = await openWithQueue(node, "q");
    client.write(announcement(128 * MIB + 1));
    const { method, channel } = await client.next("channel.close");
    expect(channel).toBe(1);
    expect(method).toMatchObject({
      replyCode: 406,
      replyText:
        "PRECONDITION_FAILED - message size 134217729 is larger than configured max size 134217728",
      failedClassId: 60,
      failedMethodId: 40,
    });
    client.send(1, "channel.close-ok");
    await client.openChannel(1);
    await client.close();
  });

  test("128 MiB arrive intact at a consumer with smaller frames, while others are served", async () => {
    await using node = await TestNode.start();
    const steady = await SteadyClient.start(node);
    await using publisher = await openWithQueue(node, "q");
    await publisher.call(1, "confirm.select");
    await using consumer = await RawClient.open(node, { frameMax: 4096 });
    await consumer.openChannel();
    const { sent, digest } = sendLarge(publisher, 128 * MIB);
    await sent;
    await publisher.next("basic.ack");
    await consumer.call(1, "basic.consume", { queue: "q" });
    const { body } = await consumer.next("basic.deliver");
    expect(body.length).toBe(128 * MIB);
    expect(createHash("sha1").update(body).digest("hex")).toBe(digest);
    consumer.send(1, "basic.ack", { deliveryTag: 1 });
    await node.broker.waitUntilDrained("q");
    expect(await steady.stop()).toBeGreaterThan(1);
  });

  test("10,000 channels on 100 connections that announce 128 MiB each cost what they sent", async () => {
    await using node = await TestNode.start();
    const clients = await Promise.all(
      Array.from({ length: 100 }, async () => await openWithQueue(node, "q")),
    );
    const channels = Array.from({ length: 100 }, (_, index) => index + 2);
    const opens = Buffer.concat(channels.map((channel) => frame(channel, "channel.open")));
    for (const client of clients) client.write(opens);
    for (const client of clients) await client.next("channel.open-ok", 101);
    const begun = Buffer.concat(
      channels.flatMap((channel) => [
        announcement(128 * MIB, channel),
        bodyFrame(Buffer.alloc(10), channel),
      ]),
    );
    const before = { resident: process.memoryUsage.rss(), reserved: reservedSize() };
    for (const client of clients) client.write(begun);
    // The broker has read it when it answers on another channel.
    await Promise.all(clients.map(async (client) => await client.openChannel(200)));
    expect(reservedSize() - before.reserved).toBeLessThan(32 * MIB);
    expect(process.memoryUsage.rss() - before.resident).toBeLessThan(64 * MIB);
    expect(node.broker.queue("q").messagesReady).toBe(0);
    await Promise.all(clients.map(async (client) => await client.close()));
  });
});

function bodyFrame(payload: Buffer, channel = 1): Buffer {
  const bytes = Buffer.alloc(payload.length + 8, FRAME_END);
  writeFrameHeader(bytes, 0, FRAME_BODY, channel, payload.length);
  payload.copy(bytes, 7);
  return bytes;
}

/** Publishes a body of `size` bytes in pieces, as fast as they are taken. */
function sendLarge(client: RawClient, size: number): { sent: Promise<void>; digest: string } {
  const piece = Buffer.alloc(131_064);
  const hash = createHash("sha1");
  const frames: Buffer[] = [announcement(size)];
  for (let at = 0; at < size; at += piece.length) {
    const length = Math.min(piece.length, size - at);
    piece.writeUInt32BE(at);
    piece[length - 1] = at % 251;
    hash.update(piece.subarray(0, length));
    frames.push(bodyFrame(piece.subarray(0, length)));
  }
  const write = async (): Promise<void> => {
    for (const bytes of frames) {
      if (!client.write(bytes)) {
        await new Promise((resolve) => client.socket.once("drain", resolve));
      }
    }
  };
  return { sent: write(), digest: hash.digest("hex") };
}
