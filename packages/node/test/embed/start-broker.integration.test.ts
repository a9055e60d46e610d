import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "amqplib";
import { describe, expect, test } from "vitest";
import { DefinitionsError, startBroker } from "../../src/index.ts";
import { connectOnly, connectSilently } from "./silent-client.ts";

describe("startBroker", () => {
  test("takes a free port of the loopback interface and shows it in its URL", async () => {
    await using broker = await startBroker();
    expect(broker.port).toBeGreaterThan(0);
    expect(broker.url).toBe(`amqp://guest:guest@127.0.0.1:${broker.port}`);
  });

  test("serves an unmodified client at its URL", async () => {
    await using broker = await startBroker();
    const connection = await connect(broker.url);
    const channel = await connection.createConfirmChannel();
    await channel.assertQueue("hello");
    channel.sendToQueue("hello", Buffer.from("hi"));
    await channel.waitForConfirms();
    const got = await channel.get("hello");
    expect(got === false ? undefined : got.content.toString()).toBe("hi");
    await connection.close();
  });

  test("listens on the port it is told and says which port is taken", async () => {
    await using broker = await startBroker();
    await expect(startBroker({ port: broker.port })).rejects.toMatchObject({
      code: "EADDRINUSE",
      port: broker.port,
    });
  });

  test("names a loopback address in its URL when it listens on all interfaces", async () => {
    await using broker = await startBroker({ host: "0.0.0.0" });
    expect(broker.host).toBe("0.0.0.0");
    const connection = await connect(broker.url);
    expect(broker.url).toContain("@127.0.0.1:");
    await connection.close();
  });

  test("puts an IPv6 address into brackets", async () => {
    await using broker = await startBroker({ host: "::1" });
    expect(broker.url).toBe(`amqp://guest:guest@[::1]:${broker.port}`);
    await (await connect(broker.url)).close();
  });
});

describe("brokers in one process", () => {
  test("do not see each other's queues", async () => {
    await using one = await startBroker();
    await using other = await startBroker();
    const connection = await connect(one.url);
    const channel = await connection.createChannel();
    await channel.assertQueue("only here");
    expect(one.queues().map(({ name }) => name)).toEqual(["only here"]);
    expect(other.queues()).toEqual([]);
    expect(other.connections()).toEqual([]);
    await connection.close();
  });

  test("start 20 at once, each on a port of its own", async () => {
    const brokers = await Promise.all(Array.from({ length: 20 }, () => startBroker()));
    try {
      expect(new Set(brokers.map(({ port }) => port)).size).toBe(20);
      await Promise.all(brokers.map(async ({ url }) => await (await connect(url)).close()));
    } finally {
      await Promise.all(brokers.map((broker) => broker.stop()));
    }
  });

  test("are stopped at the end of the block by `await using`", async () => {
    let port = 0;
    {
      await using broker = await startBroker();
      port = broker.port;
    }
    await expect(connectOnly({ host: "127.0.0.1", port })).rejects.toMatchObject({
      code: "ECONNREFUSED",
    });
  });
});

describe("settings of startBroker", () => {
  test("are all within reach of `configure`", async () => {
    await using broker = await startBroker({
      heartbeatSeconds: 7,
      configure: (config) => ({
        ...config,
        defaults: { ...config.defaults, user: "me", password: "a/b" },
      }),
    });
    expect(broker.url).toContain("amqp://me:a%2Fb@");
    const connection = await connect(broker.url);
    expect(broker.connections()).toMatchObject([{ user: "me", vhost: "/", channels: 0 }]);
    await connection.close();
  });

  test("refuse a body above maxMessageSize", async () => {
    await using broker = await startBroker({ maxMessageSize: 10 });
    const connection = await connect(broker.url);
    const channel = await connection.createChannel();
    const failed = new Promise<Error>((resolve) => channel.once("error", resolve));
    channel.publish("", "q", Buffer.alloc(11));
    expect((await failed).message).toContain(
      "message size 11 is larger than configured max size 10",
    );
    await connection.close();
  });
});

