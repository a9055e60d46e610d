import { type Case, type Group, onChannel } from "../script/session.ts";
import type { Arguments } from "../wire/methods.ts";

function unknownTag(method: string, args: Arguments): Case {
  const shown = Object.entries(args).map(([key, value]) => `${key} ${String(value)}`);
  return onChannel("3.7", `${method}: ${shown.join(", ")} is unknown`, async (ch) => {
    ch.send(method, args);
    await ch.take(1);
  });
}

const FIVE: readonly string[] = ["1", "2", "3", "4", "5"];

/** basic.get, ack, nack, reject and recover. */
export const acknowledge: Group = {
  name: "acknowledge",
  cases: [
    onChannel("3.7", "get: a missing queue is a 404", async (ch, n) => {
      await ch.get(n("q"));
    }),
    onChannel("3.7", "get: an empty name without a declared queue is a 404", async (ch) => {
      await ch.get("");
    }),
    onChannel("3.7", "get: an empty name means the last queue", async (ch, n) => {
      const q = await ch.queue(n("q"));
      ch.publishAll(q, ["one"]);
      await ch.get("");
    }),
    onChannel("3.7", "get: an empty queue answers get-empty", async (ch, n) => {
      await ch.get(await ch.queue(n("q")));
    }),
    onChannel("3.7", "get: the count is of the messages left", async (ch, n) => {
      const q = await ch.queue(n("q"));
      ch.publishAll(q, ["1", "2", "3"]);
      await ch.get(q, false);
      await ch.get(q);
      await ch.get(q, false);
      await ch.get(q);
    }),
    onChannel("3.7", "delivery tags count get, consume and no_ack alike", async (ch, n) => {
      const q = await ch.queue(n("q"));
      ch.publishAll(q, ["1", "2"]);
      await ch.get(q);
      await ch.get(q, false);
      await ch.consume(q, "t", { "no-ack": true });
      ch.publishAll(q, ["3"]);
      await ch.take(1);
      ch.send("basic.ack", { "delivery-tag": 2 });
    }),
    onChannel("3.7", "ack: a no_ack delivery cannot be acked", async (ch, n) => {
      const q = await ch.queue(n("q"));
      ch.publishAll(q, ["1"]);
      await ch.get(q);
      ch.send("basic.ack", { "delivery-tag": 1 });
      await ch.take(1);
    }),
    unknownTag("basic.ack", { "delivery-tag": 99 }),
    unknownTag("basic.ack", { "delivery-tag": 0 }),
    unknownTag("basic.ack", { "delivery-tag": 1, multiple: true }),
    unknownTag("basic.nack", { "delivery-tag": 99 }),
    unknownTag("basic.nack", { "delivery-tag": 0 }),
    unknownTag("basic.nack", { "delivery-tag": 1, multiple: true }),
    unknownTag("basic.reject", { "delivery-tag": 99 }),
    unknownTag("basic.reject", { "delivery-tag": 0 }),
    onChannel("3.7", "ack: multiple with tag 0 is fine with nothing outstanding", async (ch) => {
      ch.send("basic.ack", { "delivery-tag": 0, multiple: true });
      ch.send("basic.nack", { "delivery-tag": 0, multiple: true });
      await ch.barrier();
    }),
    onChannel("3.7", "ack: multiple with tag 0 acks all", async (ch, n) => {
      const q = await ch.queue(n("q"));
      ch.publishAll(q, FIVE);
      await ch.consume(q, "t");
      await ch.take(5);
      ch.send("basic.ack", { "delivery-tag": 0, multiple: true });
      ch.send("basic.ack", { "delivery-tag": 1 });
      await ch.take(1);
      await ch.reopen();
      await ch.countAndDelete(q);
    }),
    onChannel("3.7", "ack: the same tag twice is unknown", async (ch, n) => {
      const q = await ch.queue(n("q"));
      ch.publishAll(q, ["1"]);
      await ch.get(q, false);
      ch.send("basic.ack", { "delivery-tag": 1 });
      ch.send("basic.ack", { "delivery-tag": 1 });
      await ch.take(1);
    }),
    onChannel("3.7", "ack: multiple acks up to the tag", async (ch, n) => {
      const q = await ch.queue(n("q"));
      ch.publishAll(q, FIVE);
      await ch.consume(q, "t");
      await ch.take(5);
      ch.send("basic.ack", { "delivery-tag": 3, multiple: true });
      await ch.close();
      await ch.reopen();
      await ch.untilCount(q, 2);
      await ch.drain(q);
    }),
    onChannel(
      "3.7",
      "ack: multiple up to a tag already acked works while an older one is outstanding",
      async (ch, n) => {
        const q = await ch.queue(n("q"));
        ch.publishAll(q, ["1", "2"]);
        await ch.get(q, false);
        await ch.get(q, false);
        ch.send("basic.ack", { "delivery-tag": 2 });
        ch.send("basic.ack", { "delivery-tag": 2, multiple: true });
        await ch.countAndDelete(q);
      },
    ),
    onChannel("3.7", "ack: a tag of another channel is unknown", async (ch, n) => {
      const other = await ch.peer.channel(2);
      const q = await ch.queue(n("q"));
      ch.publishAll(q, ["1"]);
      await ch.get(q, false);
      other.send("basic.ack", { "delivery-tag": 1 });
      await other.take(1);
      await ch.countAndDelete(q);
    }),
    onChannel("3.7", "reject: without requeue the message is gone", async (ch, n) => {
      const q = await ch.queue(n("q"));
      ch.publishAll(q, ["1", "2"]);
      await ch.get(q, false);
      ch.send("basic.reject", { "delivery-tag": 1 });
      await ch.passive(q);
      await ch.get(q);
    }),
    onChannel(
      "3.7",
      "reject: with requeue the message returns to its place, redelivered",
      async (ch, n) => {
        const q = await ch.queue(n("q"));
        ch.publishAll(q, ["1", "2", "3"]);
        await ch.get(q, false);
        ch.send("basic.reject", { "delivery-tag": 1, requeue: true });
        await ch.drain(q);
      },
    ),
    onChannel("3.7", "nack: requeued messages keep their place among others", async (ch, n) => {
      const q = await ch.queue(n("q"));
      ch.publishAll(q, FIVE);
      for (let count = 0; count < 4; count++) await ch.get(q, false);
      ch.send("basic.nack", { "delivery-tag": 3, requeue: true });
      ch.send("basic.nack", { "delivery-tag": 1, requeue: true });
      await ch.drain(q);
    }),
    onChannel("3.7", "nack: multiple requeues all up to the tag", async (ch, n) => {
      const q = await ch.queue(n("q"));
      ch.publishAll(q, FIVE);
      for (let count = 0; count < 4; count++) await ch.get(q, false);
      ch.send("basic.nack", { "delivery-tag": 3, multiple: true, requeue: true });
      await ch.drain(q);
    }),
    onChannel("3.7", "nack: multiple with tag 0 requeues all", async (ch, n) => {
      const q = await ch.queue(n("q"));
      ch.publishAll(q, ["1", "2", "3"]);
      for (let count = 0; count < 3; count++) await ch.get(q, false);
      ch.send("basic.nack", { "delivery-tag": 0, multiple: true, requeue: true });
      await ch.drain(q);
    }),
    onChannel("3.7", "nack: without requeue the messages are gone", async (ch, n) => {
      const q = await ch.queue(n("q"));
      ch.publishAll(q, ["1", "2", "3"]);
      for (let count = 0; count < 2; count++) await ch.get(q, false);
      ch.send("basic.nack", { "delivery-tag": 2, multiple: true });
      await ch.drain(q);
    }),
    onChannel("3.7", "nack: a requeued message goes to a waiting consumer again", async (ch, n) => {
      const q = await ch.queue(n("q"));
      await ch.consume(q, "t");
      ch.publishAll(q, ["1"]);
      await ch.take(1);
      ch.send("basic.nack", { "delivery-tag": 1, requeue: true });
      await ch.take(1);
      ch.send("basic.ack", { "delivery-tag": 2 });
      await ch.passive(q);
    }),
    onChannel(
      "3.7",
      "recover: with requeue outstanding messages are delivered again",
      async (ch, n) => {
        const q = await ch.queue(n("q"));
        ch.publishAll(q, ["1", "2"]);
        await ch.get(q, false);
        await ch.get(q, false);
        await ch.call("basic.recover", { requeue: true });
        await ch.drain(q);
      },
    ),
    onChannel("3.7", "recover: old tags are unknown afterwards", async (ch, n) => {
      const q = await ch.queue(n("q"));
      ch.publishAll(q, ["1"]);
      await ch.get(q, false);
      await ch.call("basic.recover", { requeue: true });
      ch.send("basic.ack", { "delivery-tag": 1 });
      await ch.take(1);
    }),
    onChannel("3.7", "recover: without requeue is a 540", async (ch) => {
      await ch.call("basic.recover", { requeue: false });
    }),
    onChannel("3.7", "recover: nothing outstanding is fine", async (ch) => {
      await ch.call("basic.recover", { requeue: true });
    }),
    onChannel("3.7", "recover-async: with requeue, without an answer", async (ch, n) => {
      const q = await ch.queue(n("q"));
      ch.publishAll(q, ["1"]);
      await ch.get(q, false);
      ch.send("basic.recover-async", { requeue: true });
      await ch.get(q);
    }),
    onChannel("3.7", "recover-async: without requeue is a 540", async (ch) => {
      ch.send("basic.recover-async", { requeue: false });
      await ch.take(1);
    }),
  ],
};
