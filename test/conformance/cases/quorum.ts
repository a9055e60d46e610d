import type { Channel } from "../script/channel.ts";
import { type Case, type Group, onChannel } from "../script/session.ts";
import type { FieldTable } from "../wire/field-value.ts";

type Name = (short: string) => string;

async function quorumQueue(ch: Channel, name: string, table: FieldTable = {}): Promise<string> {
  return await ch.queue(name, { durable: true, arguments: { "x-queue-type": "quorum", ...table } });
}

/** Publishes one by one, each confirmed, so that the queue holds them in order. */
async function fill(ch: Channel, queue: string, bodies: readonly string[]): Promise<void> {
  await ch.call("confirm.select");
  for (const body of bodies) {
    ch.publish({ key: queue, body });
    await ch.confirmOne();
  }
}

function withQueue(
  name: string,
  script: (ch: Channel, queue: string, n: Name) => Promise<void>,
  table: FieldTable = {},
): Case {
  return onChannel("3.7", `quorum: ${name}`, async (ch, n) => {
    await script(ch, await quorumQueue(ch, n("q"), table), n);
  });
}

/** What differs in quorum queues. */
export const quorum: Group = {
  name: "quorum",
  cases: [
    withQueue("publish and get", async (ch, q) => {
      await fill(ch, q, ["1", "2"]);
      await ch.get(q);
      await ch.get(q);
      await ch.get(q);
    }),
    withQueue("consume and ack", async (ch, q) => {
      await fill(ch, q, ["1", "2"]);
      await ch.consume(q, "t");
      await ch.take(2);
      ch.send("basic.ack", { "delivery-tag": 2, multiple: true });
      await ch.call("basic.cancel", { "consumer-tag": "t" });
      await ch.call("basic.recover", { requeue: true });
      await ch.get(q);
    }),
    withQueue("purge counts", async (ch, q) => {
      await fill(ch, q, ["1", "2"]);
      await ch.call("queue.purge", { queue: q });
    }),
    withQueue("delete if-unused is a 540", async (ch, q) => {
      await ch.call("queue.delete", { queue: q, "if-unused": true });
    }),
    withQueue("delete if-empty is a 540", async (ch, q) => {
      await ch.call("queue.delete", { queue: q, "if-empty": true });
    }),
    withQueue("consume on a channel with global qos is a 540", async (ch, q) => {
      await ch.call("basic.qos", { "prefetch-count": 1, global: true });
      await ch.consume(q, "t");
    }),
    withQueue("an ack makes room under the prefetch limit", async (ch, q) => {
      await fill(ch, q, ["1", "2"]);
      await ch.call("basic.qos", { "prefetch-count": 1 });
      await ch.consume(q, "t");
      await ch.take(1);
      ch.send("basic.ack", { "delivery-tag": 1 });
      await ch.take(1);
    }),
    withQueue("a returned message carries its delivery count", async (ch, q) => {
      await fill(ch, q, ["1"]);
      for (const tag of [1, 2]) {
        await ch.untilCount(q, 1);
        await ch.get(q, false);
        ch.send("basic.nack", { "delivery-tag": tag, requeue: true });
      }
      await ch.untilCount(q, 1);
      await ch.get(q);
    }),
    withQueue("a requeued message without a limit", async (ch, q) => {
      await fill(ch, q, ["1", "2", "3", "4", "5"]);
      for (let count = 0; count < 3; count++) await ch.get(q, false);
      ch.send("basic.nack", { "delivery-tag": 2, requeue: true });
      await ch.untilCount(q, 3);
      await ch.drain(q);
    }),
    withQueue(
      "a requeued message with a limit comes first",
      async (ch, q) => {
        await fill(ch, q, ["1", "2", "3", "4", "5"]);
        for (let count = 0; count < 3; count++) await ch.get(q, false);
        ch.send("basic.nack", { "delivery-tag": 2, requeue: true });
        await ch.untilCount(q, 3);
        await ch.drain(q);
      },
      { "x-delivery-limit": 10 },
    ),
    withQueue(
      "a message over the delivery limit is dropped",
      async (ch, q) => {
        await fill(ch, q, ["1"]);
        for (const tag of [1, 2]) {
          await ch.untilCount(q, 1);
          await ch.get(q, false);
          ch.send("basic.nack", { "delivery-tag": tag, requeue: true });
        }
        await ch.get(q);
      },
      { "x-delivery-limit": 1 },
    ),
    onChannel(
      "3.7",
      "quorum: a message over the delivery limit is dead-lettered",
      async (ch, n) => {
        const target = await ch.queue(n("target"));
        const q = await quorumQueue(ch, n("q"), {
          "x-delivery-limit": 2,
          "x-dead-letter-exchange": "",
          "x-dead-letter-routing-key": target,
        });
        await fill(ch, q, ["1"]);
        for (const tag of [1, 2, 3]) {
          await ch.untilCount(q, 1);
          await ch.get(q, false);
          ch.send("basic.reject", { "delivery-tag": tag, requeue: true });
        }
        await ch.untilCount(target, 1);
        await ch.get(target);
      },
    ),
    onChannel("3.10", "quorum: a rejected message is dead-lettered", async (ch, n) => {
      const target = await ch.queue(n("target"));
      const q = await quorumQueue(ch, n("q"), {
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": target,
      });
      await fill(ch, q, ["1"]);
      await ch.get(q, false);
      ch.send("basic.reject", { "delivery-tag": 1 });
      await ch.untilCount(target, 1);
      await ch.get(target);
    }),
    onChannel("3.10", "quorum: an expired message is dead-lettered", async (ch, n) => {
      const target = await ch.queue(n("target"));
      const q = await quorumQueue(ch, n("q"), {
        "x-message-ttl": 20,
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": target,
      });
      ch.publishAll(q, ["1"]);
      await ch.untilCount(target, 1);
      await ch.get(target);
    }),
    withQueue(
      "max-length drops the oldest",
      async (ch, q) => {
        await fill(ch, q, ["1", "2", "3"]);
        await ch.untilCount(q, 2);
        await ch.drain(q);
      },
      { "x-max-length": 2 },
    ),
    withQueue(
      "single active: basic.get is a 405",
      async (ch, q) => {
        await ch.get(q);
      },
      { "x-single-active-consumer": true },
    ),
    withQueue(
      "single active: the next takes over after a cancel",
      async (ch, q) => {
        await ch.consume(q, "first");
        await ch.consume(q, "second");
        ch.publishAll(q, ["1"]);
        await ch.take(1);
        await ch.call("basic.cancel", { "consumer-tag": "first" });
        ch.publishAll(q, ["2"]);
        await ch.take(1);
      },
      { "x-single-active-consumer": true },
    ),
    withQueue("a closed channel returns what was unacked", async (ch, q) => {
      await fill(ch, q, ["1", "2"]);
      await ch.consume(q, "t");
      await ch.take(2);
      await ch.close();
      await ch.reopen();
      await ch.untilCount(q, 2);
      await ch.drain(q);
    }),
    withQueue("a transient message keeps its delivery mode", async (ch, q) => {
      await ch.call("confirm.select");
      ch.publish({ key: q, properties: { "delivery-mode": 1 }, body: "1" });
      await ch.confirmOne();
      await ch.get(q);
    }),
    withQueue("exclusive consume", async (ch, q) => {
      await ch.consume(q, "a", { exclusive: true });
      await ch.consume(q, "b");
    }),
    withQueue("x-priority of consumers that is a string", async (ch, q) => {
      await ch.consume(q, "t", { arguments: { "x-priority": "5" } });
    }),
    withQueue("deleting the queue cancels the consumer", async (ch, q) => {
      const other = await ch.peer.channel(2);
      await ch.consume(q, "t");
      await other.call("queue.delete", { queue: q });
      await ch.take(1);
    }),
    withQueue("consumers of higher priority are served first", async (ch, q) => {
      await ch.call("basic.qos", { "prefetch-count": 1 });
      await ch.consume(q, "low", { arguments: { "x-priority": 1 } });
      await ch.consume(q, "high", { arguments: { "x-priority": 5 } });
      ch.publishAll(q, ["1"]);
      await ch.take(1);
    }),
    withQueue("nack multiple without requeue removes", async (ch, q) => {
      await fill(ch, q, ["1", "2", "3"]);
      await ch.get(q, false);
      await ch.get(q, false);
      ch.send("basic.nack", { "delivery-tag": 2, multiple: true });
      await ch.get(q);
      await ch.get(q);
    }),
    withQueue("an unknown delivery tag is a 406", async (ch) => {
      ch.send("basic.ack", { "delivery-tag": 5 });
      await ch.take(1);
    }),
    withQueue("deleted and declared again it is empty", async (ch, q) => {
      await fill(ch, q, ["1"]);
      await ch.call("queue.delete", { queue: q });
      await quorumQueue(ch, q);
      await ch.get(q);
    }),
  ],
};
