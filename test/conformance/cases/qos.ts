import { type Group, onChannel } from "../script/session.ts";

/** basic.qos. */
export const qos: Group = {
  name: "qos",
  cases: [
    onChannel("3.7", "qos: a prefetch size is a 540", async (ch) => {
      await ch.call("basic.qos", { "prefetch-size": 10 });
    }),
    onChannel(
      "3.7",
      "qos: the limit holds for a consumer, and an ack makes room",
      async (ch, n) => {
        const q = await ch.queue(n("q"));
        ch.publishAll(q, ["1", "2", "3"]);
        await ch.call("basic.qos", { "prefetch-count": 1 });
        await ch.consume(q, "t");
        await ch.take(1);
        await ch.untilCount(q, 2);
        ch.send("basic.ack", { "delivery-tag": 1 });
        await ch.take(1);
        await ch.untilCount(q, 1);
      },
    ),
    onChannel("3.7", "qos: each consumer has its own limit", async (ch, n) => {
      const q = await ch.queue(n("q"));
      await ch.call("basic.qos", { "prefetch-count": 2 });
      await ch.consume(q, "a");
      await ch.consume(q, "b");
      ch.publishAll(q, ["1", "2", "3", "4", "5", "6"]);
      await ch.take(4);
      await ch.untilCount(q, 2);
    }),
    onChannel("3.7", "qos: a change holds for later consumers only", async (ch, n) => {
      const q = await ch.queue(n("q"));
      await ch.call("basic.qos", { "prefetch-count": 1 });
      await ch.consume(q, "a");
      await ch.call("basic.qos", { "prefetch-count": 2 });
      await ch.consume(q, "b");
      ch.publishAll(q, ["1", "2", "3", "4", "5"]);
      await ch.take(3);
      await ch.untilCount(q, 2);
    }),
    onChannel("3.7", "qos: a global limit is shared by the channel", async (ch, n) => {
      const q = await ch.queue(n("q"));
      await ch.call("basic.qos", { "prefetch-count": 3, global: true });
      await ch.consume(q, "a");
      await ch.consume(q, "b");
      ch.publishAll(q, ["1", "2", "3", "4", "5"]);
      await ch.take(3);
      await ch.untilCount(q, 2);
      ch.send("basic.ack", { "delivery-tag": 3, multiple: true });
      await ch.take(2);
    }),
    onChannel("3.7", "qos: a global limit set later holds for earlier consumers", async (ch, n) => {
      const q = await ch.queue(n("q"));
      await ch.consume(q, "a");
      await ch.call("basic.qos", { "prefetch-count": 1, global: true });
      ch.publishAll(q, ["1", "2"]);
      await ch.take(1);
      await ch.untilCount(q, 1);
    }),
    onChannel("3.7", "qos: a raised global limit delivers more", async (ch, n) => {
      const q = await ch.queue(n("q"));
      await ch.call("basic.qos", { "prefetch-count": 1, global: true });
      await ch.consume(q, "a");
      ch.publishAll(q, ["1", "2", "3"]);
      await ch.take(1);
      await ch.untilCount(q, 2);
      ch.send("basic.qos", { "prefetch-count": 2, global: true });
      await ch.takeSorted(2, (item) => item.method);
      await ch.untilCount(q, 1);
    }),
    onChannel("3.7", "qos: zero means no limit", async (ch, n) => {
      const q = await ch.queue(n("q"));
      await ch.call("basic.qos", { "prefetch-count": 1 });
      await ch.call("basic.qos", { "prefetch-count": 0 });
      await ch.consume(q, "t");
      ch.publishAll(q, ["1", "2", "3"]);
      await ch.take(3);
    }),
    onChannel("3.7", "qos: basic.get is not limited", async (ch, n) => {
      const q = await ch.queue(n("q"));
      ch.publishAll(q, ["1", "2", "3"]);
      await ch.call("basic.qos", { "prefetch-count": 1 });
      await ch.get(q, false);
      await ch.get(q, false);
      await ch.call("basic.qos", { "prefetch-count": 1, global: true });
      await ch.get(q, false);
    }),
    onChannel("3.7", "qos: a no_ack consumer is not limited", async (ch, n) => {
      const q = await ch.queue(n("q"));
      await ch.call("basic.qos", { "prefetch-count": 1 });
      await ch.consume(q, "t", { "no-ack": true });
      ch.publishAll(q, ["1", "2", "3"]);
      await ch.take(3);
    }),
    onChannel("3.7", "qos: a reject makes room as an ack does", async (ch, n) => {
      const q = await ch.queue(n("q"));
      ch.publishAll(q, ["1", "2"]);
      await ch.call("basic.qos", { "prefetch-count": 1 });
      await ch.consume(q, "t");
      await ch.take(1);
      ch.send("basic.reject", { "delivery-tag": 1 });
      await ch.take(1);
    }),
  ],
};
