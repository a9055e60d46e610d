import { type Channel, type ChannelModel, connect, type Message } from "amqplib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type EmbeddedBroker, startBroker, VirtualClock } from "../../src/index.ts";

let broker: EmbeddedBroker;
let clock: VirtualClock;
let connection: ChannelModel;
let channel: Channel;

beforeEach(async () => {
  clock = new VirtualClock();
  broker = await startBroker({ clock });
  connection = await connect(broker.url, { clientProperties: { connection_name: "the test" } });
  connection.on("error", () => undefined);
  channel = await connection.createChannel();
  channel.on("error", () => undefined);
});

afterEach(async () => {
  await broker.stop();
});

/** The reason with which the broker closes a connection. */
async function closeOf(closing: ChannelModel): Promise<string> {
  const error = await new Promise<Error | undefined>((resolve) => closing.once("close", resolve));
  return error?.message ?? "no reason";
}

async function publish(queue: string, ...bodies: string[]): Promise<void> {
  const ready = broker.queue(queue).messagesReady;
  for (const body of bodies) channel.sendToQueue(queue, Buffer.from(body));
  await broker.waitForMessages(queue, ready + bodies.length);
}

function bodies(queue: string): string[] {
  return broker.messages(queue).map(({ body }) => body.toString());
}

describe("reading a queue", () => {
  test("shows the messages, oldest first, without consuming them", async () => {
    await channel.assertQueue("q");
    await publish("q", "one", "two", "three");
    expect(bodies("q")).toEqual(["one", "two", "three"]);
    expect(bodies("q")).toEqual(["one", "two", "three"]);
    expect(broker.queue("q")).toEqual({
      name: "q",
      vhost: "/",
      messagesReady: 3,
      messagesUnacknowledged: 0,
      consumers: 0,
    });
  });

  test("shows no more than the limit", async () => {
    await channel.assertQueue("q");
    await publish("q", "one", "two", "three");
    expect(broker.messages("q", { limit: 2 })).toHaveLength(2);
  });

  test("shows properties, headers and routing in plain values", async () => {
    await channel.assertQueue("q");
    channel.publish("", "q", Buffer.from("x"), {
      contentType: "text/plain",
      persistent: true,
      messageId: "m1",
      headers: { count: 3, nested: { list: ["a", true] } },
    });
    const [message] = await broker.waitForMessages("q", 1);
    expect(message).toMatchObject({
      exchange: "",
      routingKey: "q",
      redelivered: false,
      properties: {
        contentType: "text/plain",
        deliveryMode: 2,
        messageId: "m1",
        headers: { count: 3, nested: { list: ["a", true] } },
      },
    });
  });

  test("counts what a consumer holds and shows what came back as redelivered", async () => {
    await channel.assertQueue("q");
    await publish("q", "x");
    const got = (await channel.get("q")) as Message; // The queue is not empty.
    expect(broker.queue("q")).toMatchObject({ messagesReady: 0, messagesUnacknowledged: 1 });
    channel.nack(got);
    expect(await broker.waitForMessages("q", 1)).toMatchObject([{ redelivered: true }]);
  });

  test("gives copies that later use of the broker's memory does not change", async () => {
    await channel.assertQueue("q");
    await publish("q", "first");
    const [first] = broker.messages("q");
    await channel.purgeQueue("q");
    await publish("q", ...Array.from({ length: 500 }, () => "other"));
    expect(first?.body.toString()).toBe("first");
  });

  test("says which queues there are when the name is wrong", async () => {
    expect(() => broker.queue("orders")).toThrow(
      "no queue 'orders' in vhost '/'; no queue has been declared there",
    );
    await channel.assertQueue("order");
    expect(() => broker.messages("orders")).toThrow(
      "no queue 'orders' in vhost '/'; there is: 'order'",
    );
    expect(() => broker.queue("order", "shop")).toThrow("no vhost 'shop'; there is: '/'");
  });
});

