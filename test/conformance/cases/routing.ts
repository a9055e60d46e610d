import type { Channel } from "../script/channel.ts";
import { type Case, type Group, onChannel } from "../script/session.ts";
import { type FieldTable, typed } from "../wire/field-value.ts";

/** Binds one queue by each pattern and shows which queues get each key, by mandatory returns and contents. */
function topic(name: string, patterns: readonly string[], keys: readonly string[]): Case {
  return onChannel("3.4", `topic: ${name}`, async (ch, n) => {
    await ch.exchange(n("x"), "topic");
    for (const [index, pattern] of patterns.entries()) {
      await ch.queue(n(`q${index}`));
      await ch.bind(n(`q${index}`), n("x"), pattern);
    }
    for (const key of keys) {
      ch.publish({ exchange: n("x"), key, body: key });
    }
    for (const index of patterns.keys()) await ch.drain(n(`q${index}`));
  });
}

/** Binds one queue with arguments and publishes each set of headers. */
function headers(name: string, binding: FieldTable, messages: readonly FieldTable[]): Case {
  return onChannel("3.4", `headers: ${name}`, async (ch, n) => {
    await ch.exchange(n("x"), "headers");
    await ch.queue(n("q"));
    await ch.bind(n("q"), n("x"), "", binding);
    for (const [index, table] of messages.entries()) {
      ch.publish({ exchange: n("x"), properties: { headers: table }, body: `message ${index}` });
    }
    ch.publish({ exchange: n("x"), body: "without headers" });
    await ch.drain(n("q"));
  });
}

async function publishCopies(ch: Channel, exchange: string, copies: FieldTable): Promise<void> {
  ch.publish({ exchange, key: "none", properties: { headers: copies }, body: "copied" });
}

