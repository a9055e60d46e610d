import { type Group, onChannel } from "../script/session.ts";

/** Policies from the definitions, matched by the end of the name. */
export const policies: Group = {
  name: "policies",
  cases: [
    onChannel("3.9", "policy: message-ttl expires", async (ch, n) => {
      const q = await ch.queue(n("q-pol-ttl"));
      ch.publishAll(q, ["1"]);
      await ch.get(q);
    }),
    onChannel("3.9", "policy: of a TTL policy and argument the lower applies", async (ch, n) => {
      const q = await ch.queue(n("q-pol-ttl-long"), { arguments: { "x-message-ttl": 0 } });
      ch.publishAll(q, ["1"]);
      await ch.get(q);
      const p = await ch.queue(n("p-pol-ttl"), { arguments: { "x-message-ttl": 3_600_000 } });
      ch.publishAll(p, ["1"]);
      await ch.get(p);
    }),
    onChannel("3.11", "policy: max-length drops the oldest", async (ch, n) => {
      const q = await ch.queue(n("q-pol-max2"));
      ch.publishAll(q, ["1", "2", "3"]);
      await ch.drain(q);
    }),
    onChannel("3.11", "policy: a lower argument wins over max-length", async (ch, n) => {
      const q = await ch.queue(n("q-pol-max2"), { arguments: { "x-max-length": 1 } });
      ch.publishAll(q, ["1", "2", "3"]);
      await ch.drain(q);
    }),
    onChannel("3.11", "policy: a higher argument does not", async (ch, n) => {
      const q = await ch.queue(n("q-pol-max2"), { arguments: { "x-max-length": 5 } });
      ch.publishAll(q, ["1", "2", "3"]);
      await ch.drain(q);
    }),
    onChannel("3.11", "policy: overflow reject-publish nacks", async (ch, n) => {
      const q = await ch.queue(n("q-pol-max2-reject"));
      await ch.call("confirm.select");
      for (const body of ["1", "2", "3"]) {
        ch.publish({ key: q, body });
        await ch.confirmOne();
      }
    }),
    onChannel("3.10", "policy: dead letter exchange and routing key", async (ch, n) => {
      const target = await ch.queue("policy-target");
      const q = await ch.queue(n("q-pol-dlx"));
      ch.publishAll(q, ["1"]);
      await ch.get(q, false);
      ch.send("basic.reject", { "delivery-tag": 1 });
      await ch.untilCount(target, 1);
      await ch.get(target);
    }),
    onChannel("3.10", "policy: a dead letter argument wins", async (ch, n) => {
      const target = await ch.queue(n("target"));
      const q = await ch.queue(n("q-pol-dlx"), {
        arguments: { "x-dead-letter-exchange": "", "x-dead-letter-routing-key": target },
      });
      ch.publishAll(q, ["1"]);
      await ch.get(q, false);
      ch.send("basic.reject", { "delivery-tag": 1 });
      await ch.untilCount(target, 1);
    }),
    onChannel("3.4", "policy: alternate exchange", async (ch, n) => {
      const q = await ch.queue(n("q"));
      await ch.exchange("policy-alternate", "fanout", { "auto-delete": true });
      await ch.bind(q, "policy-alternate");
      await ch.exchange(n("x-pol-ae"));
      ch.publish({ exchange: n("x-pol-ae"), key: "nowhere", mandatory: true, body: "caught" });
      await ch.get(q);
    }),
    onChannel("3.14", "policy: of two that match the higher priority applies", async (ch, n) => {
      const q = await ch.queue(n("q-pol-prio-high"));
      ch.publishAll(q, ["1", "2", "3", "4"]);
      await ch.countAndDelete(q);
      const p = await ch.queue(n("p-pol-prio-low"));
      ch.publishAll(p, ["1", "2", "3", "4"]);
      await ch.countAndDelete(p);
    }),
    onChannel(
      "3.5",
      "policy: it does not count as an argument when declaring again",
      async (ch, n) => {
        const q = await ch.queue(n("q-pol-max2"));
        await ch.queue(q);
        await ch.queue(q, { arguments: { "x-max-length": 2 } });
      },
    ),
    onChannel("3.7", "policy: delivery-limit of a quorum queue", async (ch, n) => {
      const q = await ch.queue(n("q-pol-q-limit"), {
        durable: true,
        arguments: { "x-queue-type": "quorum" },
      });
      await ch.call("confirm.select");
      ch.publish({ key: q, body: "1" });
      await ch.confirmOne();
      for (const tag of [1, 2]) {
        await ch.untilCount(q, 1);
        await ch.get(q, false);
        ch.send("basic.nack", { "delivery-tag": tag, requeue: true });
      }
      await ch.get(q);
    }),
    onChannel("3.5", "policy: expires removes an unused queue", async (ch, n) => {
      await ch.untilGone(await ch.queue(n("q-pol-expires")));
    }),
    onChannel("3.11", "policy: max-length-bytes drops the oldest", async (ch, n) => {
      const q = await ch.queue(n("q-pol-bytes5"));
      ch.publishAll(q, ["123", "45", "6"]);
      await ch.drain(q);
    }),
    onChannel(
      "3.14",
      "policy: one that applies to exchanges leaves queues alone",
      async (ch, n) => {
        const q = await ch.queue(n("q-pol-exchanges-only"));
        ch.publishAll(q, ["1"]);
        await ch.get(q);
      },
    ),
    onChannel("3.5", "operator policy: caps the length", async (ch, n) => {
      const q = await ch.queue(n("q-oppol-max1"));
      ch.publishAll(q, ["1", "2", "3"]);
      await ch.drain(q);
    }),
    onChannel("3.5", "operator policy: caps a higher argument", async (ch, n) => {
      const q = await ch.queue(n("q-oppol-max1"), { arguments: { "x-max-length": 5 } });
      ch.publishAll(q, ["1", "2", "3"]);
      await ch.drain(q);
    }),
    onChannel("3.5", "operator policy: leaves a lower argument", async (ch, n) => {
      const q = await ch.queue(n("q-oppol-max1"), { arguments: { "x-max-length": 0 } });
      ch.publishAll(q, ["1"]);
      await ch.get(q);
    }),
  ],
};