describe("waiting", () => {
  test("for messages begins before the queue is declared", async () => {
    const wait = broker.waitForMessages("later", 2);
    await channel.assertQueue("later");
    channel.sendToQueue("later", Buffer.from("1"));
    channel.sendToQueue("later", Buffer.from("2"));
    channel.sendToQueue("later", Buffer.from("3"));
    expect((await wait).map(({ body }) => body.toString())).toEqual(["1", "2"]);
  });

  test("for messages fails with what is there instead", async () => {
    await expect(broker.waitForMessages("none", 1, { timeoutMs: 1 })).rejects.toThrow(
      "waited 1 ms: queue 'none' has not been declared; wanted 1 messages",
    );
    await channel.assertQueue("q");
    await channel.consume("q", () => undefined);
    channel.sendToQueue("q", Buffer.from("x"));
    await expect
      .poll(() => broker.queue("q"))
      .toMatchObject({ messagesUnacknowledged: 1, consumers: 1 });
    await expect(broker.waitForMessages("q", 1, { timeoutMs: 1 })).rejects.toThrow(
      "queue 'q' has 0 ready messages, not 1 (1 unacknowledged, 1 consumers)",
    );
  });

  test("until a queue is drained ends when the last message is acknowledged", async () => {
    await channel.assertQueue("q");
    await publish("q", "1", "2", "3");
    await expect(broker.waitUntilDrained("q", { timeoutMs: 1 })).rejects.toThrow(
      "queue 'q' still has 3 messages",
    );
    await channel.consume("q", (message) => {
      if (message !== null) channel.ack(message);
    });
    await broker.waitUntilDrained("q");
    expect(broker.queue("q").messagesUnacknowledged).toBe(0);
  });

  test("for connections ends when so many clients are there", async () => {
    const wait = broker.waitForConnections(2);
    const second = await connect(broker.url);
    await wait;
    await second.close();
    await expect(broker.waitForConnections(3, { timeoutMs: 1 })).rejects.toThrow(
      "clients are connected, not 3",
    );
  });
});

describe("the virtual clock", () => {
  test("expires messages by their own and by the queue's TTL", async () => {
    await channel.assertQueue("q", { messageTtl: 3_600_000 });
    channel.sendToQueue("q", Buffer.from("short"), { expiration: 1000 });
    channel.sendToQueue("q", Buffer.from("long"));
    await broker.waitForMessages("q", 2);
    clock.advance(999);
    expect(bodies("q")).toEqual(["short", "long"]);
    clock.advance(1);
    expect(bodies("q")).toEqual(["long"]);
    clock.advance(3_598_999);
    expect(bodies("q")).toEqual(["long"]);
    clock.advance(1);
    expect(bodies("q")).toEqual([]);
  });

  test("dead-letters what expires, with the clock's time in x-death", async () => {
    await channel.assertQueue("dead");
    await channel.assertQueue("q", {
      deadLetterExchange: "",
      deadLetterRoutingKey: "dead",
      messageTtl: 60_000,
    });
    await publish("q", "x");
    clock.advance(60_000);
    const [dead] = broker.messages("dead");
    const time = Math.floor(clock.now() / 1000);
    expect(dead?.properties.headers).toMatchObject({
      "x-death": [{ queue: "q", reason: "expired", count: 1, time }],
    });
  });

  test("deletes an unused queue when x-expires has passed", async () => {
    await channel.assertQueue("q", { expires: 1_800_000 });
    clock.advance(1_799_999);
    expect(broker.queues()).toHaveLength(1);
    clock.advance(1);
    expect(broker.queues()).toEqual([]);
  });

  test("lets delayed messages through in the order of their times", async () => {
    await channel.assertExchange("later", "x-delayed-message", {
      arguments: { "x-delayed-type": "fanout" },
    });
    await channel.assertQueue("q");
    await channel.bindQueue("q", "later", "");
    for (const delay of [3000, 1000, 2000]) {
      channel.publish("later", "", Buffer.from(String(delay)), { headers: { "x-delay": delay } });
    }
    await channel.checkQueue("q"); // Its answer comes after the publishes.
    clock.advance(999);
    expect(bodies("q")).toEqual([]);
    clock.advance(1001);
    expect(bodies("q")).toEqual(["1000", "2000"]);
    clock.advance(1000);
    expect(bodies("q")).toEqual(["1000", "2000", "3000"]);
  });

  test("lets through more delayed messages than one turn takes", async () => {
    await channel.assertExchange("later", "x-delayed-message", {
      arguments: { "x-delayed-type": "fanout" },
    });
    await channel.assertQueue("q");
    await channel.bindQueue("q", "later", "");
    for (let index = 0; index < 2500; index++) {
      channel.publish("later", "", Buffer.alloc(1), { headers: { "x-delay": 5000 } });
    }
    await channel.checkQueue("q");
    clock.advance(5000);
    expect(broker.queue("q").messagesReady).toBe(2500);
  });
});

