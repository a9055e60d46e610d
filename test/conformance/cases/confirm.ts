import { type Group, onChannel } from "../script/session.ts";

/** Publisher confirms. */
export const confirm: Group = {
  name: "confirm",
  cases: [
    onChannel("3.6", "confirm.select twice is fine", async (ch) => {
      await ch.call("confirm.select");
      await ch.call("confirm.select");
    }),
    onChannel("3.6", "confirm.select on a transactional channel is a 406", async (ch) => {
      await ch.call("tx.select");
      await ch.call("confirm.select");
    }),
    onChannel("3.6", "tx.select on a confirming channel is a 406", async (ch) => {
      await ch.call("confirm.select");
      await ch.call("tx.select");
    }),
    onChannel("3.6", "a routed message is acked", async (ch, n) => {
      const q = await ch.queue(n("q"));
      await ch.call("confirm.select");
      ch.publish({ key: q, body: "hi" });
      await ch.confirms(1);
    }),
    onChannel("3.6", "an unroutable message is acked", async (ch, n) => {
      await ch.call("confirm.select");
      ch.publish({ key: n("missing"), body: "hi" });
      await ch.take(1);
    }),
    onChannel("3.6", "a returned message is acked after its return", async (ch, n) => {
      await ch.call("confirm.select");
      ch.publish({ key: n("missing"), mandatory: true, body: "hi" });
      await ch.take(2);
    }),
    onChannel("3.6", "many messages are all acked", async (ch, n) => {
      const q = await ch.queue(n("q"));
      await ch.call("confirm.select");
      ch.publishAll(
        q,
        Array.from({ length: 20 }, (_, index) => `message ${index + 1}`),
      );
      await ch.confirms(20);
      await ch.passive(q);
    }),
    onChannel("3.6", "persistent messages to a durable queue are acked", async (ch, n) => {
      const q = await ch.queue(n("q"), { durable: true });
      await ch.call("confirm.select");
      ch.publishAll(q, ["1", "2", "3"], { "delivery-mode": 2 });
      await ch.confirms(3);
    }),
    onChannel("3.6", "a message to several queues is acked once", async (ch, n) => {
      await ch.exchange(n("x"), "fanout");
      for (const queue of ["a", "b", "c"]) {
        await ch.queue(n(queue));
        await ch.bind(n(queue), n("x"));
      }
      await ch.call("confirm.select");
      ch.publish({ exchange: n("x"), body: "hi" });
      await ch.take(1);
      await ch.passive(n("a"));
    }),
    onChannel("3.6", "numbering starts with confirm.select", async (ch, n) => {
      const q = await ch.queue(n("q"));
      ch.publishAll(q, ["before"]);
      await ch.call("confirm.select");
      ch.publish({ key: q, body: "after" });
      await ch.take(1);
    }),
    onChannel("3.6", "numbering is per channel", async (ch, n) => {
      const other = await ch.peer.channel(2);
      const q = await ch.queue(n("q"));
      await ch.call("confirm.select");
      await other.call("confirm.select");
      ch.publish({ key: q, body: "one" });
      await ch.take(1);
      ch.publish({ key: q, body: "two" });
      await ch.take(1);
      other.publish({ key: q, body: "three" });
      await other.take(1);
    }),
    onChannel("3.11", "a publish over a reject-publish limit is nacked", async (ch, n) => {
      const q = await ch.queue(n("q"), {
        arguments: { "x-max-length": 2, "x-overflow": "reject-publish" },
      });
      await ch.call("confirm.select");
      for (const body of ["1", "2", "3", "4"]) {
        ch.publish({ key: q, body });
        await ch.confirmOne();
      }
      await ch.drain(q);
    }),
    onChannel("3.11", "a message refused by one of two queues is nacked", async (ch, n) => {
      await ch.exchange(n("x"), "fanout");
      await ch.queue(n("full"), {
        arguments: { "x-max-length": 0, "x-overflow": "reject-publish" },
      });
      await ch.queue(n("open"));
      await ch.bind(n("full"), n("x"));
      await ch.bind(n("open"), n("x"));
      await ch.call("confirm.select");
      ch.publish({ exchange: n("x"), body: "hi" });
      await ch.confirmOne();
      await ch.passive(n("full"));
      await ch.passive(n("open"));
    }),
    onChannel(
      "3.6",
      "a channel error leaves no confirm behind on the reopened channel",
      async (ch, n) => {
        const q = await ch.queue(n("q"));
        await ch.call("confirm.select");
        ch.publish({ exchange: n("missing"), key: q, body: "hi" });
        await ch.take(1);
        await ch.reopen();
        ch.publish({ key: q, body: "unconfirmed" });
        await ch.untilCount(q, 1);
      },
    ),
  ],
};
