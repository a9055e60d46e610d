import { type Case, type Group, onChannel, scenario } from "../script/session.ts";
import { type FieldTable, typed } from "../wire/field-value.ts";

function expiration(value: string): Case {
  return onChannel("3.6", `publish: expiration '${value}'`, async (ch, n) => {
    const q = await ch.queue(n("q"));
    ch.publish({ key: q, properties: { expiration: value }, body: "hi" });
    await ch.get(q);
  });
}

function badCopies(name: string, headers: FieldTable): Case {
  return onChannel("3.6", `publish: ${name} is refused`, async (ch, n) => {
    const q = await ch.queue(n("q"));
    ch.publish({ key: q, properties: { headers }, body: "hi" });
    await ch.get(q);
  });
}

/** basic.publish: checks, returns and what arrives. */
export const publish: Group = {
  name: "publish",
  cases: [
    onChannel("3.6", "publish: a missing exchange is a 404", async (ch, n) => {
      ch.publish({ exchange: n("x"), key: "k", body: "hi" });
      await ch.take(1);
    }),
    onChannel("3.6", "publish: a missing exchange is a 404 with mandatory, too", async (ch, n) => {
      ch.publish({ exchange: n("x"), key: "k", body: "hi", mandatory: true });
      await ch.take(1);
    }),
    onChannel("3.6", "publish: immediate is a 540", async (ch, n) => {
      const q = await ch.queue(n("q"));
      ch.publish({ key: q, body: "hi", immediate: true });
      await ch.take(1);
    }),
    onChannel("3.6", "publish: an internal exchange is a 403", async (ch, n) => {
      await ch.exchange(n("x"), "direct", { internal: true });
      ch.publish({ exchange: n("x"), key: "k", body: "hi" });
      await ch.take(1);
    }),
    onChannel(
      "3.4",
      "an internal exchange routes what another exchange hands on",
      async (ch, n) => {
        await ch.exchange(n("from"), "fanout");
        await ch.exchange(n("to"), "fanout", { internal: true });
        await ch.queue(n("q"));
        await ch.call("exchange.bind", { destination: n("to"), source: n("from") });
        await ch.bind(n("q"), n("to"));
        ch.publish({ exchange: n("from"), body: "hi" });
        await ch.get(n("q"));
      },
    ),
    onChannel("3.6", "publish: an unroutable message is dropped", async (ch, n) => {
      ch.publish({ key: n("missing"), body: "hi" });
    }),
    onChannel(
      "3.6",
      "publish: an unroutable mandatory message is returned as it came",
      async (ch, n) => {
        ch.publish({
          key: n("missing"),
          mandatory: true,
          properties: {
            "content-type": "text/plain",
            headers: { a: 1, b: [true, "x"] },
            "delivery-mode": 2,
            priority: 3,
            "correlation-id": "c",
            "message-id": "m",
          },
          body: "come back",
        });
        await ch.take(1);
      },
    ),
    onChannel(
      "3.6",
      "publish: a mandatory message that is routed is not returned",
      async (ch, n) => {
        const q = await ch.queue(n("q"));
        ch.publish({ key: q, mandatory: true, body: "hi" });
        await ch.get(q);
      },
    ),
    onChannel("3.6", "publish: an empty mandatory message is returned", async (ch, n) => {
      ch.publish({ key: n("missing"), mandatory: true });
      await ch.take(1);
    }),
    onChannel("3.6", "publish: returns keep the order of publishing", async (ch, n) => {
      for (const body of ["1", "2", "3"]) ch.publish({ key: n("missing"), mandatory: true, body });
      await ch.take(3);
    }),
    onChannel("3.6", "publish: all properties arrive unchanged", async (ch, n) => {
      const q = await ch.queue(n("q"));
      ch.publish({
        key: q,
        properties: {
          "content-type": "text/plain",
          "content-encoding": "utf-8",
          headers: { h: "v" },
          "delivery-mode": 1,
          priority: 9,
          "correlation-id": "correlation",
          "reply-to": "reply",
          expiration: "60000",
          "message-id": "id",
          timestamp: 1_700_000_000,
          type: "kind",
          "user-id": "guest",
          "app-id": "app",
          "cluster-id": "cluster",
        },
        body: "all",
      });
      await ch.get(q);
    }),
    onChannel("3.6", "publish: all header types arrive unchanged", async (ch, n) => {
      const q = await ch.queue(n("q"));
      const headers: FieldTable = {
        a: typed("b", -1),
        b: typed("B", 200),
        c: typed("s", -300),
        d: typed("u", 60000),
        e: typed("I", -70000),
        f: typed("i", 4_000_000_000),
        g: typed("l", -5_000_000_000),
        h: typed("f", 1.5),
        i: typed("d", 2.25),
        j: true,
        k: typed("D", 12345),
        l: typed("T", 1_700_000_000),
        m: "string",
        n: typed("x", "bytes"),
        o: null,
        p: [1, "two", [3]],
        q: { r: { s: "deep" } },
      };
      ch.publish({ key: q, properties: { headers }, body: "types" });
      await ch.get(q);
    }),
    onChannel("3.3", "publish: a header of type L arrives unchanged", async (ch, n) => {
      const q = await ch.queue(n("q"));
      ch.publish({ key: q, properties: { headers: { a: typed("L", 5) } }, body: "hi" });
      await ch.get(q);
    }),
    onChannel("3.6", "publish: an empty headers table arrives as such", async (ch, n) => {
      const q = await ch.queue(n("q"));
      ch.publish({ key: q, properties: { headers: {} }, body: "hi" });
      await ch.get(q);
    }),
    onChannel("3.6", "publish: a binary body arrives unchanged", async (ch, n) => {
      const q = await ch.queue(n("q"));
      ch.publish({ key: q, body: Buffer.from([0, 1, 2, 0xce, 0x7f]) });
      await ch.get(q);
    }),
    ...[
      "abc",
      "-1",
      "-10",
      "10s",
      "10foobar",
      "",
      "1.5",
      " 5",
      "+5",
      "315360000000",
      "315360000001",
    ].map(expiration),
    badCopies("CC that is a string", { CC: "a" }),
    badCopies("CC that is an integer", { CC: 5 }),
    badCopies("CC that is a table", { CC: {} }),
    badCopies("BCC that is a string", { BCC: "a" }),
    onChannel("3.6", "publish: the own user-id is accepted", async (ch, n) => {
      const q = await ch.queue(n("q"));
      ch.publish({ key: q, properties: { "user-id": "guest" }, body: "hi" });
      await ch.get(q);
    }),
    onChannel("3.6", "publish: another user-id is refused", async (ch, n) => {
      const q = await ch.queue(n("q"));
      ch.publish({ key: q, properties: { "user-id": "other" }, body: "hi" });
      await ch.get(q);
    }),
    scenario("3.15", "publish: an impersonator may set any user-id", async (s) => {
      const ch = await (await s.connect({ user: "impersonator" })).channel();
      const q = await ch.queue(s.name("q"));
      ch.publish({ key: q, properties: { "user-id": "other" }, body: "hi" });
      await ch.get(q);
    }),
    onChannel("3.6", "publish: immediate is checked before the exchange", async (ch, n) => {
      ch.publish({ exchange: n("x"), immediate: true, body: "hi" });
      await ch.take(1);
    }),
    onChannel("3.6", "publish: the exchange is checked before the expiration", async (ch, n) => {
      ch.publish({ exchange: n("x"), properties: { expiration: "x" }, body: "hi" });
      await ch.take(1);
    }),
    onChannel("3.6", "publish: the user-id against the expiration", async (ch) => {
      ch.publish({ properties: { expiration: "x", "user-id": "other" }, body: "hi" });
      await ch.take(1);
    }),
    onChannel("3.6", "publish: CR and LF in names", async (ch, n) => {
      await ch.exchange(n("x"), "fanout");
      ch.publish({ exchange: `${n("x")}\n`, body: "hi", mandatory: true });
      await ch.take(1);
    }),
    scenario("3.5", "publish: into an exclusive queue of another connection", async (s) => {
      const owner = await (await s.connect()).channel();
      const q = await owner.queue(s.name("q"), { exclusive: true });
      const other = await (await s.connect()).channel();
      other.publish({ key: q, body: "hi", mandatory: true });
      await other.barrier();
      await owner.untilCount(q, 1);
      await owner.get(q);
    }),
  ],
};
