import type { Options } from "amqplib";
import { describe, expect, test } from "vitest";
import { controlMethods } from "../../../src/control/control-methods.ts";
import type { PublishExplanation } from "../../../src/control/explain-publish.ts";
import type { PeekedMessage } from "../../../src/control/peek-messages.ts";
import type { TailRow } from "../../../src/control/tail-messages.ts";
import { eventually } from "../../shell/cluster-steps.ts";
import { OperatedCluster } from "./operated-cluster.ts";

const TEST_MAX_MS = 60_000;

const KINDS: readonly (readonly [string, Options.AssertQueue])[] = [
  ["in memory", { durable: false }],
  ["durable", { durable: true }],
  ["quorum", { durable: true, arguments: { "x-queue-type": "quorum" } }],
  ["with priorities", { durable: true, arguments: { "x-max-priority": 3 } }],
];

/** Messages of one and three octets in turn, so that memory and log both have some. */
async function fill(rig: OperatedCluster, name: string, count: number): Promise<void> {
  const channel = await rig.channel(0);
  for (let at = 0; at < count; at++) {
    const headers = { at };
    channel.sendToQueue(name, Buffer.from(`m${at}`), {
      persistent: at % 2 === 0,
      headers,
      priority: at % 3,
    });
  }
  await channel.waitForConfirms();
}

async function peek(
  rig: OperatedCluster,
  index: number,
  params: object,
): Promise<readonly PeekedMessage[]> {
  return (await rig.ask(index, "peek_messages", { vhost: "/", ...params })) as PeekedMessage[];
}

function textOf({ payload }: { readonly payload: Uint8Array }): string {
  return Buffer.from(payload).toString();
}

/** Rows of a tail as they come. */
class Tail {
  readonly rows: TailRow[] = [];
  readonly #abort = new AbortController();
  readonly #done: Promise<void>;

