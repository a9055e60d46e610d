import { type Case, type Group, onChannel } from "../script/session.ts";
import { type FieldValue, typed } from "../wire/field-value.ts";
import type { Arguments } from "../wire/methods.ts";

/** Declares an exchange one way, then another. */
function redeclared(name: string, first: Arguments, second: Arguments): Case {
  return onChannel("3.4", `exchange: ${name}`, async (ch, n) => {
    const base = { exchange: n("x"), type: "direct" };
    await ch.call("exchange.declare", { ...base, ...first });
    await ch.call("exchange.declare", { ...base, ...second });
  });
}

function alternate(value: FieldValue): Arguments {
  return { arguments: { "alternate-exchange": value } };
}

const PREDECLARED: readonly [string, string][] = [
  ["amq.direct", "direct"],
  ["amq.fanout", "fanout"],
  ["amq.topic", "topic"],
  ["amq.headers", "headers"],
  ["amq.match", "headers"],
];

/** exchange.declare and exchange.delete. */
export const exchange: Group = {
  name: "exchange",
  cases: [
    ...["direct", "fanout", "topic", "headers"].map((type) =>
      onChannel("3.4", `a new exchange of type ${type} is declared`, async (ch, n) => {
        await ch.exchange(n("x"), type);
        await ch.call("exchange.declare", { exchange: n("x"), passive: true });
      }),
    ),
    ...PREDECLARED.map(([name, type]) =>
      onChannel("3.4", `${name} exists and equals a durable ${type} exchange`, async (ch) => {
        await ch.exchange(name, type, { durable: true });
        await ch.exchange(name, type);
      }),
    ),
    onChannel("3.4", "amq.rabbitmq.trace is internal", async (ch) => {
      await ch.exchange("amq.rabbitmq.trace", "topic", { durable: true, internal: true });
      await ch.exchange("amq.rabbitmq.trace", "topic", { durable: true });
    }),
    onChannel("3.4", "declaring the default exchange is a 403", async (ch) => {
      await ch.exchange("");
    }),
    onChannel("3.4", "a passive declare of the default exchange", async (ch) => {
      await ch.call("exchange.declare", { exchange: "", passive: true });
    }),
    onChannel("3.4", "a new exchange with the reserved prefix is a 403", async (ch) => {
      await ch.exchange("amq.foo");
    }),
    onChannel("3.4", "an unknown exchange type is refused", async (ch, n) => {
      await ch.exchange(n("x"), "zzz");
    }),
    onChannel("3.4", "an empty exchange type is refused", async (ch, n) => {
      await ch.exchange(n("x"), "");
    }),
    onChannel("3.4", "a passive declare of a missing exchange is a 404", async (ch, n) => {
      await ch.call("exchange.declare", { exchange: n("x"), type: "direct", passive: true });
    }),
    onChannel("3.4", "a passive declare ignores type, flags and arguments", async (ch, n) => {
      await ch.exchange(n("x"), "fanout");
      await ch.exchange(n("x"), "topic", { passive: true, durable: true, internal: true });
    }),
    redeclared("an equal exchange is declared again", { durable: true }, { durable: true }),
    redeclared("another type is inequivalent", {}, { type: "fanout" }),
    redeclared("another durable is inequivalent", {}, { durable: true }),
    redeclared(
      "a transient redeclare of a durable exchange is inequivalent",
      { durable: true },
      {},
    ),
    redeclared("another auto_delete is inequivalent", {}, { "auto-delete": true }),
    redeclared("another internal is inequivalent", {}, { internal: true }),
    redeclared("type is compared before durable", {}, { type: "topic", durable: true }),
    redeclared(
      "durable is compared before auto_delete",
      {},
      { durable: true, "auto-delete": true },
    ),
    redeclared("an alternate exchange that was not there is inequivalent", {}, alternate("foo")),
    redeclared("an alternate exchange left out is inequivalent", alternate("foo"), {}),
    redeclared("another alternate exchange is inequivalent", alternate("foo"), alternate("bar")),
    redeclared("the same alternate exchange is equivalent", alternate("foo"), alternate("foo")),
    redeclared(
      "other arguments are not compared",
      { arguments: { "x-a": 1 } },
      { arguments: { "x-a": 2 } },
    ),
    ...[typed("b", 5), 7, true].map((value, index) =>
      onChannel(
        "3.4",
        `an alternate exchange that is no string is refused (${index + 1})`,
        async (ch, n) => {
          await ch.exchange(n("x"), "direct", alternate(value));
        },
      ),
    ),
    onChannel("3.4", "CR and LF are removed from exchange names", async (ch, n) => {
      await ch.exchange(`${n("x")}\r\ny`);
      await ch.call("exchange.declare", { exchange: n("xy"), type: "direct", passive: true });
    }),
    onChannel("3.4", "an exchange name of 255 bytes works", async (ch, n) => {
      const name = n("x".repeat(245));
      await ch.exchange(name);
      await ch.call("exchange.delete", { exchange: name });
    }),
    onChannel("3.4", "deleting a missing exchange is fine", async (ch, n) => {
      await ch.call("exchange.delete", { exchange: n("x") });
      await ch.call("exchange.delete", { exchange: n("x"), "if-unused": true });
    }),
    onChannel("3.4", "a deleted exchange is gone", async (ch, n) => {
      await ch.exchange(n("x"));
      await ch.call("exchange.delete", { exchange: n("x") });
      await ch.call("exchange.declare", { exchange: n("x"), passive: true });
    }),
    onChannel("3.4", "deleting the default exchange is a 403", async (ch) => {
      await ch.call("exchange.delete", { exchange: "" });
    }),
    onChannel("3.4", "deleting a predeclared exchange is a 403", async (ch) => {
      await ch.call("exchange.delete", { exchange: "amq.direct" });
    }),
    onChannel("3.4", "deleting a missing exchange with the reserved prefix", async (ch) => {
      await ch.call("exchange.delete", { exchange: "amq.nosuch" });
    }),
    onChannel("3.4", "delete if-unused of a bound exchange is a 406", async (ch, n) => {
      await ch.exchange(n("x"));
      await ch.queue(n("q"));
      await ch.bind(n("q"), n("x"));
      await ch.call("exchange.delete", { exchange: n("x"), "if-unused": true });
    }),
    onChannel(
      "3.4",
      "delete if-unused of an exchange bound only as destination works",
      async (ch, n) => {
        await ch.exchange(n("x"));
        await ch.call("exchange.bind", { destination: n("x"), source: "amq.fanout" });
        await ch.call("exchange.delete", { exchange: n("x"), "if-unused": true });
      },
    ),
    onChannel("3.4", "delete if-unused after the last unbind works", async (ch, n) => {
      await ch.exchange(n("x"));
      await ch.queue(n("q"));
      await ch.bind(n("q"), n("x"));
      await ch.call("queue.unbind", { queue: n("q"), exchange: n("x") });
      await ch.call("exchange.delete", { exchange: n("x"), "if-unused": true });
    }),
    onChannel("3.4", "deleting a bound exchange removes its bindings", async (ch, n) => {
      await ch.exchange(n("x"), "fanout");
      await ch.queue(n("q"));
      await ch.bind(n("q"), n("x"));
      await ch.call("exchange.delete", { exchange: n("x") });
      await ch.exchange(n("x"), "fanout");
      ch.publish({ exchange: n("x"), body: "lost" });
      await ch.passive(n("q"));
    }),
    onChannel("3.4", "an auto-delete exchange goes with its last binding", async (ch, n) => {
      await ch.exchange(n("x"), "direct", { "auto-delete": true });
      await ch.queue(n("q"));
      await ch.bind(n("q"), n("x"), "one");
      await ch.bind(n("q"), n("x"), "two");
      await ch.call("queue.unbind", { queue: n("q"), exchange: n("x"), "routing-key": "one" });
      await ch.call("exchange.declare", { exchange: n("x"), passive: true });
      await ch.call("queue.unbind", { queue: n("q"), exchange: n("x"), "routing-key": "two" });
      await ch.call("exchange.declare", { exchange: n("x"), passive: true });
    }),
    onChannel(
      "3.4",
      "an auto-delete exchange goes when its bound queue is deleted",
      async (ch, n) => {
        await ch.exchange(n("x"), "fanout", { "auto-delete": true });
        await ch.queue(n("q"));
        await ch.bind(n("q"), n("x"));
        await ch.call("queue.delete", { queue: n("q") });
        await ch.call("exchange.declare", { exchange: n("x"), passive: true });
      },
    ),
    onChannel("3.4", "an auto-delete exchange never bound stays", async (ch, n) => {
      await ch.exchange(n("x"), "fanout", { "auto-delete": true });
      await ch.queue(n("q"));
      await ch.call("queue.unbind", { queue: n("q"), exchange: n("x") });
      await ch.call("exchange.declare", { exchange: n("x"), passive: true });
    }),
    onChannel("3.4", "auto-delete exchanges in a chain go one after the other", async (ch, n) => {
      await ch.exchange(n("a"), "fanout", { "auto-delete": true });
      await ch.exchange(n("b"), "fanout", { "auto-delete": true });
      await ch.queue(n("q"));
      await ch.call("exchange.bind", { destination: n("b"), source: n("a") });
      await ch.bind(n("q"), n("b"));
      await ch.call("queue.delete", { queue: n("q") });
      const other = await ch.peer.channel(2);
      await other.call("exchange.declare", { exchange: n("b"), passive: true });
      await ch.call("exchange.declare", { exchange: n("a"), passive: true });
    }),
  ],
};