describe("startBroker with definitions", () => {
  const definitions = {
    vhosts: [{ name: "/" }, { name: "shop" }],
    users: [{ name: "clerk", password: "secret", tags: [] }],
    permissions: [{ user: "clerk", vhost: "shop", configure: "", write: ".*", read: ".*" }],
    queues: [{ name: "orders", vhost: "shop", durable: true, auto_delete: false, arguments: {} }],
    exchanges: [],
    bindings: [
      {
        source: "amq.topic",
        vhost: "shop",
        destination: "orders",
        destination_type: "queue",
        routing_key: "order.#",
        arguments: {},
      },
    ],
  };

  test.each(["an object", "a file"])("takes them from %s", async (form) => {
    const folder = mkdtempSync(join(tmpdir(), "leveret-definitions-"));
    const file = join(folder, "definitions.json");
    writeFileSync(file, JSON.stringify(definitions));
    try {
      await using broker = await startBroker({
        definitions: form === "a file" ? file : definitions,
      });
      const url = broker.urlFor({ user: "clerk", password: "secret", vhost: "shop" });
      const connection = await connect(url);
      const channel = await connection.createConfirmChannel();
      channel.publish("amq.topic", "order.new", Buffer.from("1"));
      await channel.waitForConfirms();
      expect(broker.messages("orders", { vhost: "shop" })).toMatchObject([
        { exchange: "amq.topic", routingKey: "order.new" },
      ]);
      await connection.close();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("keeps the default user beside those of the document", async () => {
    await using broker = await startBroker({ definitions });
    await (await connect(broker.url)).close();
  });

  test("names the file that is missing", async () => {
    await expect(startBroker({ definitions: "/nowhere/definitions.json" })).rejects.toThrow(
      "/nowhere/definitions.json",
    );
  });

  test("says where a document is wrong, and leaves nothing behind", async () => {
    const before = process.getActiveResourcesInfo();
    const start = startBroker({ definitions: { queues: [{ vhost: "/" }] } });
    await expect(start).rejects.toBeInstanceOf(DefinitionsError);
    await expect(start).rejects.toThrow("queues[0].name is missing");
    expect(process.getActiveResourcesInfo()).toEqual(before);
  });
});

describe("stop", () => {
  /** Handles that keep a process alive, without those of the test runner's own pipes. */
  function openHandles(): string[] {
    return process
      .getActiveResourcesInfo()
      .filter((name) => /TCP|TLS|Timeout|Immediate|Timer/.test(name))
      .sort();
  }

  test("leaves no handle, timer or socket open", async () => {
    const before = openHandles();
    const broker = await startBroker();
    const connection = await connect(broker.url);
    connection.on("error", () => undefined);
    const closed = new Promise<void>((resolve) => connection.once("close", () => resolve()));
    const channel = await connection.createChannel();
    await channel.assertQueue("q", { messageTtl: 60_000, expires: 60_000 });
    await channel.consume("q", () => undefined);
    channel.sendToQueue("q", Buffer.from("x"));
    await broker.stop();
    await closed;
    await expect.poll(openHandles).toEqual(before);
  });

  test("tells connected clients 320 with RabbitMQ's words", async () => {
    const broker = await startBroker();
    const connection = await connect(broker.url);
    const closed = new Promise<Error>((resolve) => connection.once("close", resolve));
    await broker.stop();
    expect((await closed).message).toContain(
      "320 (CONNECTION-FORCED) with message \"CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'\"",
    );
  });

  test("does not wait long for clients that do not answer, and drops them", async () => {
    const before = openHandles();
    const broker = await startBroker();
    const silent = await connectSilently(broker);
    const mute = await connectOnly(broker);
    await broker.stop();
    expect(broker.connections()).toEqual([]);
    silent.destroy();
    mute.destroy();
    await expect.poll(openHandles).toEqual(before);
  });

  test("may be called twice, also at the same time", async () => {
    const broker = await startBroker();
    await Promise.all([broker.stop(), broker.stop()]);
    await broker.stop();
    expect(broker.url).toContain(String(broker.port));
  });

  test("ends a wait that goes on, with the reason", async () => {
    const broker = await startBroker();
    const wait = expect(broker.waitForMessages("q", 1)).rejects.toThrow(
      "the broker was stopped: queue 'q' has not been declared",
    );
    await broker.stop();
    await wait;
  });
});