  constructor(rig: OperatedCluster, index: number, params: object) {
    const context = {
      nodeName: "tool@localhost",
      signal: this.#abort.signal,
      timeoutMs: undefined,
    };
    const method = controlMethods(rig.node(index).shell).get("tail_messages");
    const rows = method?.({ vhost: "/", ...params }, context) as AsyncIterable<TailRow>;
    this.#done = (async () => {
      for await (const row of rows) this.rows.push(row);
    })();
  }

  get bodies(): string[] {
    return this.rows.flatMap((row) => (row.kind === "message" ? [textOf(row)] : []));
  }

  has(kind: TailRow["kind"]): boolean {
    return this.rows.some((row) => row.kind === kind);
  }

  /** Resolves when it has ended. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#done;
  }
}

describe("messages that operators look at", { timeout: TEST_MAX_MS }, () => {
  test("are shown by every node in the order of delivery, and stay as they are", async () => {
    await using rig = await OperatedCluster.start();
    for (const [name, options] of KINDS) {
      await rig.declare(0, name, options);
      await fill(rig, name, 9);
    }
    for (const [name] of KINDS) {
      const counts = await countsOf(rig, name);
      const seen: string[][] = [];
      for (const index of [0, 1, 2]) {
        const found = await peek(rig, index, { name, count: 100 });
        expect(found.map(({ position }) => position)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
        expect(found.every(({ redelivered }) => !redelivered)).toBe(true);
        expect(found.map(({ properties }) => properties["headers"])).toEqual(
          found.map((one) => ({ at: Number(textOf(one).slice(1)) })),
        );
        seen.push(found.map(textOf));
        const some = await peek(rig, index, { name, offset: 2, count: 3 });
        expect(some.map(textOf)).toEqual(seen[0]?.slice(2, 5));
        const last = await peek(rig, index, { name, offset: -2, count: 5, bodyMax: 1 });
        expect(last.map(textOf)).toEqual(["m", "m"]);
        expect(last.map(({ payload_bytes: size }) => size)).toEqual([2, 2]);
        expect(await peek(rig, index, { name, offset: 9 })).toEqual([]);
      }
      expect(seen[1]).toEqual(seen[0]);
      expect(seen[2]).toEqual(seen[0]);
      expect(await countsOf(rig, name)).toEqual(counts);
      const channel = await rig.channel(1);
      const got: string[] = [];
      for (let left = 9; left > 0; left--) {
        const message = await channel.get(name);
        if (message === false) throw new Error("a message has gone");
        expect(message.fields.redelivered).toBe(false);
        channel.ack(message);
        got.push(message.content.toString());
      }
      expect(got).toEqual(seen[0]);
    }
  });

  test("that came back show so, and what consumers hold does not show", async () => {
    await using rig = await OperatedCluster.start(2);
    for (const [name, options] of KINDS.slice(0, 3)) {
      await rig.declare(0, name, options);
      await fill(rig, name, 3);
      const channel = await rig.channel(1);
      const first = await channel.get(name);
      if (first === false) throw new Error("a message has gone");
      expect((await peek(rig, 1, { name, count: 9 })).map(textOf)).toEqual(["m1", "m2"]);
      channel.nack(first, false, true);
      await eventually(async () => {
        const [back] = await peek(rig, 0, { name });
        expect(back).toMatchObject({ redelivered: true, delivery_count: 1, message_count: 3 });
        expect(back && textOf(back)).toBe("m0");
      });
    }
  });

  test("are tailed from any node, without a queue's waiting for the reader", async () => {
    await using rig = await OperatedCluster.start();
    for (const [name, options] of KINDS.slice(0, 3)) {
      await rig.declare(0, name, options);
      const tails = [0, 1, 2].map((index) => new Tail(rig, index, { name }));
      await eventually(() => expect(tails.every((tail) => tail.has("started"))).toBe(true));
      const consumer = await rig.channel(2);
      await consumer.consume(name, () => undefined, { noAck: true });
      await fill(rig, name, 5);
      for (const tail of tails) {
        await eventually(() => expect(tail.bodies).toEqual(["m0", "m1", "m2", "m3", "m4"]));
        await tail.stop();
      }
    }
    await expect(rig.ask(1, "tail_messages", { vhost: "/", name: "none" })).rejects.toMatchObject({
      code: "no_such_queue",
    });
  });

  test("are tailed on at the next leader; the end of the queue is the end of the tail", async () => {
    await using rig = await OperatedCluster.start();
    await rig.declareQuorum(0, "q", 3);
    await rig.waitForReplicas("q", [0, 1, 2]);
    const leader = (await rig.info("q")).leader;
    const from = [0, 1, 2].find((index) => rig.name(index) !== leader) ?? 0;
    const to = [0, 1, 2].find((index) => rig.name(index) !== leader && index !== from) ?? 0;
    const tail = new Tail(rig, from, { name: "q" });
    await eventually(() => expect(tail.has("started")).toBe(true));
    const params = { vhost: "/", name: "q", node: rig.name(to) };
    await rig.ask(from, "transfer_leadership", params);
    await eventually(() => {
      const started = tail.rows.filter((row) => row.kind === "started");
      expect(started.map(({ node }) => node)).toEqual([leader, rig.name(to)]);
    });
    expect(tail.has("interrupted")).toBe(true);
    await fill(rig, "q", 2);
    await eventually(() => expect(tail.bodies).toEqual(["m0", "m1"]));
    await rig.ask(from, "delete_queue", { vhost: "/", name: "q" });
    await eventually(() => expect(rig.node(from).node.broker.vhosts.get("/")?.queues.size).toBe(0));
    await tail.stop();
  });

  test("that are not published yet are explained: exchanges, bindings, queues, and what acts on them there", async () => {
    await using rig = await OperatedCluster.start(2);
    const channel = await rig.channel(0);
    await channel.assertExchange("orders", "topic", { alternateExchange: "lost" });
    await channel.assertExchange("lost", "fanout");
    await channel.assertExchange("eu", "headers");
    await channel.bindExchange("eu", "orders", "order.eu.*");
    await channel.assertQueue("all", { deadLetterExchange: "lost", maxLength: 1 });
    await channel.assertQueue("eu.q", { arguments: { "x-queue-type": "quorum" } });
    await channel.assertQueue("lost.q", { durable: false });
    await channel.bindQueue("all", "orders", "order.#");
    await channel.bindQueue("all", "orders", "invoice.*");
    await channel.bindQueue("eu.q", "eu", "", { "x-match": "all", land: "fr" });
    await channel.bindQueue("lost.q", "lost", "");
    await rig.setPolicy("ttl", "^all$", { "message-ttl": 5000 });
    await eventually(() => expect(rig.record("lost.q", 1).name).toBe("lost.q"));
    const explain = async (routingKey: string, more: object = {}): Promise<PublishExplanation> => {
      const params = { vhost: "/", exchange: "orders", routingKey, ...more };
      return (await rig.ask(1, "explain_publish", params)) as PublishExplanation;
    };

    const toFrance = await explain("order.eu.1", { headers: { land: "fr" } });
    expect(toFrance).toMatchObject({ outcome: "routed", more_queues: 0 });
    expect(toFrance.exchanges).toMatchObject([
      {
        name: "orders",
        type: "topic",
        reached_by: "publish",
        bindings: expect.arrayContaining([
          expect.objectContaining({ destination: "all", routing_key: "order.#" }),
          expect.objectContaining({ destination: "eu", destination_type: "exchange" }),
        ]),
        unmatched: 1,
        unmatched_examples: [expect.objectContaining({ routing_key: "invoice.*" })],
        alternate: { name: "lost", source: "argument", exists: true, used: false },
      },
      { name: "eu", reached_by: "binding", reached_from: "orders", alternate: null },
    ]);
    const names = toFrance.queues.map(({ name }) => name);
    expect([...names].sort()).toEqual(["all", "eu.q"]);
    const all = toFrance.queues.find(({ name }) => name === "all");
    const effects = new Map(all?.effects.map((effect) => [effect.key, effect]));
    expect(effects.get("message-ttl")).toMatchObject({ value: 5000, source: "policy 'ttl'" });
    expect(effects.get("max-length")).toMatchObject({ value: 1, source: "argument" });
    expect(effects.get("dead-letter-exchange")?.text).toContain("'lost.q'");

    const toSpain = await explain("order.eu.1", { headers: { land: "es" } });
    expect(toSpain.queues.map(({ name }) => name)).toEqual(["all"]);
    const lost = await explain("nothing");
    expect(lost.exchanges[1]).toMatchObject({ name: "lost", reached_by: "alternate" });
    expect(lost.queues.map(({ name }) => name)).toEqual(["lost.q"]);
    await channel.unbindQueue("lost.q", "lost", "");
    expect(await explain("nothing")).toMatchObject({ outcome: "unroutable", queues: [] });
    expect(await explain("x", { exchange: "" })).toMatchObject({ outcome: "unroutable" });
    expect(await explain("all", { exchange: "amq.default" })).toMatchObject({ outcome: "routed" });
    const none = await explain("x", { exchange: "none" });
    expect(none).toMatchObject({
      outcome: "refused",
      reason: expect.stringContaining("NOT_FOUND"),
    });
    const stranger = await explain("x", { user: "stranger" });
    expect(stranger).toMatchObject({ outcome: "refused" });
    expect(stranger.reason).toContain("refused for user 'stranger'");
  });
});

async function countsOf(rig: OperatedCluster, name: string): Promise<unknown> {
  const columns = [
    ...["name", "messages", "messages_ready", "messages_unacknowledged", "message_bytes"],
    "message_bytes_ready",
  ];
  const rows = (await rig.ask(0, "list_queues", { vhost: "/", columns })) as unknown[][];
  return rows.find((row) => row[0] === name);
}
