import type { QueueOptions } from "../script/channel.ts";
import { type Case, type Group, onChannel, scenario } from "../script/session.ts";
import { type FieldValue, typed } from "../wire/field-value.ts";

/** Declares a queue one way, then another. */
function redeclared(name: string, first: QueueOptions, second: QueueOptions): Case {
  return onChannel("3.5", `queue: ${name}`, async (ch, n) => {
    await ch.queue(n("q"), first);
    await ch.queue(n("q"), second);
  });
}

function withArgument(key: string, value: FieldValue): QueueOptions {
  return { arguments: { [key]: value } };
}

const INTEGER_TYPES = ["b", "B", "s", "u", "I", "i", "l", "L"] as const;

/** Existence, names and equivalence of queues. */
export const queueDeclare: Group = {
  name: "queue-declare",
  cases: [
    onChannel("3.5", "a new queue has no messages and no consumers", async (ch, n) => {
      await ch.queue(n("q"));
    }),
    onChannel("3.5", "declare-ok counts ready messages and consumers", async (ch, n) => {
      await ch.queue(n("q"));
      ch.publishAll(n("q"), ["one", "two", "three"]);
      await ch.get(n("q"), false);
      await ch.passive(n("q"));
      await ch.call("basic.qos", { "prefetch-count": 1 });
      await ch.consume(n("q"), "t");
      await ch.take(1);
      await ch.queue(n("q"));
    }),
    onChannel("3.5", "a passive declare of a missing queue is a 404", async (ch, n) => {
      await ch.passive(n("q"));
    }),
    onChannel("3.5", "a passive declare ignores flags and arguments", async (ch, n) => {
      await ch.queue(n("q"), withArgument("x-message-ttl", 1000));
      await ch.call("queue.declare", {
        queue: n("q"),
        passive: true,
        durable: true,
        "auto-delete": true,
        arguments: { "x-message-ttl": 5 },
      });
    }),
    onChannel("3.5", "an empty name makes a name", async (ch) => {
      const one = await ch.queue("");
      const two = await ch.queue("");
      await ch.passive(one);
      await ch.passive(two);
    }),
    onChannel(
      "3.5",
      "an empty name with exclusive and auto-delete, as RPC clients do",
      async (ch) => {
        const q = await ch.queue("", { exclusive: true, autoDelete: true });
        await ch.consume(q, "t", { "no-ack": true });
        ch.publish({ key: q, body: "reply" });
        await ch.take(1);
      },
    ),
    onChannel("3.5", "a passive declare without a name means the last queue", async (ch, n) => {
      await ch.call("queue.declare", { queue: "", passive: true });
      await ch.reopen();
      await ch.queue(n("q"));
      await ch.call("queue.declare", { queue: "", passive: true });
    }),
    onChannel("3.5", "a new queue with the reserved prefix is a 403", async (ch) => {
      await ch.call("queue.declare", { queue: "amq.mine" });
    }),
    onChannel("3.5", "a passive declare of a reserved name is a 404", async (ch) => {
      await ch.passive("amq.mine");
    }),
    onChannel("3.5", "CR and LF are removed from queue names", async (ch, n) => {
      await ch.queue(`${n("a")}\r\nb`);
      await ch.passive(n("ab"));
    }),
    onChannel("3.5", "a queue name of 255 bytes works", async (ch, n) => {
      await ch.queue(n("q".repeat(245)));
    }),
    onChannel("3.5", "a queue name may hold any UTF-8", async (ch, n) => {
      await ch.queue(n("größe 測試 / # *"));
      ch.publish({ key: n("größe 測試 / # *"), body: "hi" });
      await ch.get(n("größe 測試 / # *"));
    }),
    onChannel("3.3", "a queue name that is not UTF-8", async (ch) => {
      await ch.call("queue.declare", { queue: Buffer.from([0xff, 0xfe]) });
    }),
    redeclared("an equal queue is declared again", { durable: true }, { durable: true }),
    redeclared("a durable redeclare of a transient queue is inequivalent", {}, { durable: true }),
    redeclared("a transient redeclare of a durable queue is inequivalent", { durable: true }, {}),
    redeclared("another auto_delete is inequivalent", {}, { autoDelete: true }),
    redeclared("auto_delete left out is inequivalent", { autoDelete: true }, {}),
    redeclared("durable is compared before auto_delete", {}, { durable: true, autoDelete: true }),
    redeclared(
      "exclusive on the same connection stays equal",
      { exclusive: true },
      { exclusive: true },
    ),
    redeclared("another exclusive flag on the same connection is a 405", { exclusive: true }, {}),
    redeclared("an exclusive redeclare of a shared queue is a 405", {}, { exclusive: true }),
    redeclared("exclusiveness is checked before durable", {}, { exclusive: true, durable: true }),
    redeclared("x-queue-type classic equals none", {}, withArgument("x-queue-type", "classic")),
    redeclared("no x-queue-type equals classic", withArgument("x-queue-type", "classic"), {}),
    redeclared(
      "a quorum redeclare of a classic queue is inequivalent",
      { durable: true },
      {
        durable: true,
        ...withArgument("x-queue-type", "quorum"),
      },
    ),
    redeclared(
      "unknown x-arguments are not compared",
      withArgument("x-foo", 1),
      withArgument("x-foo", 2),
    ),
    redeclared("unknown x-arguments may be left out", withArgument("x-foo", 1), {}),
    redeclared(
      "another x-message-ttl is inequivalent",
      withArgument("x-message-ttl", 1000),
      withArgument("x-message-ttl", 2000),
    ),
    redeclared(
      "an x-message-ttl that was not there is inequivalent",
      {},
      withArgument("x-message-ttl", typed("s", 1000)),
    ),
    redeclared(
      "an x-message-ttl left out is inequivalent",
      withArgument("x-message-ttl", typed("s", 1000)),
      {},
    ),
    redeclared(
      "an x-message-ttl as a double is inequivalent",
      withArgument("x-message-ttl", 10),
      withArgument("x-message-ttl", typed("d", 10)),
    ),
    redeclared(
      "another x-expires is inequivalent",
      withArgument("x-expires", 60000),
      withArgument("x-expires", 70000),
    ),
    redeclared(
      "another x-max-length is inequivalent",
      withArgument("x-max-length", 100),
      withArgument("x-max-length", 200),
    ),
    redeclared(
      "another x-max-length-bytes is inequivalent",
      withArgument("x-max-length-bytes", 100),
      withArgument("x-max-length-bytes", 200),
    ),
    redeclared(
      "another x-max-priority is inequivalent",
      withArgument("x-max-priority", 5),
      withArgument("x-max-priority", 6),
    ),
    redeclared(
      "another x-overflow is inequivalent",
      withArgument("x-overflow", "drop-head"),
      withArgument("x-overflow", "reject-publish"),
    ),
    redeclared(
      "another x-single-active-consumer is inequivalent",
      withArgument("x-single-active-consumer", true),
      withArgument("x-single-active-consumer", false),
    ),
    redeclared(
      "another x-dead-letter-exchange is inequivalent",
      withArgument("x-dead-letter-exchange", "a"),
      withArgument("x-dead-letter-exchange", "b"),
    ),
    redeclared(
      "a dead letter routing key that was not there is inequivalent",
      withArgument("x-dead-letter-exchange", "a"),
      { arguments: { "x-dead-letter-exchange": "a", "x-dead-letter-routing-key": "k" } },
    ),
    redeclared(
      "another dead letter routing key is inequivalent",
      { arguments: { "x-dead-letter-exchange": "a", "x-dead-letter-routing-key": "j" } },
      { arguments: { "x-dead-letter-exchange": "a", "x-dead-letter-routing-key": "k" } },
    ),
    redeclared(
      "another x-queue-mode",
      withArgument("x-queue-mode", "lazy"),
      withArgument("x-queue-mode", "default"),
    ),
    redeclared(
      "another x-queue-version",
      withArgument("x-queue-version", 1),
      withArgument("x-queue-version", 2),
    ),
    ...INTEGER_TYPES.map((type) =>
      redeclared(
        `an x-message-ttl as ${type} equals one as I`,
        withArgument("x-message-ttl", 100),
        withArgument("x-message-ttl", typed(type, 100)),
      ),
    ),
    ...INTEGER_TYPES.map((type) =>
      redeclared(
        `inequivalent texts name the wire type ${type}`,
        {},
        withArgument("x-max-length", typed(type, 7)),
      ),
    ),
    onChannel("3.5", "the reply-to pseudo queue exists with one consumer", async (ch) => {
      await ch.call("queue.declare", { queue: "amq.rabbitmq.reply-to" });
      await ch.passive("amq.rabbitmq.reply-to");
    }),
    onChannel("3.5", "a made up reply-to name is a 404", async (ch) => {
      await ch.passive("amq.rabbitmq.reply-to.nosuch");
    }),
    scenario("3.5", "a vhost at its queue limit refuses another queue", async (s) => {
      const ch = await (await s.connect({ vhost: "capped" })).channel();
      await ch.queue(s.name("one"));
      await ch.queue(s.name("two"));
    }),
  ],
};
