import { ChannelError } from "@leveret/amqp";
import { describe, expect, test } from "vitest";
import { Alarms } from "../../src/alarm/alarms.ts";
import { hashPassword } from "../../src/auth/password.ts";
import { makeSalt } from "../../src/broker/administration.ts";
import { Broker } from "../../src/broker/broker.ts";
import { Listener } from "../../src/connection/listener.ts";
import type { Logging } from "../../src/logger.ts";
import { refused } from "../../src/metadata/commands.ts";
import { RealClock } from "../../src/runtime/real-clock.ts";
import { recordingLogger } from "../alarm/recording-logger.ts";
import { OPTIONS } from "../broker/broker-rig.ts";
import { frame, publishFrames, RawClient, waitFor } from "../integration/raw-client.ts";
import { HeldMetadata } from "./held-metadata.ts";

const GUEST = { user: "guest", vhost: "/" };

/** A broker whose metadata is stored when the test says so, with a listener. */
class HeldBroker implements AsyncDisposable {
  readonly metadata = new HeldMetadata();
  readonly lines: readonly string[];
  readonly broker: Broker;
  readonly host = "127.0.0.1";
  #listener: Listener | undefined;

  constructor() {
    const { log, lines } = recordingLogger();
    this.lines = lines;
    const logging: Logging = { root: log, category: () => log, close: () => undefined };
    this.broker = new Broker(OPTIONS, {
      clock: new RealClock(),
      logging,
      alarms: new Alarms(log),
      metadata: this.metadata,
    });
    const hashingAlgorithm = "rabbit_password_hashing_sha256";
    const passwordHash = hashPassword("guest", makeSalt(), hashingAlgorithm);
    const { broker } = this;
    broker.changeMetadata({ type: "addVhost", name: "/" });
    broker.changeMetadata({
      type: "addUser",
      name: "guest",
      passwordHash,
      hashingAlgorithm,
      tags: [],
    });
    const all = { configure: ".*", write: ".*", read: ".*" };
    broker.changeMetadata({ type: "setPermissions", ...GUEST, ...all });
  }

  static async start(): Promise<HeldBroker> {
    const held = new HeldBroker();
    held.#listener = await Listener.open(held.broker, {
      address: held.host,
      port: 0,
      backlog: 16,
      hasProxyProtocol: false,
      isKeepAlive: false,
      isNoDelay: true,
      handshakeTimeoutMs: 10_000,
      tls: undefined,
    });
    return held;
  }

  get port(): number {
    return this.#listener?.address.port ?? 0;
  }

  /** A client with channel 1 open; from now on nothing is stored by itself. */
  async client(): Promise<RawClient> {
    const client = await RawClient.open(this);
    await client.openChannel();
    this.metadata.hold();
    return client;
  }

  /** Waits until these commands wait. */
  async waitFor(...types: readonly string[]): Promise<void> {
    await waitFor(
      () => this.metadata.waiting.join() === types.join(),
      `waiting: ${types.join()}, not ${this.metadata.waiting.join()}`,
    );
  }

  get internalErrors(): readonly string[] {
    return this.lines.filter((line) => line.includes("internal error"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const connection of [...this.broker.connections]) connection.destroy();
    await this.#listener?.close();
    this.broker.close();
    expect(this.internalErrors).toEqual([]);
  }
}

/** All that the broker sent before it answers channel 9's open. */
async function answersBefore(client: RawClient): Promise<void> {
  await client.call(9, "channel.open");
}

