import type { Channel } from "../script/channel.ts";
import { type Case, type Group, type Session, scenario } from "../script/session.ts";

/**
 * A is guest and prepares; B is the user `limited`, who may configure names ending in c, cw, cr or cwr, write to
 * those ending in w, cw, wr or cwr and to the default exchange, and read from those ending in r, cr, wr or cwr.
 */
function asLimited(
  name: string,
  script: (limited: Channel, guest: Channel, n: (short: string) => string) => Promise<void>,
): Case {
  return asUser("limited", name, script);
}

function asUser(
  user: string,
  name: string,
  script: (channel: Channel, guest: Channel, n: (short: string) => string) => Promise<void>,
): Case {
  return scenario("3.15", `${user}: ${name}`, async (s: Session) => {
    const guest = await (await s.connect()).channel();
    const channel = await (await s.connect({ user })).channel();
    await script(channel, guest, (short) => s.name(short));
  });
}

/** Permissions per method. */
export const permissions: Group = {
  name: "permissions",
  cases: [
    asLimited("queue.declare needs configure", async (ch, _guest, n) => {
      await ch.queue(n("q-c"));
      await ch.queue(n("q-wr"));
    }),
    asLimited("queue.declare of an existing queue needs configure, too", async (ch, guest, n) => {
      await guest.queue(n("q-wr"));
      await ch.queue(n("q-wr"));
    }),
    asLimited("a passive queue.declare needs nothing", async (ch, guest, n) => {
      await guest.queue(n("q"));
      await ch.passive(n("q"));
    }),
    asLimited("a passive exchange.declare needs nothing", async (ch, guest, n) => {
      await guest.exchange(n("x"));
      await ch.exchange(n("x"), "direct", { passive: true });
    }),
    asLimited("a server-named queue needs configure on its name", async (ch) => {
      await ch.call("queue.declare", { queue: "" });
    }),
    asLimited(
      "queue.declare with a dead letter exchange needs write on it",
      async (ch, _guest, n) => {
        await ch.queue(n("q-cr"), { arguments: { "x-dead-letter-exchange": n("x-w") } });
        await ch.queue(n("p-cr"), { arguments: { "x-dead-letter-exchange": n("x-cr") } });
      },
    ),
    asLimited(
      "queue.declare with a dead letter exchange needs read on the queue",
      async (ch, _guest, n) => {
        await ch.queue(n("q-cw"), { arguments: { "x-dead-letter-exchange": n("x-w") } });
      },
    ),
    asLimited("queue.delete needs configure", async (ch, guest, n) => {
      await guest.queue(n("q-wr"));
      await ch.call("queue.delete", { queue: n("q-wr") });
    }),
    asLimited("queue.delete of a missing queue needs configure, too", async (ch, _guest, n) => {
      await ch.call("queue.delete", { queue: n("q-wr") });
    }),
    asLimited("queue.purge needs read", async (ch, guest, n) => {
      await guest.queue(n("q-r"));
      await guest.queue(n("q-cw"));
      await ch.call("queue.purge", { queue: n("q-r") });
      await ch.call("queue.purge", { queue: n("q-cw") });
    }),
    asLimited("queue.bind needs write on the queue", async (ch, guest, n) => {
      await guest.queue(n("q-cr"));
      await guest.exchange(n("x-r"));
      await ch.bind(n("q-cr"), n("x-r"), "k");
    }),
    asLimited("queue.bind needs read on the exchange", async (ch, guest, n) => {
      await guest.queue(n("q-w"));
      await guest.exchange(n("x-cw"));
      await ch.bind(n("q-w"), n("x-cw"), "k");
    }),
    asLimited("queue.bind with both is allowed", async (ch, guest, n) => {
      await guest.queue(n("q-w"));
      await guest.exchange(n("x-r"));
      await ch.bind(n("q-w"), n("x-r"), "k");
      await ch.call("queue.unbind", { queue: n("q-w"), exchange: n("x-r"), "routing-key": "k" });
    }),
    asLimited(
      "queue.bind is refused before a missing exchange is noticed",
      async (ch, _guest, n) => {
        await ch.bind(n("q"), n("x"), "k");
      },
    ),
    asLimited("queue.unbind needs write on the queue", async (ch, guest, n) => {
      await guest.queue(n("q-cr"));
      await guest.exchange(n("x-r"));
      await ch.call("queue.unbind", { queue: n("q-cr"), exchange: n("x-r"), "routing-key": "k" });
    }),
    asLimited("exchange.declare needs configure", async (ch, _guest, n) => {
      await ch.exchange(n("x-c"));
      await ch.exchange(n("x-wr"));
    }),
    asLimited(
      "exchange.declare with an alternate exchange needs write on it",
      async (ch, _guest, n) => {
        await ch.exchange(n("x-cr"), "direct", { arguments: { "alternate-exchange": n("y-r") } });
      },
    ),
    asLimited(
      "exchange.declare with an alternate exchange needs read on itself",
      async (ch, _guest, n) => {
        await ch.exchange(n("x-cw"), "direct", { arguments: { "alternate-exchange": n("y-w") } });
      },
    ),
    asLimited("exchange.delete needs configure", async (ch, guest, n) => {
      await guest.exchange(n("x-wr"));
      await ch.call("exchange.delete", { exchange: n("x-wr") });
    }),
    asLimited("exchange.bind needs write on the destination", async (ch, guest, n) => {
      await guest.exchange(n("x-r"));
      await guest.exchange(n("y-cr"));
      await ch.call("exchange.bind", { destination: n("y-cr"), source: n("x-r") });
    }),
    asLimited("exchange.bind needs read on the source", async (ch, guest, n) => {
      await guest.exchange(n("x-cw"));
      await guest.exchange(n("y-w"));
      await ch.call("exchange.bind", { destination: n("y-w"), source: n("x-cw") });
    }),
    asLimited("basic.publish needs write on the exchange", async (ch, guest, n) => {
      await guest.exchange(n("x-w"));
      await guest.exchange(n("x-cr"));
      ch.publish({ exchange: n("x-w"), body: "allowed" });
      ch.publish({ exchange: n("x-cr"), body: "refused" });
      await ch.take(1);
    }),
    asLimited(
      "basic.publish is refused before a missing exchange is noticed",
      async (ch, _guest, n) => {
        ch.publish({ exchange: n("x-cr"), body: "refused" });
        await ch.take(1);
      },
    ),
    asLimited(
      "basic.publish through the default exchange needs nothing on the queue",
      async (ch, guest, n) => {
        await guest.queue(n("q"));
        ch.publish({ key: n("q"), body: "hi" });
        await ch.barrier();
        await guest.untilCount(n("q"), 1);
      },
    ),
    asUser(
      "denied",
      "basic.publish through the default exchange is refused by its name",
      async (ch, guest, n) => {
        await guest.queue(n("q"));
        ch.publish({ key: n("q"), body: "hi" });
        await ch.take(1);
      },
    ),
    asUser("denied", "queue.declare is refused", async (ch, _guest, n) => {
      await ch.queue(n("q"));
    }),
    asUser("denied", "basic.get of a missing queue is refused", async (ch, _guest, n) => {
      await ch.get(n("q"));
    }),
    asUser("denied", "direct reply-to may be consumed", async (ch) => {
      await ch.consume("amq.rabbitmq.reply-to", "t", { "no-ack": true });
    }),
    asLimited("basic.get needs read", async (ch, guest, n) => {
      await guest.queue(n("q-r"));
      await guest.queue(n("q-cw"));
      await ch.get(n("q-r"));
      await ch.get(n("q-cw"));
    }),
    asLimited("basic.consume needs read", async (ch, guest, n) => {
      await guest.queue(n("q-r"));
      await guest.queue(n("q-cw"));
      await ch.consume(n("q-r"), "a");
      await ch.consume(n("q-cw"), "b");
    }),
    asUser("topical", "basic.publish with an allowed topic", async (ch, guest, n) => {
      const q = await guest.queue(n("q"));
      await guest.bind(q, "amq.topic", "a.allowed");
      ch.publish({ exchange: "amq.topic", key: "a.allowed", body: "hi" });
      await ch.barrier();
      await guest.untilCount(q, 1);
    }),
    asUser("topical", "basic.publish with a refused topic", async (ch) => {
      ch.publish({ exchange: "amq.topic", key: "z.refused", body: "hi" });
      await ch.take(1);
    }),
    asUser("topical", "basic.publish with a refused topic in CC", async (ch) => {
      ch.publish({
        exchange: "amq.topic",
        key: "a.fine",
        properties: { headers: { CC: ["z.refused"] } },
        body: "hi",
      });
      await ch.barrier();
    }),
    asUser("topical", "queue.bind with an allowed topic", async (ch, _guest, n) => {
      await ch.queue(n("q"));
      await ch.bind(n("q"), "amq.topic", "b.allowed");
    }),
    asUser("topical", "queue.bind with a refused topic", async (ch, _guest, n) => {
      await ch.queue(n("q"));
      await ch.bind(n("q"), "amq.topic", "z.refused");
    }),
    asUser("topical", "topics of another exchange are free", async (ch, _guest, n) => {
      await ch.exchange(n("x"), "topic");
      await ch.queue(n("q"));
      await ch.bind(n("q"), n("x"), "z.free");
      ch.publish({ exchange: n("x"), key: "z.free", body: "hi" });
      await ch.get(n("q"));
    }),
    asUser("manager", "a user-id of another user is refused", async (ch) => {
      ch.publish({ properties: { "user-id": "guest" }, body: "hi" });
      await ch.take(1);
    }),
  ],
};
