import { elapse } from "../script/elapse.ts";
import { type Group, onChannel } from "../script/session.ts";

/** Message TTL. */
export const ttl: Group = {
  name: "ttl",
  cases: [
    onChannel("3.9", "ttl: a queue's TTL removes messages", async (ch, n) => {
      const q = await ch.queue(n("q"), { arguments: { "x-message-ttl": 30 } });
      ch.publishAll(q, ["1", "2"]);
      await elapse(ch, n, 120);
      await ch.get(q);
    }),
    onChannel("3.9", "ttl: a message's expiration removes it", async (ch, n) => {
      const q = await ch.queue(n("q"));
      ch.publishAll(q, ["1", "2"], { expiration: "30" });
      await elapse(ch, n, 120);
      await ch.get(q);
    }),
    onChannel("3.9", "ttl: the lower of both applies", async (ch, n) => {
      const q = await ch.queue(n("q"), { arguments: { "x-message-ttl": 3_600_000 } });
      ch.publishAll(q, ["1"], { expiration: "30" });
      const p = await ch.queue(n("p"), { arguments: { "x-message-ttl": 30 } });
      ch.publishAll(p, ["1"], { expiration: "3600000" });
      await elapse(ch, n, 120);
      await ch.get(q);
      await ch.get(p);
    }),
    onChannel("3.9", "ttl: 0 on an idle queue expires at once", async (ch, n) => {
      const q = await ch.queue(n("q"), { arguments: { "x-message-ttl": 0 } });
      ch.publishAll(q, ["1"]);
      await ch.get(q);
    }),
    onChannel("3.9", "ttl: 0 reaches a consumer that waits", async (ch, n) => {
      const q = await ch.queue(n("q"), { arguments: { "x-message-ttl": 0 } });
      await ch.consume(q, "t", { "no-ack": true });
      ch.publishAll(q, ["1"]);
      await ch.take(1);
    }),
    onChannel("3.9", "ttl: expiration 0 reaches a consumer that waits", async (ch, n) => {
      const q = await ch.queue(n("q"));
      await ch.consume(q, "t", { "no-ack": true });
      ch.publishAll(q, ["1"], { expiration: "0" });
      await ch.take(1);
    }),
    onChannel("3.9", "ttl: expiration 0 on an idle queue expires at once", async (ch, n) => {
      const q = await ch.queue(n("q"));
      ch.publishAll(q, ["1"], { expiration: "0" });
      await ch.get(q);
    }),
    onChannel(
      "3.9",
      "ttl: an expired message behind one that is not stays counted",
      async (ch, n) => {
        const q = await ch.queue(n("q"));
        ch.publish({ key: q, body: "stays" });
        ch.publish({ key: q, properties: { expiration: "20" }, body: "expires" });
        await elapse(ch, n, 150);
        await ch.passive(q);
        await ch.get(q);
        await ch.get(q);
      },
    ),
    onChannel("3.9", "ttl: a requeued message keeps its expiry", async (ch, n) => {
      const q = await ch.queue(n("q"));
      ch.publishAll(q, ["1"], { expiration: "50" });
      await ch.get(q, false);
      await elapse(ch, n, 150);
      ch.send("basic.reject", { "delivery-tag": 1, requeue: true });
      await ch.get(q);
    }),
    onChannel("3.9", "ttl: an unacked message does not expire", async (ch, n) => {
      const q = await ch.queue(n("q"));
      ch.publishAll(q, ["1"], { expiration: "50" });
      await ch.get(q, false);
      await elapse(ch, n, 150);
      ch.send("basic.ack", { "delivery-tag": 1 });
      await ch.barrier();
    }),
    onChannel(
      "3.9",
      "ttl: expiration stays in the properties of a delivered message",
      async (ch, n) => {
        const q = await ch.queue(n("q"));
        ch.publishAll(q, ["1"], { expiration: "60000" });
        await ch.get(q);
      },
    ),
    onChannel("3.9", "ttl: purged and expired queues take messages again", async (ch, n) => {
      const q = await ch.queue(n("q"), { arguments: { "x-message-ttl": 30 } });
      ch.publishAll(q, ["1"]);
      await elapse(ch, n, 120);
      await ch.consume(q, "t", { "no-ack": true });
      ch.publishAll(q, ["2"]);
      await ch.take(1);
    }),
  ],
};