describe("faults", () => {
  test("dropConnections ends TCP without a word", async () => {
    const closed = closeOf(connection);
    expect(broker.dropConnections()).toBe(1);
    expect(await closed).toContain("Unexpected close");
    await expect.poll(() => broker.connections()).toEqual([]);
  });

  test("dropConnections takes only the connections that are chosen", async () => {
    const other = await connect(broker.url, { clientProperties: { connection_name: "other" } });
    const closed = closeOf(connection);
    expect(broker.dropConnections(({ clientName }) => clientName === "the test")).toBe(1);
    await closed;
    expect(broker.connections().map(({ clientName }) => clientName)).toEqual(["other"]);
    await other.close();
  });

  test("what a dropped client held goes back to the queue", async () => {
    await channel.assertQueue("q");
    await publish("q", "x");
    await channel.get("q");
    broker.dropConnections();
    expect(await broker.waitForMessages("q", 1)).toMatchObject([{ redelivered: true }]);
  });

  test("closeConnections tells 320 and the reason", async () => {
    const closed = closeOf(connection);
    expect(broker.closeConnections("maintenance at noon")).toBe(1);
    expect(await closed).toContain(
      '320 (CONNECTION-FORCED) with message "CONNECTION_FORCED - maintenance at noon"',
    );
  });

  test("blockPublishers blocks who publishes, and unblockPublishers lets the message in", async () => {
    await channel.assertQueue("q");
    const blocked = new Promise<string>((resolve) => connection.once("blocked", resolve));
    const unblocked = new Promise<void>((resolve) => connection.once("unblocked", () => resolve()));
    broker.blockPublishers();
    channel.sendToQueue("q", Buffer.from("held"));
    expect(await blocked).toBe("low on memory");
    broker.unblockPublishers();
    await unblocked;
    channel.sendToQueue("q", Buffer.from("free"));
    await broker.waitForMessages("q", 2);
  });

  test("blockPublishers does not keep consumers from consuming", async () => {
    await channel.assertQueue("q");
    await publish("q", "x");
    broker.blockPublishers("disk");
    const consumer = await connect(broker.url);
    const reading = await consumer.createChannel();
    expect(await reading.get("q", { noAck: true })).toMatchObject({ fields: { routingKey: "q" } });
    await consumer.close();
  });

  test("stop works while publishers are blocked", async () => {
    await channel.assertQueue("q");
    const blocked = new Promise((resolve) => connection.once("blocked", resolve));
    broker.blockPublishers();
    channel.sendToQueue("q", Buffer.from("held"));
    await blocked;
    const closed = closeOf(connection);
    await broker.stop();
    expect(await closed).toContain("CONNECTION_FORCED");
  });
});

describe("settings", () => {
  test("addUser makes a user who can log in and may do what the patterns say", async () => {
    broker.addUser("reader", "secret", { configure: "", write: "", tags: ["monitoring"] });
    const reader = await connect(broker.urlFor({ user: "reader", password: "secret" }));
    const denied = await reader.createChannel();
    const failed = new Promise<Error>((resolve) => denied.once("error", resolve));
    await expect(denied.assertQueue("q")).rejects.toThrow();
    expect((await failed).message).toContain(
      "ACCESS_REFUSED - configure access to queue 'q' in vhost '/' refused for user 'reader'",
    );
    await reader.close();
  });

  test("addUser changes the password of a user who exists", async () => {
    broker.addUser("me", "old");
    broker.addUser("me", "new");
    await (await connect(broker.urlFor({ user: "me", password: "new" }))).close();
    await expect(connect(broker.urlFor({ user: "me", password: "old" }))).rejects.toThrow(
      "ACCESS_REFUSED",
    );
  });

  test("addVhost makes a vhost that the default user may use", async () => {
    broker.addVhost("a/b");
    const url = broker.urlFor({ vhost: "a/b" });
    expect(url).toMatch(/\/a%2Fb$/);
    const inside = await connect(url);
    const inner = await inside.createChannel();
    await inner.assertQueue("q");
    expect(broker.queues()).toMatchObject([{ name: "q", vhost: "a/b" }]);
    await inside.close();
  });

  test("urlFor does not guess a password", () => {
    expect(() => broker.urlFor({ user: "reader" })).toThrow(
      "urlFor needs the password of user 'reader', too",
    );
  });

  test("setPolicy changes the queues that are there", async () => {
    await channel.assertQueue("q");
    await publish("q", "1", "2", "3");
    broker.setPolicy("short", { pattern: "^q$", definition: { "max-length": 2 } });
    expect(bodies("q")).toEqual(["2", "3"]);
    broker.apply({ type: "clearPolicy", vhost: "/", name: "short" });
    await publish("q", "4");
    expect(bodies("q")).toEqual(["2", "3", "4"]);
  });

  test("apply says why a command was refused", () => {
    expect(() =>
      broker.setPolicy("bad", { pattern: "x", definition: { "max-length": -1 } }),
    ).toThrow("setPolicy refused: Validation failed");
    expect(() => broker.addUser("me", "pw", { vhost: "nowhere" })).toThrow(
      "setPermissions refused: Virtual host 'nowhere' does not exist",
    );
  });

  test("deleting a vhost by apply closes its connections", async () => {
    const closed = closeOf(connection);
    broker.apply({ type: "deleteVhost", name: "/" });
    expect(await closed).toContain("CONNECTION_FORCED - vhost '/' is deleted");
  });
});
