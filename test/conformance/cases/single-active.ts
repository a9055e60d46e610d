import { type Group, onChannel } from "../script/session.ts";

const SINGLE = { arguments: { "x-single-active-consumer": true } };

/** Single active consumer. */
export const singleActive: Group = {
  name: "single-active",
  cases: [
    onChannel("3.7", "single active: only the first consumer is served", async (ch, n) => {
      const q = await ch.queue(n("q"), SINGLE);
      await ch.consume(q, "first", { "no-ack": true });
      await ch.consume(q, "second", { "no-ack": true });
      ch.publishAll(q, ["1", "2", "3"]);
      await ch.take(3);
      await ch.passive(q);
    }),
    onChannel("3.7", "single active: after a cancel the next takes over", async (ch, n) => {
      const q = await ch.queue(n("q"), SINGLE);
      await ch.consume(q, "first", { "no-ack": true });
      await ch.consume(q, "second", { "no-ack": true });
      await ch.consume(q, "third", { "no-ack": true });
      ch.publishAll(q, ["1"]);
      await ch.take(1);
      await ch.call("basic.cancel", { "consumer-tag": "first" });
      ch.publishAll(q, ["2", "3"]);
      await ch.take(2);
    }),
    onChannel(
      "3.7",
      "single active: the next takes over while the old one holds unacked messages",
      async (ch, n) => {
        const q = await ch.queue(n("q"), SINGLE);
        await ch.consume(q, "first");
        await ch.consume(q, "second");
        ch.publishAll(q, ["1"]);
        await ch.take(1);
        await ch.call("basic.cancel", { "consumer-tag": "first" });
        ch.publishAll(q, ["2"]);
        await ch.take(1);
        await ch.passive(q);
      },
    ),
    onChannel(
      "3.7",
      "single active: a closed channel hands over, its messages first",
      async (ch, n) => {
        const other = await ch.peer.channel(2);
        const q = await other.queue(n("q"), SINGLE);
        await ch.consume(q, "first");
        await other.consume(q, "second");
        other.publishAll(q, ["1", "2"]);
        await ch.take(2);
        await ch.close();
        await other.take(2);
      },
    ),
    onChannel("3.7", "single active: exclusive consume is refused", async (ch, n) => {
      const q = await ch.queue(n("q"), SINGLE);
      await ch.consume(q, "t", { exclusive: true });
    }),
    onChannel("3.7", "single active: basic.get is allowed", async (ch, n) => {
      const q = await ch.queue(n("q"), SINGLE);
      ch.publishAll(q, ["1"]);
      await ch.get(q);
    }),
    onChannel("3.7", "single active: priority does not replace the active one", async (ch, n) => {
      const q = await ch.queue(n("q"), SINGLE);
      await ch.consume(q, "low", { "no-ack": true });
      await ch.consume(q, "high", { "no-ack": true, arguments: { "x-priority": 10 } });
      ch.publishAll(q, ["1"]);
      await ch.take(1);
    }),
    onChannel("3.7", "single active: the prefetch limit of the active one holds", async (ch, n) => {
      const q = await ch.queue(n("q"), SINGLE);
      await ch.call("basic.qos", { "prefetch-count": 1 });
      await ch.consume(q, "first");
      await ch.consume(q, "second");
      ch.publishAll(q, ["1", "2"]);
      await ch.take(1);
      await ch.untilCount(q, 1);
    }),
  ],
};
