import { type Channel, type ChannelModel, connect } from "amqplib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startCluster } from "../../../src/embed/start-cluster.ts";
import type { TestCluster } from "../../../src/embed/test-cluster.ts";
import { managedConfig } from "../managed-broker.ts";
import { type HttpAnswer, type HttpQuestion, sendRequest } from "../send-request.ts";

const NODES = [0, 1, 2] as const;

let cluster: TestCluster;
const clients: ChannelModel[] = [];
const channels: Channel[] = [];

beforeAll(async () => {
  cluster = await startCluster(NODES.length, {
    configure: (config) => ({ ...config, management: managedConfig().management }),
  });
  for (const index of NODES) {
    const client = await connect(cluster.node(index).url, {
      clientProperties: { connection_name: `client ${index}` },
    });
    clients.push(client);
    const channel = await client.createConfirmChannel();
    channels.push(channel);
    await channel.assertQueue(`durable ${index}`, { durable: true });
    await channel.assertQueue(`memory ${index}`, { durable: false });
    for (let count = 0; count <= index; count++) {
      channel.publish("", `durable ${index}`, Buffer.from("body"), { persistent: true });
      channel.publish("", `memory ${index}`, Buffer.from("body"));
    }
    await channel.waitForConfirms();
  }
  const [first] = channels;
  await first?.assertQueue("quorum", { arguments: { "x-queue-type": "quorum" } });
  const [, second] = channels;
  await new Promise<void>((resolve) => {
    let missing = NODES.length;
    const take = (): void => {
      missing--;
      if (missing === 0) resolve();
    };
    void second?.consume("memory 2", take, { consumerTag: "far", noAck: true });
  });
}, 60_000);

afterAll(async () => {
  for (const client of clients) await client.close();
  await cluster.stop();
});

function ask(
  index: number,
  method: string,
  path: string,
  question: HttpQuestion = {},
): Promise<HttpAnswer> {
  const port = cluster.node(index).shell.managementListeners[0]?.port ?? 0;
  return sendRequest(port, method, `/api${path}`, { auth: "guest:guest", ...question });
}

function names(index: number): string {
  return cluster.node(index).name;
}

describe.each(NODES)("asked at node %i", (index) => {
  test("connections, channels and consumers of all nodes are shown, each with its node", async () => {
    const connections = (await ask(index, "GET", "/connections")).body;
    const shown = connections.map(({ user_provided_name: name, node }: Connection) => [name, node]);
    const wanted = NODES.map((at) => [`client ${at}`, names(at)]);
    expect(shown.toSorted()).toEqual(wanted.toSorted());
    expect((await ask(index, "GET", "/channels")).body).toHaveLength(NODES.length);
    const [consumer] = (await ask(index, "GET", "/consumers")).body;
    expect(consumer).toMatchObject({
      consumer_tag: "far",
      queue: { name: "memory 2", vhost: "/" },
      channel_details: { node: names(1) },
    });
  });

  test("queues of all nodes are shown with what is in them", async () => {
    const queues = (await ask(index, "GET", "/queues")).body;
    const shown = queues.map(({ name, node, messages }: Queue) => [name, node, messages]);
    expect(shown).toEqual([
      ...NODES.map((at) => [`durable ${at}`, names(at), at + 1]),
      ["memory 0", names(0), 1],
      ["memory 1", names(1), 2],
      ["memory 2", names(2), 0],
      ["quorum", expect.any(String), 0],
    ]);
    expect(queues.at(-1).members.toSorted()).toEqual(NODES.map(names).toSorted());
  });

  test("a page of queues is sorted by what the nodes that lead them know", async () => {
    const path = "/queues?page=1&page_size=2&sort=messages&sort_reverse=true&name=durable";
    const { body } = await ask(index, "GET", path);
    expect(body).toMatchObject({ total_count: 7, filtered_count: 3, item_count: 2 });
    expect(body.items.map(({ name }: Queue) => name)).toEqual(["durable 2", "durable 1"]);
  });

  test("one queue is shown with its consumers, wherever they are", async () => {
    const { body } = await ask(index, "GET", "/queues/%2F/memory%202");
    expect(body).toMatchObject({ node: names(2), consumers: 1, state: "running" });
    expect(body.consumer_details).toHaveLength(1);
    expect(body.consumer_details[0].channel_details.node).toBe(names(1));
  });

  test("messages go to queues of other nodes, and come from there", async () => {
    const other = (index + 1) % NODES.length;
    const body = {
      routing_key: `durable ${other}`,
      payload: `from ${index}`,
      payload_encoding: "string",
      properties: { delivery_mode: 2 },
    };
    const published = await ask(index, "POST", "/exchanges/%2F/amq.default/publish", { body });
    expect(published.body).toEqual({ routed: true });
    const got = await ask(index, "POST", `/queues/%2F/durable%20${other}/get`, {
      body: { count: 100, ackmode: "ack_requeue_true", encoding: "auto" },
    });
    const payloads = got.body.map(({ payload }: { payload: string }) => payload);
    expect(payloads).toContain(`from ${index}`);
    const again = await ask(index, "POST", `/queues/%2F/durable%20${other}/get`, {
      body: { count: 100, ackmode: "ack_requeue_true", encoding: "auto" },
    });
    expect(again.body.map(({ payload }: { payload: string }) => payload)).toEqual(payloads);
    // For the tests that count.
    expect((await ask(index, "DELETE", `/queues/%2F/durable%20${other}/contents`)).status).toBe(
      204,
    );
    const channel = channels[other];
    for (let count = 0; count <= other; count++) {
      channel?.publish("", `durable ${other}`, Buffer.from("body"), { persistent: true });
    }
    await (channel as ConfirmChannel | undefined)?.waitForConfirms();
  });
});

