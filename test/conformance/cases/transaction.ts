import { type Group, onChannel } from "../script/session.ts";

/** The tx class. */
export const transaction: Group = {
  name: "transaction",
  cases: [
    onChannel("3.6", "tx: commit without select is a 406", async (ch) => {
      await ch.call("tx.commit");
    }),
    onChannel("3.6", "tx: rollback without select is a 406", async (ch) => {
      await ch.call("tx.rollback");
    }),
    onChannel("3.6", "tx: select twice is fine", async (ch) => {
      await ch.call("tx.select");
      await ch.call("tx.select");
    }),
    onChannel("3.6", "tx: an empty commit and rollback are fine", async (ch) => {
      await ch.call("tx.select");
      await ch.call("tx.commit");
      await ch.call("tx.rollback");
    }),
    onChannel("3.6", "tx: publishes appear with the commit", async (ch, n) => {
      const q = await ch.queue(n("q"));
      await ch.call("tx.select");
      ch.publishAll(q, ["one", "two"]);
      await ch.passive(q);
      await ch.call("tx.commit");
      await ch.passive(q);
      await ch.drain(q);
    }),
    onChannel("3.6", "tx: a rollback drops publishes", async (ch, n) => {
      const q = await ch.queue(n("q"));
      await ch.call("tx.select");
      ch.publishAll(q, ["one"]);
      await ch.call("tx.rollback");
      await ch.call("tx.commit");
      await ch.passive(q);
    }),
    onChannel("3.6", "tx: closing the channel drops publishes", async (ch, n) => {
      const q = await ch.queue(n("q"));
      await ch.call("tx.select");
      ch.publishAll(q, ["one"]);
      await ch.close();
      await ch.reopen();
      await ch.passive(q);
    }),
    onChannel("3.6", "tx: acks take effect with the commit", async (ch, n) => {
      const q = await ch.queue(n("q"));
      ch.publishAll(q, ["one", "two"]);
      await ch.call("tx.select");
      await ch.get(q, false);
      await ch.get(q, false);
      ch.send("basic.ack", { "delivery-tag": 1 });
      await ch.call("tx.commit");
      await ch.close();
      await ch.reopen();
      await ch.untilCount(q, 1);
      await ch.drain(q);
    }),
    onChannel(
      "3.6",
      "tx: a rollback keeps deliveries unacked and does not redeliver them",
      async (ch, n) => {
        const q = await ch.queue(n("q"));
        ch.publishAll(q, ["one"]);
        await ch.call("tx.select");
        await ch.get(q, false);
        ch.send("basic.ack", { "delivery-tag": 1 });
        await ch.call("tx.rollback");
        await ch.get(q, false);
        ch.send("basic.ack", { "delivery-tag": 1 });
        await ch.call("tx.commit");
        await ch.close();
        await ch.reopen();
        await ch.passive(q);
      },
    ),
    onChannel("3.6", "tx: a reject with requeue takes effect with the commit", async (ch, n) => {
      const q = await ch.queue(n("q"));
      ch.publishAll(q, ["one"]);
      await ch.call("tx.select");
      await ch.get(q, false);
      ch.send("basic.reject", { "delivery-tag": 1, requeue: true });
      await ch.passive(q);
      await ch.call("tx.commit");
      await ch.untilCount(q, 1);
    }),
    onChannel("3.6", "tx: an unknown delivery tag is refused at once", async (ch) => {
      await ch.call("tx.select");
      ch.send("basic.ack", { "delivery-tag": 9 });
      await ch.call("tx.commit");
    }),
    onChannel("3.6", "tx: a missing exchange is refused at the publish", async (ch, n) => {
      await ch.call("tx.select");
      ch.publish({ exchange: n("x"), body: "hi" });
      await ch.call("tx.commit");
    }),
    onChannel("3.6", "tx: an unroutable mandatory message is returned", async (ch, n) => {
      await ch.call("tx.select");
      ch.publish({ key: n("missing"), mandatory: true, body: "hi" });
      await ch.call("tx.commit");
    }),
    onChannel("3.6", "tx: a refused publish fails the commit", async (ch, n) => {
      const q = await ch.queue(n("q"), {
        arguments: { "x-max-length": 0, "x-overflow": "reject-publish" },
      });
      await ch.call("tx.select");
      ch.publishAll(q, ["one"]);
      await ch.call("tx.commit");
    }),
    onChannel("3.6", "tx: the channel stays transactional after a commit", async (ch, n) => {
      const q = await ch.queue(n("q"));
      await ch.call("tx.select");
      await ch.call("tx.commit");
      ch.publishAll(q, ["one"]);
      await ch.passive(q);
    }),
  ],
};
