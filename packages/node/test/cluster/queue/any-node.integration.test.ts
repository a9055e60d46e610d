import { once } from "node:events";
import { type Channel, type ChannelModel, connect } from "amqplib";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { startCluster } from "../../../src/embed/start-cluster.ts";
import type { TestCluster } from "../../../src/embed/test-cluster.ts";
import type { MetadataCommand, MetadataResult } from "../../../src/metadata/commands.ts";
import { until } from "./cluster-rig.ts";

const NODES = [0, 1, 2] as const;
const START_MS = 60_000;

describe("clients on different nodes", { timeout: 20_000 }, () => {
  let cluster: TestCluster;
  const connections: ChannelModel[] = [];

  beforeAll(async () => {
    cluster = await startCluster(3);
    await change({
      type: "setPolicy",
      vhost: "/",
      name: "mirrored",
      pattern: "^mirrored",
      applyTo: "queues",
      priority: 0,
      definition: new Map([["ha-mode", "all"]]),
    });
  }, START_MS);
  afterEach(async () => {
    await Promise.allSettled(connections.splice(0).map((connection) => connection.close()));
  });
  afterAll(async () => await cluster.stop(), START_MS);

  test("find what one of them has just declared", async () => {
    const channels = await Promise.all(NODES.map(async (index) => await channelOn(index)));
    for (let nth = 0; nth < 30; nth++) {
      const [one, two, three] = [0, 1, 2].map((at) => channels[(at + nth) % 3] as Channel);
      const { queue } = (await one?.assertQueue("", { exclusive: true })) ?? { queue: "" };
      two?.sendToQueue(queue, Buffer.from("at once"));
      await until("the message", async () => (await one?.get(queue, { noAck: true })) !== false);
      const exchange = `exchange-${nth}`;
      await three?.assertExchange(exchange, "fanout", { autoDelete: true });
      await one?.bindQueue(queue, exchange, "");
      two?.publish(exchange, "", Buffer.from("by the exchange"));
      await until("the message", async () => (await one?.get(queue, { noAck: true })) !== false);
      await one?.deleteQueue(queue);
    }
  });

  test("call each other with direct replies", async () => {
    const [client, server] = [await channelOn(0), await channelOn(1)];
    await server.assertQueue("rpc", { durable: false });
    await server.consume("rpc", (message) => {
      if (message === null) return;
      const { replyTo, correlationId } = message.properties;
      const answer = Buffer.concat([message.content, Buffer.from("!")]);
      server.sendToQueue(String(replyTo), answer, { correlationId: String(correlationId) });
      server.ack(message);
    });
    const got: string[] = [];
    const keep = (reply: { content: Buffer } | null): void => void got.push(`${reply?.content}`);
    await client.consume("amq.rabbitmq.reply-to", keep, { noAck: true });
    for (const call of ["a", "b", "c"]) {
      client.sendToQueue("rpc", Buffer.from(call), { replyTo: "amq.rabbitmq.reply-to" });
    }
    await until("all replies", () => got.length === 3);
    expect(got).toEqual(["a!", "b!", "c!"]);
  });

  test("are all blocked while one node runs low, and go on", async () => {
    const connection = await connectTo(1);
    const channel = await connection.createConfirmChannel();
    await channel.assertQueue("blocked", { durable: false });
    const { name, node } = cluster.node(0);
    const blocked = once(connection, "blocked");
    const unblocked = once(connection, "unblocked");
    node.broker.alarms.raise("memory", name);
    await until("the alarm is known", () => cluster.node(1).node.broker.alarms.isActive);
    channel.sendToQueue("blocked", Buffer.from("waits"));
    expect(await blocked).toEqual(["low on memory"]);
    node.broker.alarms.clear("memory", name);
    await unblocked;
    await channel.waitForConfirms();
  });

  test("lose their connections when their user, or vhost, is deleted", async () => {
    for (const what of ["user", "vhost"] as const) {
      await change({ type: "addVhost", name: "doomed" });
      await new Promise((resolve) => {
        cluster
          .node(0)
          .node.administration.putUser({ name: "doomed", password: "doomed", tags: [] }, resolve);
      });
      const rights = { configure: ".*", write: ".*", read: ".*" };
      await change({ type: "setPermissions", user: "doomed", vhost: "doomed", ...rights });
      const closed: Promise<unknown>[] = [];
      for (const index of NODES) {
        const url = `amqp://doomed:doomed@127.0.0.1:${cluster.node(index).port}/doomed`;
        const connection = await connect(url);
        connection.on("error", () => undefined);
        closed.push(once(connection, "close"));
      }
      const name = "doomed";
      await change(what === "user" ? { type: "deleteUser", name } : { type: "deleteVhost", name });
      await Promise.all(closed);
      await change({ type: "deleteVhost", name }).catch(() => undefined);
    }
  });

  test("count together against the limits of a vhost and a user", async () => {
    await change({ type: "addVhost", name: "few" });
    const rights = { configure: ".*", write: ".*", read: ".*" };
    await change({ type: "setPermissions", user: "guest", vhost: "few", ...rights });
    const limits = new Map([["max-connections", 2]]);
    await change({ type: "setVhostLimits", vhost: "few", limits, merge: true });
    const first = await connectTo(0, "/few");
    await connectTo(1, "/few");
    const refused = "got <ConnectionClose channel:0>";
    await expect(connectTo(2, "/few")).rejects.toThrow(refused);
    await first.close();
    await until("there is room", async () => {
      await connectTo(2, "/few");
      return true;
    });
  });

  test("have exactly those messages confirmed that a full queue takes", async () => {
    const declarer = await channelOn(2);
    await declarer.assertQueue("mirrored-full", {
      arguments: { "x-max-length": 5, "x-overflow": "reject-publish" },
    });
    const got: string[] = [];
    await declarer.prefetch(3);
    await declarer.consume("mirrored-full", (message) => {
      if (message === null) return;
      got.push(message.content.toString());
      declarer.ack(message);
    });
    const confirmed: string[] = [];
    let refusedCount = 0;
    await Promise.all(
      [0, 1].map(async (index) => {
        const channel = await (await connectTo(index)).createConfirmChannel();
        for (let nth = 0; nth < 500; nth++) {
          const body = `${index}-${nth}`;
          channel.sendToQueue("mirrored-full", Buffer.from(body), {}, (error) => {
            if (error === null) confirmed.push(body);
            else refusedCount++;
          });
        }
        await channel.waitForConfirms().catch(() => undefined);
        await until("all outcomes", () => confirmed.length + refusedCount >= 500);
      }),
    );
    await until("all outcomes", () => confirmed.length + refusedCount === 1000);
    await until("all that was taken", () => got.length === confirmed.length);
    expect(got.toSorted()).toEqual(confirmed.toSorted());
    for (const index of [0, 1]) {
      const own = got.filter((body) => body.startsWith(`${index}-`));
      expect(own).toEqual(own.toSorted((a, b) => Number(a.slice(2)) - Number(b.slice(2))));
    }
    expect(refusedCount).toBeGreaterThan(0);
  });

  test("carry large messages", async () => {
    const [one, two, three] = [await channelOn(0), await channelOn(1), await channelOn(2)];
    await one.assertQueue("mirrored-large", { durable: true });
    const body = Buffer.alloc(4_000_000, "0123456789");
    two.sendToQueue("mirrored-large", body);
    await until("it has come", async () => {
      const found = await three.get("mirrored-large", { noAck: true });
      if (found !== false) expect(found.content.equals(body)).toBe(true);
      return found !== false;
    });
  });

  async function connectTo(index: number, path = ""): Promise<ChannelModel> {
    const connection = await connect(`${cluster.node(index).url}${path}`);
    connection.on("error", () => undefined);
    connections.push(connection);
    return connection;
  }

  async function channelOn(index: number): Promise<Channel> {
    return await (await connectTo(index)).createChannel();
  }

  /** @throws Error if it is refused */
  async function change(command: MetadataCommand): Promise<void> {
    const { administration } = cluster.node(0).node;
    const result = await new Promise<MetadataResult>((resolve) => {
      administration.apply(command, resolve);
    });
    if (!result.ok) throw new Error(result.text);
  }
});
