import { type Group, onChannel } from "../script/session.ts";
import { type FieldValue, typed } from "../wire/field-value.ts";

const BAD_X_MATCH: readonly [string, FieldValue][] = [
  ["an unknown value", "foo"],
  ["an integer", 23],
  ["a byte", typed("b", 5)],
  ["a boolean", true],
];

/** queue.bind, queue.unbind, exchange.bind and exchange.unbind. */
export const bind: Group = {
  name: "bind",
  cases: [
    onChannel("3.5", "bind: a missing queue is a 404", async (ch, n) => {
      await ch.bind(n("q"), "amq.direct", "k");
    }),
    onChannel("3.5", "bind: a missing exchange is a 404", async (ch, n) => {
      await ch.queue(n("q"));
      await ch.bind(n("q"), n("x"), "k");
    }),
    onChannel(
      "3.5",
      "bind: of a missing queue and a missing exchange the exchange is named",
      async (ch, n) => {
        await ch.bind(n("q"), n("x"), "k");
      },
    ),
    onChannel("3.5", "bind: the default exchange is a 403", async (ch, n) => {
      await ch.queue(n("q"));
      await ch.bind(n("q"), "", "k");
    }),
    onChannel("3.5", "unbind: the default exchange is a 403", async (ch, n) => {
      await ch.queue(n("q"));
      await ch.call("queue.unbind", { queue: n("q"), exchange: "", "routing-key": n("q") });
    }),
    onChannel("3.5", "unbind: a missing binding is fine", async (ch, n) => {
      await ch.queue(n("q"));
      await ch.call("queue.unbind", { queue: n("q"), exchange: "amq.direct", "routing-key": "k" });
    }),
    onChannel("3.5", "unbind: a missing queue is fine", async (ch, n) => {
      await ch.call("queue.unbind", { queue: n("q"), exchange: "amq.direct", "routing-key": "k" });
    }),
    onChannel("3.5", "unbind: a missing exchange is fine", async (ch, n) => {
      await ch.queue(n("q"));
      await ch.call("queue.unbind", { queue: n("q"), exchange: n("x"), "routing-key": "k" });
    }),
    onChannel("3.5", "bind: an empty queue name without a declared queue is a 404", async (ch) => {
      await ch.bind("", "amq.direct", "k");
    }),
    onChannel(
      "3.5",
      "unbind: an empty queue name without a declared queue is a 404",
      async (ch) => {
        await ch.call("queue.unbind", { queue: "", exchange: "amq.direct", "routing-key": "k" });
      },
    ),
    onChannel("3.5", "bind: an empty queue name means the last queue declared", async (ch, n) => {
      await ch.exchange(n("x"));
      await ch.queue(n("first"));
      await ch.queue(n("last"));
      await ch.bind("", n("x"), "k");
      ch.publish({ exchange: n("x"), key: "k", body: "hi" });
      await ch.untilCount(n("last"), 1);
      await ch.get(n("first"));
    }),
    onChannel(
      "3.5",
      "bind: an empty key with an empty queue name becomes the queue's name",
      async (ch, n) => {
        await ch.exchange(n("x"));
        await ch.queue(n("q"));
        await ch.bind("", n("x"), "");
        ch.publish({ exchange: n("x"), key: n("q"), body: "by name" });
        ch.publish({ exchange: n("x"), key: "", body: "by nothing" });
        await ch.drain(n("q"));
      },
    ),
    onChannel("3.5", "bind: an empty key with a queue name stays empty", async (ch, n) => {
      await ch.exchange(n("x"));
      await ch.queue(n("q"));
      await ch.bind(n("q"), n("x"), "");
      ch.publish({ exchange: n("x"), key: n("q"), body: "by name" });
      ch.publish({ exchange: n("x"), key: "", body: "by nothing" });
      await ch.drain(n("q"));
    }),
    onChannel("3.5", "bind: the same binding twice is one", async (ch, n) => {
      await ch.exchange(n("x"));
      await ch.queue(n("q"));
      await ch.bind(n("q"), n("x"), "k");
      await ch.bind(n("q"), n("x"), "k");
      await ch.call("queue.unbind", { queue: n("q"), exchange: n("x"), "routing-key": "k" });
      ch.publish({ exchange: n("x"), key: "k", body: "nowhere", mandatory: true });
      await ch.take(1);
    }),
    onChannel("3.5", "unbind: bindings that differ in arguments are different", async (ch, n) => {
      await ch.exchange(n("x"));
      await ch.queue(n("q"));
      await ch.bind(n("q"), n("x"), "k", { a: 1 });
      await ch.call("queue.unbind", { queue: n("q"), exchange: n("x"), "routing-key": "k" });
      ch.publish({ exchange: n("x"), key: "k", body: "still bound" });
      await ch.drain(n("q"));
      await ch.call("queue.unbind", {
        queue: n("q"),
        exchange: n("x"),
        "routing-key": "k",
        arguments: { a: 1 },
      });
      ch.publish({ exchange: n("x"), key: "k", body: "nowhere", mandatory: true });
      await ch.take(1);
    }),
    ...BAD_X_MATCH.map(([what, value]) =>
      onChannel("3.4", `bind to headers: x-match that is ${what} is refused`, async (ch, n) => {
        await ch.exchange(n("x"), "headers");
        await ch.queue(n("q"));
        await ch.bind(n("q"), n("x"), "", { "x-match": value, a: 1 });
      }),
    ),
    onChannel("3.4", "bind: x-match is not looked at by other types", async (ch, n) => {
      await ch.exchange(n("x"), "topic");
      await ch.queue(n("q"));
      await ch.bind(n("q"), n("x"), "#", { "x-match": "foo" });
    }),
    onChannel("3.4", "exchange.bind: a missing source is a 404", async (ch, n) => {
      await ch.exchange(n("to"));
      await ch.call("exchange.bind", { destination: n("to"), source: n("from") });
    }),
    onChannel("3.4", "exchange.bind: a missing destination is a 404", async (ch, n) => {
      await ch.exchange(n("from"));
      await ch.call("exchange.bind", { destination: n("to"), source: n("from") });
    }),
    onChannel("3.4", "exchange.bind: the default exchange as source is a 403", async (ch, n) => {
      await ch.exchange(n("to"));
      await ch.call("exchange.bind", { destination: n("to"), source: "" });
    }),
    onChannel(
      "3.4",
      "exchange.bind: the default exchange as destination is a 403",
      async (ch, n) => {
        await ch.exchange(n("from"));
        await ch.call("exchange.bind", { destination: "", source: n("from") });
      },
    ),
    onChannel("3.4", "exchange.unbind: a missing binding is fine", async (ch, n) => {
      await ch.exchange(n("from"));
      await ch.call("exchange.unbind", { destination: n("to"), source: n("from") });
    }),
    onChannel("3.4", "exchange.unbind: the default exchange is a 403", async (ch, n) => {
      await ch.exchange(n("from"));
      await ch.call("exchange.unbind", { destination: "", source: n("from") });
    }),
    onChannel("3.4", "exchange.bind: messages pass through a chain of exchanges", async (ch, n) => {
      await ch.exchange(n("a"), "direct");
      await ch.exchange(n("b"), "topic");
      await ch.queue(n("q"));
      const link = { destination: n("b"), source: n("a"), "routing-key": "k.1" };
      await ch.call("exchange.bind", link);
      await ch.bind(n("q"), n("b"), "k.*");
      ch.publish({ exchange: n("a"), key: "k.1", body: "through" });
      ch.publish({ exchange: n("a"), key: "k.2", body: "stopped" });
      await ch.drain(n("q"));
      await ch.call("exchange.unbind", link);
      ch.publish({ exchange: n("a"), key: "k.1", body: "unbound", mandatory: true });
      await ch.take(1);
    }),
    onChannel("3.4", "exchange.bind: a cycle delivers once", async (ch, n) => {
      await ch.exchange(n("a"), "fanout");
      await ch.exchange(n("b"), "fanout");
      await ch.queue(n("q"));
      await ch.call("exchange.bind", { destination: n("b"), source: n("a") });
      await ch.call("exchange.bind", { destination: n("a"), source: n("b") });
      await ch.bind(n("q"), n("a"));
      await ch.bind(n("q"), n("b"));
      ch.publish({ exchange: n("a"), body: "once" });
      await ch.drain(n("q"));
    }),
    onChannel("3.4", "deleting a destination exchange removes the binding", async (ch, n) => {
      await ch.exchange(n("a"), "fanout");
      await ch.exchange(n("b"), "fanout");
      await ch.call("exchange.bind", { destination: n("b"), source: n("a") });
      await ch.call("exchange.delete", { exchange: n("b"), "if-unused": true });
      await ch.call("exchange.delete", { exchange: n("a"), "if-unused": true });
    }),
    onChannel("3.5", "a deleted queue's bindings do not come back with its name", async (ch, n) => {
      await ch.exchange(n("x"), "fanout");
      await ch.queue(n("q"));
      await ch.bind(n("q"), n("x"));
      await ch.call("queue.delete", { queue: n("q") });
      await ch.queue(n("q"));
      ch.publish({ exchange: n("x"), body: "nowhere", mandatory: true });
      await ch.take(1);
    }),
  ],
};
