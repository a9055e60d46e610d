import { type Case, type Group, onChannel, scenario } from "../script/session.ts";
import type { Arguments } from "../wire/methods.ts";

/** A method of another connection on an exclusive queue. */
function locked(method: string, args: (queue: string) => Arguments): Case {
  return scenario("3.5", `exclusive: ${method} from another connection is a 405`, async (s) => {
    const owner = await (await s.connect()).channel();
    const q = await owner.queue(s.name("q"), { exclusive: true });
    const other = await (await s.connect()).channel();
    await other.call(method, args(q));
    await owner.passive(q);
  });
}

/** Deleting and purging queues, exclusive and auto-delete ones. */
export const queueLifetime: Group = {
  name: "queue-lifetime",
  cases: [
    locked("queue.declare", (queue) => ({ queue, exclusive: true })),
    scenario("3.5", "exclusive: a passive declare from another connection is a 405", async (s) => {
      const owner = await (await s.connect()).channel();
      const q = await owner.queue(s.name("q"), { exclusive: true });
      const other = await (await s.connect()).channel();
      await other.passive(q);
    }),
    locked("queue.bind", (queue) => ({ queue, exchange: "amq.direct", "routing-key": queue })),
    scenario("3.5", "exclusive: queue.unbind from another connection is a 405", async (s) => {
      const owner = await (await s.connect()).channel();
      const q = await owner.queue(s.name("q"), { exclusive: true });
      await owner.bind(q, "amq.direct", q);
      const other = await (await s.connect()).channel();
      await other.call("queue.unbind", { queue: q, exchange: "amq.direct", "routing-key": q });
    }),
    scenario("3.5", "exclusive: queue.unbind of no binding from another connection", async (s) => {
      const owner = await (await s.connect()).channel();
      const q = await owner.queue(s.name("q"), { exclusive: true });
      const other = await (await s.connect()).channel();
      await other.call("queue.unbind", { queue: q, exchange: "amq.direct", "routing-key": q });
    }),
    locked("queue.purge", (queue) => ({ queue })),
    locked("queue.delete", (queue) => ({ queue })),
    locked("basic.consume", (queue) => ({ queue, "consumer-tag": "t" })),
    locked("basic.get", (queue) => ({ queue })),
    scenario("3.5", "exclusive: another channel of the same connection may use it", async (s) => {
      const peer = await s.connect();
      const one = await peer.channel();
      const two = await peer.channel();
      const q = await one.queue(s.name("q"), { exclusive: true });
      two.publish({ key: q, body: "hi" });
      await two.get(q);
      await two.call("queue.delete", { queue: q });
    }),
    scenario("3.5", "exclusive: the queue goes when its connection is cut", async (s) => {
      const owner = await s.connect();
      const q = await (await owner.channel()).queue(s.name("q"), { exclusive: true });
      owner.cut();
      const other = await (await s.connect()).channel();
      await other.untilDeclared({ queue: q, exclusive: true });
    }),
    scenario("3.5", "exclusive: the queue stays when only its channel closes", async (s) => {
      const peer = await s.connect();
      const one = await peer.channel();
      const q = await one.queue(s.name("q"), { exclusive: true });
      await one.close();
      const two = await peer.channel();
      await two.passive(q);
    }),
    scenario("3.5", "exclusive: a connection error removes the queue", async (s) => {
      const one = await (await s.connect()).channel();
      const q = await one.queue(s.name("q"), { exclusive: true });
      await one.call("basic.qos", { "prefetch-size": 1 });
      const two = await (await s.connect()).channel();
      await two.untilDeclared({ queue: q, exclusive: true });
    }),
    scenario("3.5", "exclusive: durable is accepted and does not keep the queue", async (s) => {
      const peer = await s.connect();
      const ch = await peer.channel();
      const q = await ch.queue(s.name("q"), { exclusive: true, durable: true });
      await peer.call("connection.close", { "reply-code": 200, "reply-text": "" });
      const other = await (await s.connect()).channel();
      await other.passive(q);
    }),
    onChannel("3.5", "auto-delete: a queue never consumed stays", async (ch, n) => {
      const q = await ch.queue(n("q"), { autoDelete: true });
      ch.publishAll(q, ["one"]);
      await ch.get(q);
      await ch.passive(q);
    }),
    onChannel(
      "3.5",
      "auto-delete: the queue goes when its last consumer is cancelled",
      async (ch, n) => {
        const other = await ch.peer.channel(2);
        const q = await ch.queue(n("q"), { autoDelete: true });
        await ch.consume(q, "a");
        await ch.consume(q, "b");
        await ch.call("basic.cancel", { "consumer-tag": "a" });
        await other.passive(q);
        await ch.call("basic.cancel", { "consumer-tag": "b" });
        await other.until("queue.declare", { queue: q, passive: true }, () => false);
      },
    ),
    onChannel(
      "3.5",
      "auto-delete: the queue goes when its consumer's channel closes",
      async (ch, n) => {
        const other = await ch.peer.channel(2);
        const q = await other.queue(n("q"), { autoDelete: true });
        await ch.consume(q, "a");
        await ch.close();
        await other.until("queue.declare", { queue: q, passive: true }, () => false);
      },
    ),
    scenario(
      "3.5",
      "auto-delete: the queue goes when its consumer's connection is cut",
      async (s) => {
        const owner = await s.connect();
        const one = await owner.channel();
        const two = await (await s.connect()).channel();
        const q = await two.queue(s.name("q"), { autoDelete: true });
        await one.consume(q, "a");
        owner.cut();
        await two.until("queue.declare", { queue: q, passive: true }, () => false);
      },
    ),
    onChannel("3.5", "delete: a missing queue is deleted with count 0", async (ch, n) => {
      await ch.call("queue.delete", { queue: n("q") });
      await ch.call("queue.delete", { queue: n("q"), "if-unused": true, "if-empty": true });
    }),
    onChannel("3.5", "delete: an empty name without a declared queue is a 404", async (ch) => {
      await ch.call("queue.delete", { queue: "" });
    }),
    onChannel("3.5", "delete: an empty name means the last queue", async (ch, n) => {
      await ch.queue(n("q"));
      await ch.call("queue.delete", { queue: "" });
      await ch.passive(n("q"));
    }),
    onChannel("3.5", "delete: delete-ok counts ready messages only", async (ch, n) => {
      const q = await ch.queue(n("q"));
      ch.publishAll(q, ["1", "2", "3"]);
      await ch.get(q, false);
      await ch.call("queue.delete", { queue: q });
    }),
    onChannel("3.5", "delete: if-unused of a consumed queue is a 406", async (ch, n) => {
      const q = await ch.queue(n("q"));
      await ch.consume(q, "t");
      await ch.call("queue.delete", { queue: q, "if-unused": true });
    }),
    onChannel("3.5", "delete: if-empty of a filled queue is a 406", async (ch, n) => {
      const q = await ch.queue(n("q"));
      ch.publishAll(q, ["1"]);
      await ch.call("queue.delete", { queue: q, "if-empty": true });
    }),
    onChannel("3.5", "delete: if-empty is checked before if-unused", async (ch, n) => {
      const q = await ch.queue(n("q"));
      ch.publishAll(q, ["1", "2"]);
      await ch.call("basic.qos", { "prefetch-count": 1 });
      await ch.consume(q, "t");
      await ch.take(1);
      await ch.call("queue.delete", { queue: q, "if-unused": true, "if-empty": true });
    }),
    onChannel("3.5", "delete: if-empty does not see unacked messages", async (ch, n) => {
      const q = await ch.queue(n("q"));
      ch.publishAll(q, ["1"]);
      await ch.get(q, false);
      await ch.call("queue.delete", { queue: q, "if-empty": true });
    }),
    onChannel("3.5", "delete: an ack for a deleted queue's message is accepted", async (ch, n) => {
      const q = await ch.queue(n("q"));
      ch.publishAll(q, ["1"]);
      await ch.get(q, false);
      await ch.call("queue.delete", { queue: q });
      ch.send("basic.ack", { "delivery-tag": 1 });
      await ch.barrier();
      ch.send("basic.ack", { "delivery-tag": 1 });
    }),
    onChannel(
      "3.5",
      "delete: the name can be declared again with other properties",
      async (ch, n) => {
        const q = await ch.queue(n("q"));
        await ch.call("queue.delete", { queue: q });
        await ch.queue(q, { durable: true });
      },
    ),
    onChannel("3.5", "purge: a missing queue is a 404", async (ch, n) => {
      await ch.call("queue.purge", { queue: n("q") });
    }),
    onChannel("3.5", "purge: an empty name without a declared queue is a 404", async (ch) => {
      await ch.call("queue.purge", { queue: "" });
    }),
    onChannel("3.5", "purge: an empty name means the last queue", async (ch, n) => {
      const q = await ch.queue(n("q"));
      ch.publishAll(q, ["1", "2"]);
      await ch.call("queue.purge", { queue: "" });
    }),
    onChannel("3.5", "purge: unacked messages survive and are not counted", async (ch, n) => {
      const q = await ch.queue(n("q"));
      ch.publishAll(q, ["1", "2", "3"]);
      await ch.get(q, false);
      await ch.call("queue.purge", { queue: q });
      await ch.passive(q);
      ch.send("basic.reject", { "delivery-tag": 1, requeue: true });
      await ch.untilCount(q, 1);
      await ch.get(q);
    }),
    onChannel("3.5", "x-expires: an unused queue goes", async (ch, n) => {
      const q = await ch.queue(n("q"), { arguments: { "x-expires": 50 } });
      await ch.untilGone(q);
    }),
    onChannel("3.5", "x-expires: a consumer keeps the queue", async (ch, n) => {
      const one = await ch.queue(n("kept"), { arguments: { "x-expires": 50 } });
      await ch.consume(one, "t");
      const two = await ch.queue(n("gone"), { arguments: { "x-expires": 100 } });
      await ch.untilGone(two);
      await ch.passive(one);
    }),
  ],
};
