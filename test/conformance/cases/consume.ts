import { CLIENT_CAPABILITIES } from "../script/peer.ts";
import { type Case, type Group, onChannel, scenario } from "../script/session.ts";
import { type FieldValue, typed } from "../wire/field-value.ts";

function badPriority(name: string, value: FieldValue): Case {
  return onChannel("3.7", `consume: x-priority that is ${name} is refused`, async (ch, n) => {
    const q = await ch.queue(n("q"));
    await ch.consume(q, "t", { arguments: { "x-priority": value } });
  });
}

/** basic.consume, basic.cancel and deliveries. */
export const consume: Group = {
  name: "consume",
  cases: [
    onChannel("3.7", "consume: a missing queue is a 404", async (ch, n) => {
      await ch.consume(n("q"), "t");
    }),
    onChannel("3.7", "consume: an empty name without a declared queue is a 404", async (ch) => {
      await ch.consume("", "t");
    }),
    onChannel("3.7", "consume: an empty name means the last queue", async (ch, n) => {
      const q = await ch.queue(n("q"));
      ch.publishAll(q, ["one"]);
      await ch.consume("", "t");
      await ch.take(1);
    }),
    onChannel("3.7", "consume: an empty tag makes a tag", async (ch, n) => {
      const q = await ch.queue(n("q"));
      ch.publishAll(q, ["one"]);
      const ok = await ch.consume(q, "");
      await ch.take(1);
      await ch.call("basic.cancel", { "consumer-tag": String(ok.args["consumer-tag"]) });
    }),
    onChannel("3.7", "consume: a tag in use on the channel is a 530", async (ch, n) => {
      const q = await ch.queue(n("q"));
      await ch.consume(q, "t");
      await ch.consume(q, "t");
    }),
    onChannel("3.7", "consume: the same tag on another channel is fine", async (ch, n) => {
      const other = await ch.peer.channel(2);
      const q = await ch.queue(n("q"));
      await ch.consume(q, "t");
      await other.consume(q, "t");
    }),
    onChannel(
      "3.7",
      "consume: messages that were there come in order after consume-ok",
      async (ch, n) => {
        const q = await ch.queue(n("q"));
        ch.publishAll(q, ["1", "2", "3"]);
        await ch.consume(q, "t");
        await ch.take(3);
      },
    ),
    onChannel("3.7", "consume: messages that come later are delivered in order", async (ch, n) => {
      const q = await ch.queue(n("q"));
      await ch.consume(q, "t", { "no-ack": true });
      ch.publishAll(q, ["1", "2", "3"]);
      await ch.take(3);
    }),
    onChannel("3.7", "consume: deliveries carry exchange, key and properties", async (ch, n) => {
      await ch.exchange(n("x"), "topic");
      const q = await ch.queue(n("q"));
      await ch.bind(q, n("x"), "#");
      await ch.consume(q, "t", { "no-ack": true });
      ch.publish({
        exchange: n("x"),
        key: "a.b",
        properties: { "content-type": "text/plain", headers: { h: 1 } },
        body: "hi",
      });
      await ch.take(1);
    }),
    onChannel("3.7", "consume: no_local is ignored", async (ch, n) => {
      const q = await ch.queue(n("q"));
      await ch.consume(q, "t", { "no-local": true, "no-ack": true });
      ch.publishAll(q, ["own"]);
      await ch.take(1);
    }),
    onChannel("3.7", "consume: equal consumers take turns", async (ch, n) => {
      const q = await ch.queue(n("q"));
      await ch.consume(q, "a", { "no-ack": true });
      await ch.consume(q, "b", { "no-ack": true });
      ch.publishAll(q, ["1", "2", "3", "4"]);
      await ch.takeSorted(4, (item) => String(item.args["delivery-tag"]));
    }),
    onChannel(
      "3.7",
      "consume: unacked messages of a cancelled consumer stay unacked",
      async (ch, n) => {
        const q = await ch.queue(n("q"));
        ch.publishAll(q, ["1"]);
        await ch.consume(q, "t");
        await ch.take(1);
        await ch.call("basic.cancel", { "consumer-tag": "t" });
        await ch.passive(q);
        ch.send("basic.ack", { "delivery-tag": 1 });
        await ch.passive(q);
      },
    ),
    onChannel("3.7", "consume: nothing is delivered after cancel-ok", async (ch, n) => {
      const q = await ch.queue(n("q"));
      await ch.consume(q, "t", { "no-ack": true });
      await ch.call("basic.cancel", { "consumer-tag": "t" });
      ch.publishAll(q, ["1"]);
      await ch.untilCount(q, 1);
    }),
    onChannel("3.7", "cancel: an unknown tag is answered", async (ch) => {
      await ch.call("basic.cancel", { "consumer-tag": "nosuch" });
    }),
    onChannel("3.7", "cancel: the tag is free again", async (ch, n) => {
      const q = await ch.queue(n("q"));
      await ch.consume(q, "t");
      await ch.call("basic.cancel", { "consumer-tag": "t" });
      await ch.consume(q, "t");
    }),
    onChannel("3.7", "exclusive consume of a consumed queue is a 403", async (ch, n) => {
      const q = await ch.queue(n("q"));
      await ch.consume(q, "a");
      await ch.consume(q, "b", { exclusive: true });
    }),
    onChannel("3.7", "consume of an exclusively consumed queue is a 403", async (ch, n) => {
      const q = await ch.queue(n("q"));
      await ch.consume(q, "a", { exclusive: true });
      await ch.consume(q, "b");
    }),
    onChannel("3.7", "basic.get from an exclusively consumed queue", async (ch, n) => {
      const q = await ch.queue(n("q"));
      await ch.consume(q, "a", { exclusive: true });
      await ch.get(q);
    }),
    onChannel("3.7", "exclusive consume is free again after cancel", async (ch, n) => {
      const q = await ch.queue(n("q"));
      await ch.consume(q, "a", { exclusive: true });
      await ch.call("basic.cancel", { "consumer-tag": "a" });
      await ch.consume(q, "b", { exclusive: true });
    }),
    badPriority("a string", "5"),
    badPriority("a table", {}),
    badPriority("an array", []),
    badPriority("void", null),
    badPriority("a double", typed("d", 5)),
    badPriority("a boolean", true),
    onChannel("3.7", "consume: the consumer of higher priority is served first", async (ch, n) => {
      const q = await ch.queue(n("q"));
      await ch.call("basic.qos", { "prefetch-count": 2 });
      await ch.consume(q, "low", { arguments: { "x-priority": -5 } });
      await ch.consume(q, "normal");
      await ch.consume(q, "high", { arguments: { "x-priority": 10 } });
      ch.publishAll(q, ["1", "2", "3", "4", "5", "6", "7"]);
      await ch.take(6);
      await ch.untilCount(q, 1);
    }),
    scenario("3.7", "deleting a queue cancels consumers that want to know", async (s) => {
      const ch = await (await s.connect()).channel();
      const q = await ch.queue(s.name("q"));
      await ch.consume(q, "t");
      const other = await (await s.connect()).channel();
      await other.call("queue.delete", { queue: q });
      await ch.take(1);
      await ch.call("basic.cancel", { "consumer-tag": "t" });
    }),
    scenario(
      "3.7",
      "deleting a queue tells nothing to consumers without the capability",
      async (s) => {
        const capabilities = { ...CLIENT_CAPABILITIES, consumer_cancel_notify: false };
        const ch = await (await s.connect({ capabilities })).channel();
        const q = await ch.queue(s.name("q"));
        await ch.consume(q, "t");
        const other = await (await s.connect()).channel();
        await other.call("queue.delete", { queue: q });
        await ch.barrier();
      },
    ),
    onChannel("3.7", "deleting a queue cancels all its consumers", async (ch, n) => {
      const other = await ch.peer.channel(2);
      const q = await ch.queue(n("q"));
      await ch.consume(q, "a");
      await ch.consume(q, "b");
      await other.call("queue.delete", { queue: q });
      await ch.takeSorted(2, (item) => String(item.args["consumer-tag"]));
    }),
    onChannel("3.5", "declare-ok counts consumers of all channels", async (ch, n) => {
      const other = await ch.peer.channel(2);
      const q = await ch.queue(n("q"));
      await ch.consume(q, "a");
      await other.consume(q, "b");
      await ch.passive(q);
      await other.close();
      await ch.until(
        "queue.declare",
        { queue: q, passive: true },
        (it) => it.args["consumer-count"] === 1,
      );
    }),
    onChannel("3.7", "a consumer arguments table that nobody knows is accepted", async (ch, n) => {
      const q = await ch.queue(n("q"));
      await ch.consume(q, "t", { arguments: { "x-foo": "bar" } });
    }),
  ],
};
