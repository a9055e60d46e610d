import { describe, expect, test, vi } from "vitest";
import { randomFrom } from "./random-numbers.ts";
import { RawClient, waitFor } from "./raw-client.ts";
import { TestNode } from "./start-node.ts";

vi.setConfig({ testTimeout: 60_000 });

const MESSAGE_COUNT = 4000;
const CONSUMER_COUNT = 6;

/** What the consumers have done with the messages, by number. */
class Record {
  /** The broker has surely carried out the ack. */
  readonly acked = new Set<number>();
  /** The ack may have been lost with its connection. */
  readonly maybeAcked = new Set<number>();
  readonly violations: string[] = [];
  isOver = false;
}

/** One consumer's life: comes, takes some messages, acks, returns or keeps them, and goes in some way. */
class RestlessConsumer {
  readonly #node: TestNode;
  readonly #record: Record;
  readonly #random: (below: number) => number;

  constructor(node: TestNode, record: Record, seed: number) {
    this.#node = node;
    this.#record = record;
    this.#random = randomFrom(seed);
  }

  async run(): Promise<void> {
    while (!this.#record.isOver) await this.#visit();
  }

  async #visit(): Promise<void> {
    const random = this.#random;
    const client = await RawClient.open(this.#node);
    await client.openChannel();
    const acks: number[] = [];
    const enough = 1 + random(80);
    let taken = 0;
    let kept = 0;
    let isLeaving = false;
    client.onDelivery = ({ method, body }) => {
      if (isLeaving) return;
      taken++;
      const number = Number(body.toString());
      if (this.#record.acked.has(number)) this.#record.violations.push(`${number} came again`);
      const choice = this.#decide(client, method.deliveryTag);
      if (choice === "ack") acks.push(number);
      else if (choice === "keep") kept++;
      if (random(40) === 0) this.#pause(client);
    };
    const prefetchCount = 1 + random(60);
    await client.call(1, "basic.qos", { prefetchCount, global: random(2) === 0 });
    await client.call(1, "basic.consume", { queue: "q", consumerTag: "c" });
    const isEnough = (): boolean => taken >= enough || kept >= prefetchCount;
    await waitFor(() => isEnough() || this.#record.isOver || this.#isStarving(), "messages");
    isLeaving = true;
    if (random(3) === 0) await client.call(1, "basic.cancel", { consumerTag: "c" });
    await this.#leave(client, acks);
  }

  /** All others are held by other consumers, or there are none. */
  #isStarving(): boolean {
    return this.#node.broker.queue("q").messagesReady === 0;
  }

  #decide(client: RawClient, deliveryTag: number): "ack" | "return" | "keep" {
    const choice = this.#random(10);
    if (choice < 7) {
      client.send(1, "basic.ack", { deliveryTag });
      return "ack";
    }
    if (choice === 7) client.send(1, "basic.nack", { deliveryTag, requeue: true });
    else if (choice === 8) client.send(1, "basic.reject", { deliveryTag, requeue: true });
    return choice === 9 ? "keep" : "return";
  }

  #pause(client: RawClient): void {
    client.socket.pause();
    setTimeout(() => client.socket.resume(), this.#random(5));
  }

  async #leave(client: RawClient, acks: readonly number[]): Promise<void> {
    const way = this.#random(4);
    client.socket.resume();
    if (way === 0) await client.call(1, "channel.close", { replyCode: 200 });
    const isSure = way <= 2;
    if (isSure) await client.close();
    else client.socket.resetAndDestroy();
    await client.closed;
    for (const number of acks) (isSure ? this.#record.acked : this.#record.maybeAcked).add(number);
  }
}

describe("consumers that come and go, ack, return and drop messages at random", () => {
  test.each([1, 2, 3])(
    "lose nothing and get nothing again that was acked (seed %i)",
    async (seed) => {
      await using node = await TestNode.start();
      await using publisher = await RawClient.open(node);
      await publisher.openChannel();
      await publisher.call(1, "queue.declare", { queue: "q" });
      await publisher.call(1, "confirm.select");
      const record = new Record();
      const consumers = Array.from({ length: CONSUMER_COUNT }, (_, index) =>
        new RestlessConsumer(node, record, seed * 100 + index).run(),
      );
      for (let number = 0; number < MESSAGE_COUNT; number++) {
        publisher.publish(1, { routingKey: "q" }, `${number}`);
      }
      let confirmed = 0;
      while (confirmed < MESSAGE_COUNT) {
        confirmed = (await publisher.next("basic.ack")).method.deliveryTag;
      }
      await node.broker.waitUntilDrained("q", { timeoutMs: 20_000 });
      record.isOver = true;
      await Promise.all(consumers);

      expect(record.violations).toEqual([]);
      const done = new Set([...record.acked, ...record.maybeAcked]);
      expect(done.size).toBe(MESSAGE_COUNT);
      await waitFor(() => node.node.broker.connectionCount === 1, "the consumers are gone");
      expect(node.broker.queue("q")).toMatchObject({
        messagesReady: 0,
        messagesUnacknowledged: 0,
        consumers: 0,
      });
      expect(node.internalErrors).toEqual([]);
    },
  );
});
