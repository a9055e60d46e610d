import { type Group, onChannel, scenario } from "../script/session.ts";

const PSEUDO = "amq.rabbitmq.reply-to";

/** Direct reply-to. */
export const replyTo: Group = {
  name: "reply-to",
  cases: [
    onChannel("3.8", "reply-to: a consumer that acks is refused", async (ch) => {
      await ch.consume(PSEUDO, "t");
    }),
    onChannel("3.8", "reply-to: a second consumer on the channel is refused", async (ch) => {
      await ch.consume(PSEUDO, "t", { "no-ack": true });
      await ch.consume(PSEUDO, "u", { "no-ack": true });
    }),
    onChannel("3.8", "reply-to: a request without a reply consumer is refused", async (ch, n) => {
      const q = await ch.queue(n("q"));
      ch.publish({ key: q, properties: { "reply-to": PSEUDO }, body: "ask" });
      await ch.take(1);
    }),
    scenario("3.8", "reply-to: a reply reaches the requester", async (s) => {
      const client = await (await s.connect()).channel();
      const server = await (await s.connect()).channel();
      const q = await server.queue(s.name("q"));
      await server.consume(q, "server", { "no-ack": true });
      await client.consume(PSEUDO, "replies", { "no-ack": true });
      client.publish({
        key: q,
        properties: { "reply-to": PSEUDO, "correlation-id": "7" },
        body: "ask",
      });
      const [request] = await server.take(1);
      const address = String(request?.content?.properties["reply-to"]);
      server.publish({ key: address, properties: { "correlation-id": "7" }, body: "answer" });
      await client.take(1);
      await server.passive(address);
    }),
    scenario("3.8", "reply-to: several replies to one request all arrive", async (s) => {
      const client = await (await s.connect()).channel();
      const server = await (await s.connect()).channel();
      const q = await server.queue(s.name("q"));
      await client.consume(PSEUDO, "", { "no-ack": true });
      client.publish({ key: q, properties: { "reply-to": PSEUDO }, body: "ask" });
      await server.untilCount(q, 1);
      const request = await server.get(q);
      const address = String(request.content?.properties["reply-to"]);
      for (const body of ["1", "2", "3"]) server.publish({ key: address, body });
      await client.take(3);
    }),
    scenario("3.8", "reply-to: a reply to a requester that is gone is returned", async (s) => {
      const peer = await s.connect();
      const client = await peer.channel();
      const server = await (await s.connect()).channel();
      const q = await server.queue(s.name("q"));
      await client.consume(PSEUDO, "t", { "no-ack": true });
      client.publish({ key: q, properties: { "reply-to": PSEUDO }, body: "ask" });
      await server.untilCount(q, 1);
      const request = await server.get(q);
      const address = String(request.content?.properties["reply-to"]);
      await client.close();
      await peer.call("connection.close", { "reply-code": 200, "reply-text": "" });
      await server.until("queue.declare", { queue: address, passive: true }, () => false);
      await server.reopen();
      server.publish({ key: address, mandatory: true, body: "too late" });
      await server.take(1);
    }),
    onChannel("3.8", "reply-to: cancel ends the replies and allows a new consumer", async (ch) => {
      await ch.consume(PSEUDO, "t", { "no-ack": true });
      await ch.call("basic.cancel", { "consumer-tag": "t" });
      await ch.consume(PSEUDO, "u", { "no-ack": true });
    }),
    onChannel("3.8", "reply-to: another reply-to name passes unchanged", async (ch, n) => {
      const q = await ch.queue(n("q"));
      ch.publish({ key: q, properties: { "reply-to": "mine" }, body: "ask" });
      await ch.get(q);
    }),
    onChannel("3.8", "reply-to: basic.get from the pseudo queue", async (ch) => {
      await ch.get(PSEUDO);
    }),
    onChannel("3.8", "reply-to: publishing to the bare pseudo queue", async (ch) => {
      await ch.consume(PSEUDO, "t", { "no-ack": true });
      ch.publish({ key: PSEUDO, mandatory: true, body: "x" });
      await ch.take(1);
    }),
    onChannel("3.8", "reply-to: purge, delete and bind of the pseudo queue", async (ch) => {
      for (const [method, args] of [
        ["queue.purge", { queue: PSEUDO }],
        ["queue.delete", { queue: PSEUDO }],
        ["queue.bind", { queue: PSEUDO, exchange: "amq.direct", "routing-key": "k" }],
      ] as const) {
        await ch.call(method, args);
        if (!ch.isOpen) await ch.reopen();
      }
    }),
    onChannel("3.8", "reply-to: a request and its reply on one channel", async (ch, n) => {
      const q = await ch.queue(n("q"));
      await ch.consume(PSEUDO, "t", { "no-ack": true });
      ch.publish({ key: q, properties: { "reply-to": PSEUDO }, body: "ask" });
      const request = await ch.get(q);
      const address = String(request.content?.properties["reply-to"]);
      ch.publish({ key: address, body: "answer" });
      await ch.take(1);
    }),
    onChannel("3.8", "reply-to: a mandatory reply to a living requester", async (ch, n) => {
      const other = await ch.peer.channel(2);
      const q = await ch.queue(n("q"));
      await ch.consume(PSEUDO, "t", { "no-ack": true });
      ch.publish({ key: q, properties: { "reply-to": PSEUDO }, body: "ask" });
      const request = await ch.get(q);
      const address = String(request.content?.properties["reply-to"]);
      other.publish({ key: address, mandatory: true, body: "answer" });
      await other.barrier();
      await ch.take(1);
    }),
  ],
};
