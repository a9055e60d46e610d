import type { Channel, ConsumeMessage } from "amqplib";
import { describe, expect, test } from "vitest";
import { ClusterRig, drain, publish, until } from "./cluster-rig.ts";

const QUORUM = { durable: true, arguments: { "x-queue-type": "quorum" } };

/** A consumer that keeps what it gets until told to acknowledge it. */
class Holder {
  readonly got: string[] = [];
  readonly #channel: Channel;
  readonly #messages: ConsumeMessage[] = [];

  private constructor(channel: Channel) {
    this.#channel = channel;
  }

  static async on(channel: Channel, queue: string, prefetch: number): Promise<Holder> {
    const holder = new Holder(channel);
    await channel.prefetch(prefetch);
    await channel.consume(queue, (message) => {
      if (message === null) return;
      holder.got.push(`${message.content.toString()}${message.fields.redelivered ? " R" : ""}`);
      holder.#messages.push(message);
    });
    return holder;
  }

  ackAll(): void {
    for (const message of this.#messages.splice(0)) this.#channel.ack(message);
  }

  async holds(count: number): Promise<void> {
    await until(`${count} deliveries`, () => this.got.length === count);
  }
}

function numbers(from: number, to: number, suffix = ""): string[] {
  return Array.from({ length: to - from }, (_, at) => `${from + at}${suffix}`);
}

describe("a new leader of a queue", { timeout: 20_000 }, () => {
  test("leaves consumers what they hold, wherever they are, and what they acknowledge meanwhile", async () => {
    const rig = await ClusterRig.start();
    const channels = [await rig.channel(0), await rig.channel(1), await rig.channel(2)] as const;
    await channels[0].assertQueue("q", QUORUM);
    const publisher = await rig.confirmChannel(1);
    await publish(publisher, "q", numbers(0, 30));
    const holders = await Promise.all(channels.map((channel) => Holder.on(channel, "q", 5)));
    for (const holder of holders) await holder.holds(5);
    const first = await rig.leaderOf("q");
    for (const to of [(first + 1) % 3, (first + 2) % 3, first]) {
      await rig.transfer("q", to);
      holders[1]?.ackAll();
    }
    // Nobody has got anything twice, and the one that acknowledged has got more.
    await until("more for the one with room", () => (holders[1]?.got.length ?? 0) > 5);
    for (const holder of holders) holder.ackAll();
    await until("all are delivered", () => {
      for (const holder of holders) holder.ackAll();
      return holders.flatMap(({ got }) => got).length >= 30;
    });
    const all = holders.flatMap(({ got }) => got);
    expect(all.map((text) => text.replace(" R", "")).sort(byNumber)).toEqual(numbers(0, 30));
    await until("all are acknowledged", async () => {
      for (const holder of holders) holder.ackAll();
      return (await channels[2].checkQueue("q")).messageCount === 0;
    });
    expect(await drain(channels[0], "q")).toEqual([]);
  });

  test("has all that was confirmed after its node was killed; what consumers there held comes again, and says so", async () => {
    const rig = await ClusterRig.start();
    await rig.setPolicy("ha", "^q", { "ha-mode": "all", "ha-sync-mode": "automatic" });
    const doomed = await rig.channel(0);
    await doomed.assertQueue("q", { durable: true });
    expect(await rig.leaderOf("q")).toBe(0);
    const publisher = await rig.confirmChannel(1);
    await publish(publisher, "q", numbers(0, 20));
    const lost = await Holder.on(doomed, "q", 4);
    await lost.holds(4);
    const kept = await Holder.on(await rig.channel(2), "q", 4);
    await kept.holds(4);
    await rig.node(0).kill();
    await publish(publisher, "q", numbers(20, 25));
    await rig.leaderOf("q", [1, 2]);
    expect(kept.got).toEqual(numbers(4, 8));
    kept.ackAll();
    await until("the rest is delivered", () => {
      kept.ackAll();
      return kept.got.length === 25;
    });
    const again = kept.got.slice(4, 8);
    expect(again).toEqual(numbers(0, 4, " R"));
    expect(kept.got.map((text) => text.replace(" R", "")).sort(byNumber)).toEqual(numbers(0, 25));
  });

  test("takes each message once that was sent again because its fate was not known", async () => {
    const rig = await ClusterRig.start();
    await (await rig.channel(0)).assertQueue("q", QUORUM);
    const publisher = await rig.confirmChannel(1);
    const first = await rig.leaderOf("q");
    let sent = 0;
    const isDone: Promise<void>[] = [];
    for (const to of [(first + 1) % 3, (first + 2) % 3, first, (first + 1) % 3]) {
      const move = { isOver: false };
      const moving = rig.transfer("q", to).finally(() => {
        move.isOver = true;
      });
      while (!move.isOver) {
        const body = Buffer.from(String(sent++));
        isDone.push(
          new Promise((resolve, reject) => {
            publisher.sendToQueue("q", body, { persistent: true }, (error) => {
              if (error === null) resolve();
              else reject(error instanceof Error ? error : new Error("nacked"));
            });
          }),
        );
        await new Promise((resolve) => setImmediate(resolve));
      }
      await moving;
    }
    await Promise.all(isDone);
    const bodies = await drain(await rig.channel(2), "q");
    expect(bodies.map((text) => text.replace(" R", ""))).toEqual(numbers(0, sent));
  });
});

describe("what channels may have outstanding in all (global prefetch)", { timeout: 20_000 }, () => {
  test("is used up, and not exceeded, over changes of the leader", async () => {
    const rig = await ClusterRig.start();
    await rig.setPolicy("ha", "^mirrored", { "ha-mode": "all" });
    const channel = await rig.channel(1);
    for (const queue of ["mirrored-a", "mirrored-b"]) await channel.assertQueue(queue);
    await channel.prefetch(2, true);
    let outstanding = 0;
    let most = 0;
    const got = new Set<string>();
    const consume = async (queue: string): Promise<void> => {
      await channel.consume(queue, (message) => {
        if (message === null) return;
        outstanding++;
        most = Math.max(most, outstanding);
        got.add(message.content.toString());
        setImmediate(() => {
          outstanding--;
          channel.ack(message);
        });
      });
    };
    for (const queue of ["mirrored-a", "mirrored-b"]) await consume(queue);
    const publisher = await rig.confirmChannel(0);
    const first = await rig.leaderOf("mirrored-a");
    for (const [round, to] of [1, 2, 0, 1].entries()) {
      const bodies = numbers(round * 100, round * 100 + 100);
      const moving = rig.transfer("mirrored-a", (first + to) % 3);
      await publish(publisher, "mirrored-a", bodies);
      await publish(publisher, "mirrored-b", numbers(1000 + round, 1001 + round));
      await moving;
    }
    await until("all deliveries", () => got.size === 404);
    expect(most).toBeLessThanOrEqual(2);
  });
});

describe("a queue with one place", { timeout: 20_000 }, () => {
  test("cannot be used while its node is down, nacks what comes, and is complete when the node is back", async () => {
    const rig = await ClusterRig.start();
    await (await rig.channel(0)).assertQueue("plain", { durable: true });
    const publisher = await rig.confirmChannel(1);
    await publish(publisher, "plain", numbers(0, 3));
    await rig.node(0).kill();
    await until("the node is known to be down", () => rig.queue(1, "plain").awayNode !== undefined);
    const nacked = new Promise((resolve) => {
      publisher.sendToQueue("plain", Buffer.from("lost"), {}, resolve);
    });
    expect(await nacked).toBeInstanceOf(Error);
    const text =
      "NOT_FOUND - home node 'rabbit1@localhost' of durable queue 'plain' in vhost '/' is down or inaccessible";
    await expect((await rig.channel(1)).checkQueue("plain")).rejects.toThrow(text);
    await expect((await rig.channel(2)).consume("plain", () => undefined)).rejects.toThrow(text);
    await rig.node(0).start();
    await until("the queue is back", () => rig.queue(1, "plain").awayNode === undefined);
    await publish(publisher, "plain", ["3"]);
    expect(await drain(await rig.channel(2), "plain")).toEqual(numbers(0, 4));
  });

  test("in memory goes with its node", async () => {
    const rig = await ClusterRig.start();
    const channel = await rig.channel(0);
    await channel.assertQueue("memory", { durable: false });
    await channel.assertQueue("own", { exclusive: true });
    const other = await rig.confirmChannel(1);
    await publish(other, "memory", ["a"]);
    await expect((await rig.channel(2)).checkQueue("own")).rejects.toThrow("RESOURCE_LOCKED");
    await rig.node(0).kill();
    await until("both are gone", () => {
      const queues = rig.node(1).node.broker.vhosts.get("/")?.queues;
      return queues?.has("memory") === false && !queues.has("own");
    });
    await other.assertQueue("memory", { durable: false });
    expect((await other.checkQueue("memory")).messageCount).toBe(0);
  });
});

function byNumber(a: string, b: string): number {
  return Number(a) - Number(b);
}
