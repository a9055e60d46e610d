import type { Channel } from "../script/channel.ts";
import { type Group, onChannel } from "../script/session.ts";
import type { FieldTable } from "../wire/field-value.ts";

async function declare(
  ch: Channel,
  name: string,
  type: string,
  table: FieldTable = {},
): Promise<void> {
  await ch.exchange(name, type, { arguments: table });
}

/** Exchange types that come with RabbitMQ as plugins. */
export const exchangePlugins: Group = {
  name: "exchange-plugins",
  cases: [
    onChannel(
      "3.4",
      "consistent hash: one of the bound queues gets each message",
      async (ch, n) => {
        await declare(ch, n("x"), "x-consistent-hash");
        await ch.queue(n("q"));
        await ch.bind(n("q"), n("x"), "1");
        ch.publish({ exchange: n("x"), key: "any", mandatory: true, body: "1" });
        ch.publish({ exchange: n("x"), key: "other", mandatory: true, body: "2" });
        await ch.drain(n("q"));
      },
    ),
    onChannel("3.4", "consistent hash: without bindings a message is unroutable", async (ch, n) => {
      await declare(ch, n("x"), "x-consistent-hash");
      ch.publish({ exchange: n("x"), key: "any", mandatory: true, body: "1" });
      await ch.take(1);
    }),
    ...["abc", "", "1.5"].map((weight) =>
      onChannel("3.4", `consistent hash: the weight '${weight}' is refused`, async (ch, n) => {
        await declare(ch, n("x"), "x-consistent-hash");
        await ch.queue(n("q"));
        await ch.bind(n("q"), n("x"), weight);
      }),
    ),
    onChannel("3.4", "consistent hash: header and property together are refused", async (ch, n) => {
      await declare(ch, n("x"), "x-consistent-hash", {
        "hash-header": "h",
        "hash-property": "message_id",
      });
    }),
    onChannel("3.4", "consistent hash: an unknown property is refused", async (ch, n) => {
      await declare(ch, n("x"), "x-consistent-hash", { "hash-property": "nosuch" });
    }),
    ...["correlation_id", "message_id", "timestamp"].map((property) =>
      onChannel("3.4", `consistent hash: by ${property}`, async (ch, n) => {
        await declare(ch, n("x"), "x-consistent-hash", { "hash-property": property });
        await ch.queue(n("q"));
        await ch.bind(n("q"), n("x"), "2");
        ch.publish({
          exchange: n("x"),
          properties: { "correlation-id": "c", "message-id": "m", timestamp: 1_700_000_000 },
          body: "1",
        });
        ch.publish({ exchange: n("x"), body: "without" });
        await ch.drain(n("q"));
      }),
    ),
    onChannel("3.4", "random: the only bound queue gets all", async (ch, n) => {
      await declare(ch, n("x"), "x-random");
      await ch.queue(n("q"));
      await ch.bind(n("q"), n("x"), "k");
      ch.publish({ exchange: n("x"), key: "z", body: "1" });
      await ch.drain(n("q"));
    }),
    onChannel("3.4", "random: without bindings a message is unroutable", async (ch, n) => {
      await declare(ch, n("x"), "x-random");
      ch.publish({ exchange: n("x"), mandatory: true, body: "1" });
      await ch.take(1);
    }),
    onChannel("3.4", "recent history: a new binding gets the last messages", async (ch, n) => {
      await declare(ch, n("x"), "x-recent-history", { "x-recent-history-length": 2 });
      await ch.queue(n("first"));
      await ch.bind(n("first"), n("x"));
      for (const body of ["1", "2", "3"]) ch.publish({ exchange: n("x"), key: "k", body });
      await ch.untilCount(n("first"), 3);
      await ch.queue(n("late"));
      await ch.bind(n("late"), n("x"));
      await ch.untilCount(n("late"), 2);
      await ch.drain(n("late"));
    }),
    onChannel("3.4", "recent history: 20 messages by default", async (ch, n) => {
      await declare(ch, n("x"), "x-recent-history");
      await ch.queue(n("first"));
      await ch.bind(n("first"), n("x"));
      for (let index = 1; index <= 22; index++) ch.publish({ exchange: n("x"), body: `${index}` });
      await ch.untilCount(n("first"), 22);
      await ch.queue(n("late"));
      await ch.bind(n("late"), n("x"));
      await ch.untilCount(n("late"), 20);
    }),
    onChannel("3.4", "recent history: x-recent-history-no-store is not kept", async (ch, n) => {
      await declare(ch, n("x"), "x-recent-history");
      await ch.queue(n("first"));
      await ch.bind(n("first"), n("x"));
      ch.publish({
        exchange: n("x"),
        properties: { headers: { "x-recent-history-no-store": true } },
        body: "forgotten",
      });
      ch.publish({ exchange: n("x"), body: "kept" });
      await ch.untilCount(n("first"), 2);
      await ch.queue(n("late"));
      await ch.bind(n("late"), n("x"));
      await ch.untilCount(n("late"), 1);
      await ch.get(n("late"));
    }),
    ...[0, -1].map((length) =>
      onChannel("3.4", `recent history: the length ${length} is refused`, async (ch, n) => {
        await declare(ch, n("x"), "x-recent-history", { "x-recent-history-length": length });
      }),
    ),
    onChannel("3.4", "recent history: a length that is a string is refused", async (ch, n) => {
      await declare(ch, n("x"), "x-recent-history", { "x-recent-history-length": "5" });
    }),
  ],
};