test("replicas of a queue are shown, taken away and added", async () => {
  const path = "/queues/quorum/%2F/quorum";
  const nodesOf = async (): Promise<string[]> => {
    const { body } = await ask(0, "GET", `${path}/status`);
    return body.map((replica: Record<string, string>) => replica["Node Name"]).toSorted();
  };
  const all = NODES.map(names).toSorted();
  expect(await nodesOf()).toEqual(all);
  const { leader } = (await ask(0, "GET", "/queues/%2F/quorum")).body;
  const body = { node: all.find((name) => name !== leader) };
  expect((await ask(0, "DELETE", `${path}/replicas/delete`, { body })).status).toBe(204);
  await expect.poll(nodesOf).toHaveLength(2);
  expect((await ask(1, "POST", `${path}/replicas/add`, { body })).status).toBe(204);
  await expect.poll(nodesOf).toEqual(all);
  const stranger = { node: "rabbit@nowhere" };
  expect((await ask(1, "POST", `${path}/replicas/add`, { body: stranger })).status).toBe(400);
  const unknown = "/queues/quorum/%2F/nope";
  expect((await ask(1, "POST", `${unknown}/replicas/add`, { body })).status).toBe(404);
});

test("a connection of another node is closed, and the client is told why", async () => {
  const client = await connect(cluster.node(2).url);
  // It takes the end that an operator wants for no error.
  const told = new Promise<Error>((resolve) => client.once("close", resolve));
  const connections = (await ask(0, "GET", "/connections")).body;
  const { name } = connections.find(
    ({ user_provided_name: given }: Connection) => given === undefined,
  );
  const headers = { "x-reason": "make room" };
  const path = `/connections/${encodeURIComponent(name)}`;
  expect((await ask(0, "DELETE", path, { headers })).status).toBe(204);
  expect((await told).message).toContain("CONNECTION_FORCED - make room");
  expect((await ask(0, "GET", path)).status).toBe(404);
});

interface Connection {
  readonly name: string;
  readonly user_provided_name?: string;
  readonly node: string;
}

interface Queue {
  readonly name: string;
  readonly node: string;
  readonly messages: number;
}

type ConfirmChannel = Awaited<ReturnType<ChannelModel["createConfirmChannel"]>>;
