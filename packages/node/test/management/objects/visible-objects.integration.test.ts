import { type ChannelModel, connect } from "amqplib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ManagedBroker } from "../managed-broker.ts";

const USERS = {
  guest: "administrator",
  mary: "management",
  tom: "management",
  watcher: "monitoring",
} as const;
type User = keyof typeof USERS;

let broker: ManagedBroker;
const clients: ChannelModel[] = [];

beforeAll(async () => {
  broker = await ManagedBroker.start();
  await broker.ask("PUT", "/vhosts/other");
  for (const [name, tags] of Object.entries(USERS)) {
    if (name === "guest") continue;
    await broker.ask("PUT", `/users/${name}`, { body: { password: "p", tags } });
  }
  const all = { configure: ".*", write: ".*", read: ".*" };
  for (const name of ["mary", "tom"]) {
    await broker.ask("PUT", `/permissions/%2F/${name}`, { body: all });
  }
  for (const name of ["mary", "tom"]) {
    const client = await connect(`amqp://${name}:p@127.0.0.1:${broker.amqpPort}`);
    clients.push(client);
    const channel = await client.createChannel();
    await channel.assertQueue(`queue of ${name}`);
    await channel.consume(`queue of ${name}`, () => undefined, { consumerTag: name });
  }
  await broker.ask("PUT", "/queues/other/elsewhere", { body: {} });
});

afterAll(async () => {
  for (const client of clients) await client.close();
  await broker[Symbol.asyncDispose]();
});

async function shown(user: User, path: string, key: string): Promise<string[]> {
  const auth = user === "guest" ? "guest:guest" : `${user}:p`;
  const { body } = await broker.get(path, { auth });
  return body.map((object: Record<string, string>) => object[key]).toSorted();
}

describe("connections, channels and consumers", () => {
  test.each([
    ["mary", ["mary"]],
    ["tom", ["tom"]],
    ["watcher", ["mary", "tom"]],
    ["guest", ["mary", "tom"]],
  ] as const)("%s sees those of %j", async (user, owners) => {
    expect(await shown(user, "/connections", "user")).toEqual(owners);
    expect(await shown(user, "/channels", "user")).toEqual(owners);
    expect(await shown(user, "/consumers", "consumer_tag")).toEqual(owners);
    expect(await shown(user, "/consumers/%2F", "consumer_tag")).toEqual(owners);
  });

  test("those of another user are refused one by one, too", async () => {
    const [connection] = (await broker.get("/connections")).body;
    const { name, user } = connection;
    const auth = user === "mary" ? "tom:p" : "mary:p";
    const path = `/connections/${encodeURIComponent(name)}`;
    for (const [method, at] of [
      ["GET", path],
      ["DELETE", path],
      ["GET", `${path}/channels`],
      ["GET", `/channels/${encodeURIComponent(`${name} (1)`)}`],
      ["GET", `/connections/username/${user}`],
      ["DELETE", `/connections/username/${user}`],
    ] as const) {
      expect((await broker.ask(method, at, { auth })).status, `${method} ${at}`).toBe(401);
    }
    expect((await broker.get("/connections")).body).toHaveLength(2);
  });

  test("one's own are shown with what belongs to them", async () => {
    const auth = "mary:p";
    const [connection] = (await broker.get("/connections", { auth })).body;
    const path = `/connections/${encodeURIComponent(connection.name)}`;
    const [channel] = (await broker.get(`${path}/channels`, { auth })).body;
    expect(channel).toMatchObject({ number: 1, user: "mary", consumer_count: 1 });
    const one = await broker.get(`/channels/${encodeURIComponent(channel.name)}`, { auth });
    expect(one.body.consumer_details).toHaveLength(1);
    expect((await broker.get("/connections/username/mary", { auth })).body).toEqual([
      { name: connection.name, vhost: "/", user: "mary", node: "rabbit@localhost" },
    ]);
  });
});

describe("queues, exchanges and bindings", () => {
  test.each([
    ["mary", ["queue of mary", "queue of tom"]],
    ["watcher", []],
    ["guest", ["elsewhere", "queue of mary", "queue of tom"]],
  ] as const)("%s sees the queues of vhosts that he may enter", async (user, queues) => {
    expect(await shown(user, "/queues", "name")).toEqual(queues);
    expect(await shown(user, "/bindings", "destination")).toEqual(queues);
    const vhosts = new Set(await shown(user, "/exchanges", "vhost"));
    expect(vhosts.has("other")).toBe(user === "guest");
  });
});

describe("lists", () => {
  test("a page is filtered by name and sorted by any column", async () => {
    const path = "/queues?page=1&page_size=1&name=QUEUE&sort=consumers&sort_reverse=true";
    const { body } = await broker.get(path);
    expect(body).toMatchObject({
      total_count: 3,
      filtered_count: 2,
      item_count: 1,
      page_count: 2,
      items: [{ consumers: 1 }],
    });
  });

  test("columns choose keys of objects, and what is inside them", async () => {
    const { body } = await broker.get("/consumers?columns=queue.name,channel_details.user");
    expect(body).toContainEqual({
      queue: { name: "queue of mary" },
      channel_details: { user: "mary" },
    });
  });

  test("disable_stats leaves out what is counted", async () => {
    const [queue] = (await broker.get("/queues/%2F?disable_stats=true")).body;
    expect(queue).not.toHaveProperty("messages");
    expect(queue).not.toHaveProperty("message_bytes");
    const totals = "/queues/%2F?disable_stats=true&enable_queue_totals=true";
    const [counted] = (await broker.get(totals)).body;
    expect(counted).toMatchObject({ messages: 0, messages_ready: 0 });
    expect(counted).not.toHaveProperty("message_bytes");
  });
});
