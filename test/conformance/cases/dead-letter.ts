import type { Channel } from "../script/channel.ts";
import { elapse } from "../script/elapse.ts";
import { type Group, onChannel } from "../script/session.ts";
import type { FieldTable } from "../wire/field-value.ts";

/** A source queue that dead-letters into a target through the default exchange. */
async function pair(
  ch: Channel,
  n: (short: string) => string,
  table: FieldTable = {},
): Promise<readonly [string, string]> {
  const target = await ch.queue(n("target"));
  const source = await ch.queue(n("source"), {
    arguments: {
      "x-dead-letter-exchange": "",
      "x-dead-letter-routing-key": target,
      ...table,
    },
  });
  return [source, target];
}

/** Gets from a queue without ack as soon as there is something. */
async function getSoon(ch: Channel, queue: string): Promise<void> {
  await ch.untilCount(queue, 1);
  await ch.get(queue);
}

/** Dead lettering: reasons, headers, routing and cycles. */
export const deadLetter: Group = {
  name: "dead-letter",
  cases: [
    onChannel("3.10", "dead letter: a rejected message", async (ch, n) => {
      const [source, target] = await pair(ch, n);
      ch.publishAll(source, ["1"], { "content-type": "text/plain" });
      await ch.get(source, false);
      ch.send("basic.reject", { "delivery-tag": 1 });
      await getSoon(ch, target);
    }),
    onChannel("3.10", "dead letter: a nacked message", async (ch, n) => {
      const [source, target] = await pair(ch, n);
      ch.publishAll(source, ["1", "2"]);
      await ch.get(source, false);
      await ch.get(source, false);
      ch.send("basic.nack", { "delivery-tag": 2, multiple: true });
      await ch.untilCount(target, 2);
      await ch.drain(target);
    }),
    onChannel("3.10", "dead letter: a message expired by its queue", async (ch, n) => {
      const [source, target] = await pair(ch, n, { "x-message-ttl": 10 });
      ch.publishAll(source, ["1"]);
      await getSoon(ch, target);
    }),
    onChannel(
      "3.10",
      "dead letter: a message with an expiration loses and records it",
      async (ch, n) => {
        const [source, target] = await pair(ch, n);
        ch.publishAll(source, ["1"], { expiration: "10", headers: { own: 1 } });
        await getSoon(ch, target);
      },
    ),
    onChannel("3.10", "dead letter: a message dropped by max-length", async (ch, n) => {
      const [source, target] = await pair(ch, n, { "x-max-length": 1 });
      ch.publishAll(source, ["1", "2"]);
      await getSoon(ch, target);
      await ch.get(source);
    }),
    onChannel("3.10", "dead letter: a message refused by reject-publish-dlx", async (ch, n) => {
      const [source, target] = await pair(ch, n, {
        "x-max-length": 1,
        "x-overflow": "reject-publish-dlx",
      });
      await ch.call("confirm.select");
      ch.publish({ key: source, body: "1" });
      await ch.confirmOne();
      ch.publish({ key: source, body: "2" });
      await ch.confirmOne();
      await getSoon(ch, target);
      await ch.get(source);
    }),
    onChannel("3.10", "dead letter: reject-publish without dlx drops", async (ch, n) => {
      const [source, target] = await pair(ch, n, {
        "x-max-length": 1,
        "x-overflow": "reject-publish",
      });
      ch.publishAll(source, ["1", "2"]);
      await ch.drain(source);
      await ch.get(target);
    }),
    onChannel(
      "3.10",
      "dead letter: without a routing key the original one is used",
      async (ch, n) => {
        await ch.exchange(n("dlx"), "topic");
        const target = await ch.queue(n("target"));
        await ch.bind(target, n("dlx"), "#");
        await ch.exchange(n("x"), "topic");
        const source = await ch.queue(n("source"), {
          arguments: { "x-dead-letter-exchange": n("dlx") },
        });
        await ch.bind(source, n("x"), "#");
        ch.publish({ exchange: n("x"), key: "a.b", body: "hi" });
        await ch.get(source, false);
        ch.send("basic.reject", { "delivery-tag": 1 });
        await getSoon(ch, target);
      },
    ),
    onChannel(
      "3.10",
      "dead letter: CC keys are recorded and routed again, BCC is not",
      async (ch, n) => {
        await ch.exchange(n("dlx"), "topic");
        const target = await ch.queue(n("target"));
        await ch.bind(target, n("dlx"), "cc.*");
        await ch.exchange(n("x"), "direct");
        const source = await ch.queue(n("source"), {
          arguments: { "x-dead-letter-exchange": n("dlx") },
        });
        await ch.bind(source, n("x"), "key");
        ch.publish({
          exchange: n("x"),
          key: "key",
          properties: { headers: { CC: ["cc.1"], BCC: ["bcc.1"] } },
          body: "hi",
        });
        await ch.get(source, false);
        ch.send("basic.reject", { "delivery-tag": 1 });
        await getSoon(ch, target);
      },
    ),
    onChannel("3.10", "dead letter: with a routing key CC is removed", async (ch, n) => {
      const [source, target] = await pair(ch, n);
      ch.publish({ key: source, properties: { headers: { CC: ["cc.1"], own: 1 } }, body: "hi" });
      await ch.get(source, false);
      ch.send("basic.reject", { "delivery-tag": 1 });
      await getSoon(ch, target);
    }),
    onChannel("3.10", "dead letter: a missing exchange drops", async (ch, n) => {
      const source = await ch.queue(n("source"), {
        arguments: { "x-dead-letter-exchange": n("missing") },
      });
      ch.publishAll(source, ["1"]);
      await ch.get(source, false);
      ch.send("basic.reject", { "delivery-tag": 1 });
      await ch.passive(source);
    }),
    onChannel("3.10", "dead letter: purge and delete do not", async (ch, n) => {
      const [source, target] = await pair(ch, n);
      ch.publishAll(source, ["1"]);
      await ch.call("queue.purge", { queue: source });
      ch.publishAll(source, ["2"]);
      await ch.call("queue.delete", { queue: source });
      await ch.get(target);
    }),
    onChannel(
      "3.10",
      "dead letter: two queues make two entries, the newest first",
      async (ch, n) => {
        const last = await ch.queue(n("last"));
        const middle = await ch.queue(n("middle"), {
          arguments: { "x-dead-letter-exchange": "", "x-dead-letter-routing-key": last },
        });
        const first = await ch.queue(n("first"), {
          arguments: {
            "x-dead-letter-exchange": "",
            "x-dead-letter-routing-key": middle,
            "x-message-ttl": 10,
          },
        });
        ch.publishAll(first, ["1"]);
        await ch.untilCount(middle, 1);
        await ch.get(middle, false);
        ch.send("basic.reject", { "delivery-tag": 1 });
        await getSoon(ch, last);
      },
    ),
    onChannel(
      "3.10",
      "dead letter: a second round through the same queue counts 2",
      async (ch, n) => {
        const wait = await ch.queue(n("wait"), {
          arguments: {
            "x-dead-letter-exchange": "",
            "x-dead-letter-routing-key": n("work"),
            "x-message-ttl": 10,
          },
        });
        const work = await ch.queue(n("work"), {
          arguments: { "x-dead-letter-exchange": "", "x-dead-letter-routing-key": wait },
        });
        ch.publishAll(work, ["1"]);
        for (const tag of [1, 2, 3]) {
          await ch.untilCount(work, 1);
          await ch.get(work, false);
          ch.send("basic.reject", { "delivery-tag": tag });
        }
        await getSoon(ch, work);
      },
    ),
    onChannel("3.10", "dead letter: a queue to itself by TTL loses the message", async (ch, n) => {
      const q = await ch.queue(n("q"), {
        arguments: {
          "x-dead-letter-exchange": "",
          "x-dead-letter-routing-key": n("q"),
          "x-message-ttl": 10,
        },
      });
      ch.publishAll(q, ["1"]);
      await elapse(ch, n, 150);
      await ch.get(q);
    }),
    onChannel(
      "3.10",
      "dead letter: a queue to itself by reject goes round and counts",
      async (ch, n) => {
        const q = await ch.queue(n("q"), {
          arguments: { "x-dead-letter-exchange": "", "x-dead-letter-routing-key": n("q") },
        });
        ch.publishAll(q, ["1"]);
        for (const tag of [1, 2]) {
          await ch.untilCount(q, 1);
          await ch.get(q, false);
          ch.send("basic.reject", { "delivery-tag": tag });
        }
        await getSoon(ch, q);
      },
    ),
    onChannel(
      "3.10",
      "dead letter: a cycle of two queues by TTL loses the message",
      async (ch, n) => {
        for (const [queue, next] of [
          ["a", "b"],
          ["b", "a"],
        ] as const) {
          await ch.queue(n(queue), {
            arguments: {
              "x-dead-letter-exchange": "",
              "x-dead-letter-routing-key": n(next),
              "x-message-ttl": 10,
            },
          });
        }
        ch.publishAll(n("a"), ["1"]);
        await elapse(ch, n, 250);
        await ch.get(n("a"));
        await ch.get(n("b"));
      },
    ),
    onChannel(
      "3.10",
      "dead letter: the header of a message that the client publishes again",
      async (ch, n) => {
        const [source, target] = await pair(ch, n);
        ch.publish({
          key: source,
          properties: {
            headers: {
              "x-death": [
                {
                  count: 4,
                  reason: "rejected",
                  queue: source,
                  exchange: "",
                  "routing-keys": [source],
                },
              ],
              "x-first-death-queue": "elsewhere",
            },
          },
          body: "again",
        });
        await ch.get(source, false);
        ch.send("basic.reject", { "delivery-tag": 1 });
        await getSoon(ch, target);
      },
    ),
    onChannel("3.10", "dead letter: redelivered is false in the target", async (ch, n) => {
      const [source, target] = await pair(ch, n);
      ch.publishAll(source, ["1"]);
      await ch.get(source, false);
      ch.send("basic.reject", { "delivery-tag": 1, requeue: true });
      await ch.get(source, false);
      ch.send("basic.reject", { "delivery-tag": 2 });
      await getSoon(ch, target);
    }),
    onChannel(
      "3.10",
      "dead letter: rejected messages arrive in the order of rejects",
      async (ch, n) => {
        const [source, target] = await pair(ch, n);
        ch.publishAll(source, ["1", "2", "3"]);
        for (let count = 0; count < 3; count++) await ch.get(source, false);
        for (const tag of [2, 3, 1]) ch.send("basic.reject", { "delivery-tag": tag });
        await ch.untilCount(target, 3);
        await ch.drain(target);
      },
    ),
  ],
};