describe("the input of a connection", () => {
  test("waits for each declaration; publishes behind it find what was declared", async () => {
    await using held = await HeldBroker.start();
    await using client = await held.client();
    client.write(
      Buffer.concat([
        frame(1, "queue.declare", { queue: "q", durable: true }),
        frame(1, "exchange.declare", { exchange: "x", type: "direct", durable: true }),
        frame(1, "queue.bind", { queue: "q", exchange: "x", routingKey: "k" }),
        publishFrames(1, { exchange: "x", routingKey: "k" }, "first"),
        frame(2, "channel.open"),
        publishFrames(1, { exchange: "x", routingKey: "k" }, "second"),
        frame(1, "basic.get", { queue: "q", noAck: true }),
      ]),
    );
    await held.waitFor("declareQueue");
    held.metadata.store();
    await held.waitFor("declareExchange");
    held.metadata.apply();
    await client.next("queue.declare-ok");
    expect(client.count("exchange.declare-ok")).toBe(0); // Applied is not stored.
    held.metadata.store();
    await held.waitFor("bind");
    held.metadata.store();
    const got = await client.next("basic.get-ok");
    expect(got.body.toString()).toBe("first");
    expect(got.method).toMatchObject({ messageCount: 1 });
  });

  test("waits however it is cut, and takes no more than a chunk or two meanwhile", async () => {
    await using held = await HeldBroker.start();
    await using client = await held.client();
    const body = Buffer.alloc(200_000, 7);
    const bytes = Buffer.concat([
      frame(1, "queue.declare", { queue: "q" }),
      publishFrames(1, { routingKey: "q" }, body, { frameMax: 131_072 }),
      publishFrames(1, { routingKey: "q" }, "last"),
    ]);
    for (let at = 0; at < bytes.length; at += 997) client.write(bytes.subarray(at, at + 997));
    await held.waitFor("declareQueue");
    const [connection] = held.broker.connections;
    expect(connection?.isReadingPaused).toBe(true);
    held.metadata.store();
    await client.next("queue.declare-ok");
    const queue = held.broker.vhosts.get("/")?.queues.get("q");
    await waitFor(() => queue?.readyCount === 2, "both messages came");
    expect(queue?.readyBytes).toBe(200_004);
    expect(connection?.isReadingPaused).toBe(false);
  });

  test("does not wait for another connection's declaration, and what is sent to the client goes on", async () => {
    await using held = await HeldBroker.start();
    await using other = await RawClient.open(held);
    await other.openChannel();
    await other.call(1, "queue.declare", { queue: "old" });
    await using client = await held.client();
    await client.call(1, "basic.consume", { queue: "old", noAck: true });
    client.send(1, "queue.declare", { queue: "new", durable: true });
    await held.waitFor("declareQueue");
    other.publish(1, { routingKey: "old" }, "delivered");
    expect((await client.next("basic.deliver")).body.toString()).toBe("delivered");
    held.metadata.store();
    await client.next("queue.declare-ok");
  });

  test("ends with the connection; a queue declared exclusive meanwhile is not left behind", async () => {
    await using held = await HeldBroker.start();
    await using client = await held.client();
    client.send(1, "queue.declare", { queue: "own", exclusive: true });
    await held.waitFor("declareQueue");
    client.socket.resetAndDestroy();
    for (const connection of held.broker.connections) connection.destroy();
    await waitFor(() => held.broker.connectionCount === 0, "the connection is gone");
    held.metadata.store();
    await held.waitFor("deleteQueue");
    held.metadata.store();
    expect(held.broker.queueCount).toBe(0);
  });

  test("a channel that the server closed meanwhile is told nothing, and its exclusive queue has an owner", async () => {
    await using held = await HeldBroker.start();
    await using client = await held.client();
    client.send(1, "queue.declare", { queue: "own", exclusive: true });
    await held.waitFor("declareQueue");
    const [connection] = held.broker.connections;
    const channel = connection?.channels.get(1);
    if (connection === undefined || channel === undefined) throw new Error("no channel");
    connection.failChannel(channel, new ChannelError("PRECONDITION_FAILED", "timeout"));
    await client.next("channel.close");
    held.metadata.store();
    client.send(1, "channel.close-ok");
    await answersBefore(client);
    expect(client.count("queue.declare-ok")).toBe(0);
    expect(held.broker.queueCount).toBe(1);
    client.socket.destroy();
    await held.waitFor("deleteQueue");
    held.metadata.store();
    expect(held.broker.queueCount).toBe(0);
  });

  test("that was closed by the server is read on for its close-ok", async () => {
    await using held = await HeldBroker.start();
    await using client = await held.client();
    client.send(1, "queue.declare", { queue: "q" });
    client.send(1, "queue.declare", { queue: "never" });
    await held.waitFor("declareQueue");
    const [connection] = held.broker.connections;
    connection?.vhostDeleted();
    await client.next("connection.close");
    client.send(0, "connection.close-ok");
    await client.closed;
    held.metadata.store();
    expect(held.metadata.waiting).toEqual([]);
  });

  test("connection.close is answered when exclusive queues are gone", async () => {
    await using held = await HeldBroker.start();
    await using client = await RawClient.open(held);
    await client.openChannel();
    await client.call(1, "queue.declare", { queue: "own", exclusive: true });
    held.metadata.hold();
    client.send(0, "connection.close", { replyCode: 200 });
    await held.waitFor("deleteQueue");
    await using other = await held.client();
    await answersBefore(other);
    expect(client.count("connection.close-ok")).toBe(0);
    held.metadata.store();
    await client.next("connection.close-ok");
  });
});

