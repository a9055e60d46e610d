import { setTimeout as delay } from "node:timers/promises";
import { type ChannelModel, connect } from "amqplib";
import { expect, test } from "vitest";
import { type ProcessCluster, startCluster } from "../../src/index.ts";

/** The processes compile their sources first. */
const TEST_MAX_MS = 60_000;
const FROM_SOURCES = ["--conditions=@leveret/source", "--import", "tsx"];

async function published(url: string, queue: string, body: string): Promise<void> {
  await withClient(url, async (client) => {
    const channel = await client.createConfirmChannel();
    await channel.assertQueue(queue, { arguments: { "x-queue-type": "quorum" } });
    channel.sendToQueue(queue, Buffer.from(body), { persistent: true });
    await channel.waitForConfirms();
  });
}

async function bodies(url: string, queue: string): Promise<string[]> {
  const found: string[] = [];
  await withClient(url, async (client) => {
    const channel = await client.createChannel();
    for (;;) {
      const message = await channel.get(queue, { noAck: true });
      if (message === false) break;
      found.push(message.content.toString());
    }
  });
  return found;
}

async function withClient(
  url: string,
  use: (client: ChannelModel) => Promise<void>,
): Promise<void> {
  const client = await connect(url);
  try {
    await use(client);
  } finally {
    await client.close();
  }
}

async function runningNodes(cluster: ProcessCluster, index: number): Promise<readonly string[]> {
  return (await cluster.node(index).status()).runningNodes;
}

async function until(what: () => Promise<boolean>): Promise<void> {
  while (!(await what())) await delay(20);
}

test(
  "nodes in processes of their own are killed, paused, cut off, stopped and started again",
  async () => {
    await using cluster = await startCluster(3, { processes: true, nodeFlags: FROM_SOURCES });
    const [one, two, three] = [cluster.node(0), cluster.node(1), cluster.node(2)];
    expect(new Set([process.pid, one.pid, two.pid, three.pid]).size).toBe(4);
    await published(one.url, "q", "first");

    const { pid, port } = two;
    await two.kill();
    expect(two.isRunning).toBe(false);
    expect(() => process.kill(pid ?? 0, 0)).toThrow();
    await published(one.url, "q", "without two");
    await two.start();
    expect(two.port).toBe(port);

    three.pause();
    await until(async () => !(await runningNodes(cluster, 0)).includes(three.name));
    await published(two.url, "q", "without three");
    three.resume();
    await until(async () => (await runningNodes(cluster, 2)).length === 3);

    await cluster.partition([0, 1], [2]);
    await until(async () => !(await runningNodes(cluster, 0)).includes(three.name));
    await until(async () => !(await runningNodes(cluster, 2)).includes(one.name));
    await published(two.url, "q", "cut off");
    await cluster.heal();
    await until(async () => (await runningNodes(cluster, 2)).length === 3);

    await one.stop();
    expect(one.pid).toBeUndefined();
    await expect(one.status()).rejects.toThrow("rabbit1@localhost is not running");
    expect(await bodies(three.url, "q")).toEqual([
      "first",
      "without two",
      "without three",
      "cut off",
    ]);
  },
  TEST_MAX_MS,
);

test(
  "what keeps a node from starting is told",
  async () => {
    const starting = startCluster(2, {
      processes: true,
      nodeFlags: FROM_SOURCES,
      configure: (config, index) => ({
        ...config,
        cluster: { ...config.cluster, cookie: `COOKIE${index}` },
      }),
    });
    await expect(starting).rejects.toThrow(/rabbit2@localhost: .*cookie/i);
  },
  TEST_MAX_MS,
);
