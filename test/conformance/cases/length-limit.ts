import { type Group, onChannel } from "../script/session.ts";

/** x-max-length, x-max-length-bytes and what happens beyond. */
export const lengthLimit: Group = {
  name: "length-limit",
  cases: [
    onChannel("3.11", "max-length: the oldest messages are dropped", async (ch, n) => {
      const q = await ch.queue(n("q"), { arguments: { "x-max-length": 2 } });
      ch.publishAll(q, ["1", "2", "3", "4"]);
      await ch.drain(q);
    }),
    onChannel("3.11", "max-length: unacked messages do not count", async (ch, n) => {
      const q = await ch.queue(n("q"), { arguments: { "x-max-length": 2 } });
      ch.publishAll(q, ["1", "2"]);
      await ch.get(q, false);
      await ch.get(q, false);
      ch.publishAll(q, ["3", "4"]);
      await ch.drain(q);
    }),
    onChannel("3.11", "max-length: requeued messages push over the limit", async (ch, n) => {
      const q = await ch.queue(n("q"), { arguments: { "x-max-length": 2 } });
      ch.publishAll(q, ["1", "2"]);
      await ch.get(q, false);
      await ch.get(q, false);
      ch.publishAll(q, ["3", "4"]);
      ch.send("basic.nack", { "delivery-tag": 2, multiple: true, requeue: true });
      await ch.drain(q);
    }),
    onChannel("3.11", "max-length: 0 keeps nothing", async (ch, n) => {
      const q = await ch.queue(n("q"), { arguments: { "x-max-length": 0 } });
      ch.publishAll(q, ["1"]);
      await ch.get(q);
    }),
    onChannel("3.11", "max-length: 0 reaches a consumer that waits", async (ch, n) => {
      const q = await ch.queue(n("q"), { arguments: { "x-max-length": 0 } });
      await ch.consume(q, "t", { "no-ack": true });
      ch.publishAll(q, ["1"]);
      await ch.take(1);
    }),
    onChannel("3.11", "max-length-bytes: body bytes are counted", async (ch, n) => {
      const q = await ch.queue(n("q"), { arguments: { "x-max-length-bytes": 10 } });
      ch.publishAll(q, ["12345", "67890"]);
      await ch.untilCount(q, 2);
      ch.publishAll(q, ["x"]);
      await ch.drain(q);
    }),
    onChannel("3.11", "max-length-bytes: headers do not count", async (ch, n) => {
      const q = await ch.queue(n("q"), { arguments: { "x-max-length-bytes": 5 } });
      ch.publishAll(q, ["12345"], { headers: { long: "x".repeat(200) } });
      await ch.get(q);
    }),
    onChannel(
      "3.11",
      "max-length-bytes: a message larger than the limit is dropped",
      async (ch, n) => {
        const q = await ch.queue(n("q"), { arguments: { "x-max-length-bytes": 5 } });
        ch.publishAll(q, ["123", "1234567"]);
        await ch.get(q);
      },
    ),
    onChannel(
      "3.11",
      "max-length and max-length-bytes: whichever is reached first",
      async (ch, n) => {
        const q = await ch.queue(n("q"), {
          arguments: { "x-max-length": 3, "x-max-length-bytes": 10 },
        });
        ch.publishAll(q, ["1", "2", "3", "4"]);
        await ch.get(q);
        ch.publishAll(q, ["123456789"]);
        await ch.drain(q);
      },
    ),
    onChannel(
      "3.11",
      "reject-publish: without confirms the message is dropped in silence",
      async (ch, n) => {
        const q = await ch.queue(n("q"), {
          arguments: { "x-max-length": 1, "x-overflow": "reject-publish" },
        });
        ch.publishAll(q, ["1", "2"]);
        await ch.drain(q);
      },
    ),
    onChannel("3.11", "reject-publish: a free place is used again", async (ch, n) => {
      const q = await ch.queue(n("q"), {
        arguments: { "x-max-length": 1, "x-overflow": "reject-publish" },
      });
      await ch.call("confirm.select");
      for (const body of ["1", "2"]) {
        ch.publish({ key: q, body });
        await ch.confirmOne();
      }
      await ch.get(q);
      ch.publish({ key: q, body: "3" });
      await ch.confirmOne();
      await ch.get(q);
    }),
    onChannel("3.11", "reject-publish: bytes are limited, too", async (ch, n) => {
      const q = await ch.queue(n("q"), {
        arguments: { "x-max-length-bytes": 4, "x-overflow": "reject-publish" },
      });
      await ch.call("confirm.select");
      for (const body of ["12", "34", "5", "6"]) {
        ch.publish({ key: q, body });
        await ch.confirmOne();
      }
      await ch.drain(q);
    }),
    onChannel(
      "3.11",
      "reject-publish: a mandatory message is nacked, not returned",
      async (ch, n) => {
        const q = await ch.queue(n("q"), {
          arguments: { "x-max-length": 0, "x-overflow": "reject-publish" },
        });
        await ch.call("confirm.select");
        ch.publish({ key: q, mandatory: true, body: "1" });
        await ch.confirmOne();
      },
    ),
  ],
};