/** What each exchange type routes where. */
export const routing: Group = {
  name: "routing",
  cases: [
    onChannel("3.4", "direct: a message goes to each queue bound by its key", async (ch, n) => {
      await ch.exchange(n("x"));
      for (const [queue, key] of [
        ["a", "k"],
        ["b", "k"],
        ["c", "other"],
      ] as const) {
        await ch.queue(n(queue));
        await ch.bind(n(queue), n("x"), key);
      }
      ch.publish({ exchange: n("x"), key: "k", body: "hi" });
      for (const queue of ["a", "b", "c"]) await ch.get(n(queue));
    }),
    onChannel("3.4", "direct: keys are compared by case and whole", async (ch, n) => {
      await ch.exchange(n("x"));
      await ch.queue(n("q"));
      await ch.bind(n("q"), n("x"), "Key.*");
      for (const key of ["Key.*", "key.*", "Key.a", "Key."]) {
        ch.publish({ exchange: n("x"), key, body: key });
      }
      await ch.drain(n("q"));
    }),
    onChannel("3.4", "fanout: keys and headers do not matter", async (ch, n) => {
      await ch.exchange(n("x"), "fanout");
      await ch.queue(n("a"));
      await ch.queue(n("b"));
      await ch.bind(n("a"), n("x"), "one");
      await ch.bind(n("b"), n("x"));
      ch.publish({ exchange: n("x"), key: "two", body: "hi" });
      await ch.get(n("a"));
      await ch.get(n("b"));
    }),
    onChannel("3.4", "fanout: a queue bound twice gets one copy", async (ch, n) => {
      await ch.exchange(n("x"), "fanout");
      await ch.queue(n("q"));
      await ch.bind(n("q"), n("x"), "one");
      await ch.bind(n("q"), n("x"), "two");
      ch.publish({ exchange: n("x"), body: "hi" });
      await ch.drain(n("q"));
    }),
    topic(
      "* is one word, # any number",
      ["a.*", "a.#", "*.b", "#.b", "#", "*"],
      ["a", "a.b", "a.b.b", "b", ""],
    ),
    topic("# in the middle", ["a.#.z"], ["a.z", "a.b.z", "a.b.c.z", "a.b", "z"]),
    topic("two # and a *", ["#.b.#", "#.*", "#.#"], ["b", "a.b", "a.b.c", "a", ""]),
    topic("empty words are words", ["a..b", "*.*", "a.*.b"], ["a..b", ".", "a.", ".a", "a.b"]),
    topic(
      "wildcards are such only as whole words",
      ["a*", "a#.b", "a"],
      ["a*", "ab", "a#.b", "ax.b", "a"],
    ),
    topic("keys are compared by case", ["Key"], ["Key", "key"]),
    onChannel(
      "3.4",
      "topic: a queue with several matching bindings gets one copy",
      async (ch, n) => {
        await ch.exchange(n("x"), "topic");
        await ch.queue(n("q"));
        for (const key of ["a.#", "*.b", "a.b"]) await ch.bind(n("q"), n("x"), key);
        ch.publish({ exchange: n("x"), key: "a.b", body: "once" });
        await ch.drain(n("q"));
      },
    ),
    onChannel("3.4", "topic: unbinding one pattern leaves the other", async (ch, n) => {
      await ch.exchange(n("x"), "topic");
      await ch.queue(n("q"));
      for (const key of ["a.#", "a.*"]) await ch.bind(n("q"), n("x"), key);
      await ch.call("queue.unbind", { queue: n("q"), exchange: n("x"), "routing-key": "a.#" });
      ch.publish({ exchange: n("x"), key: "a.b", body: "one word" });
      ch.publish({ exchange: n("x"), key: "a.b.c", body: "two words" });
      await ch.drain(n("q"));
    }),
    headers("all is the default", { a: 1, b: "two" }, [
      { a: 1, b: "two", c: 3 },
      { a: 1 },
      { a: 1, b: "x" },
    ]),
    headers("all by name", { "x-match": "all", a: 1, b: 2 }, [{ a: 1, b: 2 }, { a: 1 }, {}]),
    headers("any", { "x-match": "any", a: 1, b: 2 }, [{ a: 1 }, { b: 2 }, { a: 2 }, {}]),
    headers("all ignores arguments starting with x-", { "x-match": "all", "x-a": 1, b: 2 }, [
      { b: 2 },
      { "x-a": 1 },
    ]),
    headers("any ignores arguments starting with x-", { "x-match": "any", "x-a": 1, b: 2 }, [
      { b: 2 },
      { "x-a": 1 },
    ]),
    headers("all-with-x counts them", { "x-match": "all-with-x", "x-a": 1, b: 2 }, [
      { b: 2 },
      { "x-a": 1, b: 2 },
    ]),
    headers("any-with-x counts them", { "x-match": "any-with-x", "x-a": 1, b: 2 }, [
      { "x-a": 1 },
      { c: 1 },
    ]),
    headers("no arguments with all match everything", {}, [{}, { a: 1 }]),
    headers("no arguments with any match nothing", { "x-match": "any" }, [{}, { a: 1 }]),
    headers("void means that the key is there", { a: null }, [{ a: 5 }, { a: "x" }, { b: 1 }]),
    headers("integer types are equal, 1 and 1.0 are not", { a: 1 }, [
      { a: typed("b", 1) },
      { a: typed("l", 1) },
      { a: typed("d", 1) },
      { a: "1" },
      { a: true },
    ]),
    headers("strings, booleans and tables compare by value", { a: "s", b: true, c: { d: 1 } }, [
      { a: "s", b: true, c: { d: 1 } },
      { a: "s", b: true, c: { d: 2 } },
      { a: "s", b: false, c: { d: 1 } },
    ]),
    onChannel("3.4", "default: the key is the queue's name", async (ch, n) => {
      await ch.queue(n("q"));
      ch.publish({ key: n("q"), body: "hi" });
      ch.publish({ key: n("missing"), body: "lost" });
      await ch.drain(n("q"));
    }),
    onChannel(
      "3.4",
      "alternate: what the first does not route goes to the other",
      async (ch, n) => {
        await ch.exchange(n("ae"), "fanout");
        await ch.exchange(n("x"), "direct", { arguments: { "alternate-exchange": n("ae") } });
        await ch.queue(n("routed"));
        await ch.queue(n("other"));
        await ch.bind(n("routed"), n("x"), "k");
        await ch.bind(n("other"), n("ae"));
        ch.publish({ exchange: n("x"), key: "k", body: "routed" });
        ch.publish({ exchange: n("x"), key: "z", body: "alternate", mandatory: true });
        await ch.drain(n("routed"));
        await ch.drain(n("other"));
      },
    ),
    onChannel(
      "3.4",
      "alternate: a message that the alternate does not route is returned",
      async (ch, n) => {
        await ch.exchange(n("ae"), "direct");
        await ch.exchange(n("x"), "direct", { arguments: { "alternate-exchange": n("ae") } });
        ch.publish({ exchange: n("x"), key: "k", body: "nowhere", mandatory: true });
        await ch.take(1);
      },
    ),
    onChannel("3.4", "alternate: a missing one is passed over", async (ch, n) => {
      await ch.exchange(n("x"), "direct", { arguments: { "alternate-exchange": n("ae") } });
      ch.publish({ exchange: n("x"), key: "k", body: "nowhere", mandatory: true });
      await ch.take(1);
    }),
    onChannel("3.4", "alternate: two that name each other end", async (ch, n) => {
      await ch.exchange(n("a"), "direct", { arguments: { "alternate-exchange": n("b") } });
      await ch.exchange(n("b"), "direct", { arguments: { "alternate-exchange": n("a") } });
      ch.publish({ exchange: n("a"), key: "k", body: "nowhere", mandatory: true });
      await ch.take(1);
    }),
    onChannel("3.4", "alternate: a chain of two is followed", async (ch, n) => {
      await ch.exchange(n("a"), "direct", { arguments: { "alternate-exchange": n("b") } });
      await ch.exchange(n("b"), "direct", { arguments: { "alternate-exchange": n("c") } });
      await ch.exchange(n("c"), "fanout");
      await ch.queue(n("q"));
      await ch.bind(n("q"), n("c"));
      ch.publish({ exchange: n("a"), key: "k", body: "caught" });
      await ch.get(n("q"));
    }),
    onChannel("3.6", "CC adds routing keys and stays in the message", async (ch, n) => {
      await ch.exchange(n("x"));
      for (const queue of ["a", "b"]) {
        await ch.queue(n(queue));
        await ch.bind(n(queue), n("x"), queue);
      }
      await publishCopies(ch, n("x"), { CC: ["a", "b"] });
      await ch.get(n("a"));
      await ch.get(n("b"));
    }),
    onChannel("3.6", "BCC adds routing keys and is removed", async (ch, n) => {
      await ch.exchange(n("x"));
      for (const queue of ["a", "b"]) {
        await ch.queue(n(queue));
        await ch.bind(n(queue), n("x"), queue);
      }
      await publishCopies(ch, n("x"), { CC: ["a"], BCC: ["b"], other: 1 });
      await ch.get(n("a"));
      await ch.get(n("b"));
    }),
    onChannel("3.6", "CC to the queue of the key gives one copy", async (ch, n) => {
      await ch.queue(n("q"));
      ch.publish({ key: n("q"), properties: { headers: { CC: [n("q")] } }, body: "once" });
      await ch.drain(n("q"));
    }),
    onChannel("3.6", "CC entries that are no strings are passed over", async (ch, n) => {
      await ch.queue(n("q"));
      ch.publish({ key: "none", properties: { headers: { CC: [5, n("q"), true] } }, body: "hi" });
      await ch.drain(n("q"));
    }),
  ],
};