describe("declarations that meet", () => {
  test("of the same queue are both answered, in the same words", async () => {
    await using held = await HeldBroker.start();
    await using first = await held.client();
    await using second = await held.client();
    first.send(1, "queue.declare", { queue: "q", durable: true });
    await held.waitFor("declareQueue");
    second.send(1, "queue.declare", { queue: "q", durable: true });
    await held.waitFor("declareQueue", "declareQueue");
    held.metadata.store();
    await first.next("queue.declare-ok");
    await second.next("queue.declare-ok");
    expect(held.broker.queueCount).toBe(1);
  });

  test.each([
    ["queue", { durable: false }, 406, "inequivalent arg 'durable'"],
    ["queue", { durable: true, exclusive: true }, 405, "exclusive access"],
  ])("of another %s with %j are refused", async (_what, change, code, text) => {
    await using held = await HeldBroker.start();
    await using first = await held.client();
    await using second = await held.client();
    first.send(1, "queue.declare", { queue: "q", durable: true });
    await held.waitFor("declareQueue");
    second.send(1, "queue.declare", { queue: "q", ...change });
    await held.waitFor("declareQueue", "declareQueue");
    held.metadata.store();
    const { method } = await second.next("channel.close");
    expect(method).toMatchObject({ replyCode: code, classId: 20 });
    expect(method.replyText).toContain(text);
    expect(method).toMatchObject({ failedClassId: 50, failedMethodId: 10 });
  });

  test("of exchanges with other properties are refused", async () => {
    await using held = await HeldBroker.start();
    await using first = await held.client();
    await using second = await held.client();
    first.send(1, "exchange.declare", { exchange: "x", type: "direct" });
    await held.waitFor("declareExchange");
    second.send(1, "exchange.declare", { exchange: "x", type: "topic" });
    await held.waitFor("declareExchange", "declareExchange");
    held.metadata.store();
    expect((await second.next("channel.close")).method.replyCode).toBe(406);
  });

  test("a declaration of what another client's made, and is not stored, waits until it is", async () => {
    await using held = await HeldBroker.start();
    await using first = await held.client();
    await using second = await held.client();
    first.send(1, "queue.declare", { queue: "q", durable: true });
    await held.waitFor("declareQueue");
    held.metadata.apply();
    second.send(1, "queue.declare", { queue: "q", durable: true });
    await waitFor(() => held.metadata.followerCount === 1, "the second one waits");
    expect(second.count("queue.declare-ok")).toBe(0);
    held.metadata.store();
    await second.next("queue.declare-ok");
    await first.next("queue.declare-ok");
  });

  test("a declaration of what is being deleted makes it anew", async () => {
    await using held = await HeldBroker.start();
    await using first = await RawClient.open(held);
    await first.openChannel();
    await first.call(1, "queue.declare", { queue: "q", durable: true });
    await using second = await held.client();
    first.send(1, "queue.delete", { queue: "q" });
    await held.waitFor("deleteQueue");
    second.send(1, "queue.declare", { queue: "q", durable: true });
    await waitFor(() => held.metadata.followerCount === 1, "the second one waits");
    held.metadata.store();
    await first.next("queue.delete-ok");
    await held.waitFor("declareQueue");
    held.metadata.store();
    await second.next("queue.declare-ok");
    expect(held.broker.queueCount).toBe(1);
  });

  test("a binding to what was deleted meanwhile is refused on its channel", async () => {
    await using held = await HeldBroker.start();
    await using first = await RawClient.open(held);
    await first.openChannel();
    await first.call(1, "queue.declare", { queue: "q" });
    await using second = await held.client();
    first.send(1, "queue.delete", { queue: "q" });
    await held.waitFor("deleteQueue");
    second.send(1, "queue.bind", { queue: "q", exchange: "amq.direct" });
    await held.waitFor("deleteQueue", "bind");
    held.metadata.store();
    const { method } = await second.next("channel.close");
    expect(method).toMatchObject({
      replyCode: 404,
      replyText: "NOT_FOUND - no queue 'q' in vhost '/'",
      failedClassId: 50,
      failedMethodId: 20,
    });
  });

  test("a queue that expires and is deleted goes once", async () => {
    await using held = await HeldBroker.start();
    await using client = await held.client();
    client.send(1, "queue.declare", { queue: "q" });
    await held.waitFor("declareQueue");
    held.metadata.store();
    await client.next("queue.declare-ok");
    const queue = held.broker.vhosts.get("/")?.queues.get("q");
    if (queue === undefined) throw new Error("no queue");
    held.broker.deleteQueue(queue);
    held.broker.deleteQueue(queue);
    client.send(1, "queue.delete", { queue: "q" });
    await held.waitFor("deleteQueue");
    held.metadata.store();
    await client.next("queue.delete-ok");
    held.broker.deleteQueue(queue);
    expect(held.metadata.waiting).toEqual([]);
  });
});

describe("a change that cannot be stored", () => {
  test.each([
    [refused("store_full", "no room"), 506, "RESOURCE_ERROR - no room"],
    [refused("store_unavailable", "no log"), 541, "INTERNAL_ERROR - no log"],
  ])("closes the connection (%j)", async (failure, code, text) => {
    await using held = await HeldBroker.start();
    await using client = await held.client();
    client.send(1, "queue.declare", { queue: "q" });
    await held.waitFor("declareQueue");
    held.metadata.store(failure);
    const { method } = await client.next("connection.close");
    expect(method).toMatchObject({ replyCode: code, replyText: text, failedMethodId: 10 });
    client.send(0, "connection.close-ok");
    await client.closed;
  });
});
