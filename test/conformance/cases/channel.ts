import { type Group, onChannel, scenario } from "../script/session.ts";

/** Opening, closing and reopening channels. */
export const channel: Group = {
  name: "channel",
  cases: [
    scenario("3.1", "a channel opens and closes", async (s) => {
      const ch = (await s.connect()).unopened(1);
      await ch.call("channel.open");
      await ch.close();
    }),
    scenario("3.1", "a channel closed by the client can be opened again", async (s) => {
      const ch = await (await s.connect()).channel();
      await ch.close();
      await ch.reopen();
    }),
    scenario("3.3", "channel.open twice is a 504", async (s) => {
      const ch = await (await s.connect()).channel();
      await ch.call("channel.open");
    }),
    scenario("3.3", "a method on a channel never opened is a 504", async (s) => {
      const ch = (await s.connect()).unopened(5);
      await ch.call("queue.declare", { queue: s.name("q") });
    }),
    scenario("3.3", "a method on a channel that the client has closed is a 504", async (s) => {
      const ch = await (await s.connect()).channel();
      await ch.close();
      await ch.call("queue.declare", { queue: s.name("q") });
    }),
    scenario("3.3", "channel.close on a channel never opened", async (s) => {
      const ch = (await s.connect()).unopened(3);
      await ch.call("channel.close", { "reply-code": 200, "reply-text": "" });
    }),
    scenario("3.3", "channel.open on channel 0 is a 504", async (s) => {
      await (await s.connect()).call("channel.open");
    }),
    scenario("3.3", "queue.declare on channel 0", async (s) => {
      await (await s.connect()).call("queue.declare", { queue: "q" });
    }),
    scenario("3.3", "a connection method on another channel than 0", async (s) => {
      const ch = await (await s.connect()).channel();
      await ch.call("connection.open", { "virtual-host": "/" });
    }),
    scenario("3.2", "channel numbers may exceed channel_max, their count may not", async (s) => {
      const peer = await s.connect({ channelMax: 2 });
      await peer.unopened(7).call("channel.open");
      await peer.unopened(9).call("channel.open");
      await peer.unopened(1).call("channel.open");
    }),
    scenario("3.2", "a closed channel frees its place under channel_max", async (s) => {
      const peer = await s.connect({ channelMax: 1 });
      const ch = peer.unopened(1);
      await ch.call("channel.open");
      await ch.close();
      await peer.unopened(2).call("channel.open");
    }),
    scenario("3.2", "a user's channel limit holds across connections", async (s) => {
      const peer = await s.connect({ user: "twochannels" });
      await peer.unopened(1).call("channel.open");
      await peer.unopened(2).call("channel.open");
      await peer.unopened(3).call("channel.open");
    }),
    scenario("3.1", "after a channel error nothing is answered until close-ok", async (s) => {
      const peer = await s.connect({ answersClose: false });
      const ch = await peer.channel();
      await ch.passive(s.name("missing"));
      ch.send("queue.declare", { queue: s.name("ignored") });
      ch.send("basic.qos", { "prefetch-count": 1 });
      ch.send("channel.close-ok");
      await ch.reopen();
      await ch.passive(s.name("ignored"));
      ch.send("channel.close-ok");
    }),
    scenario("3.1", "channel.close crossing the server's close is answered", async (s) => {
      const peer = await s.connect({ answersClose: false });
      const ch = await peer.channel();
      await ch.passive(s.name("missing"));
      await ch.call("channel.close", { "reply-code": 200, "reply-text": "" });
      ch.send("channel.close-ok");
      await ch.reopen();
    }),
    onChannel("3.1", "a channel error leaves other channels alone", async (ch, n) => {
      const other = await ch.peer.channel(2);
      await ch.passive(n("missing"));
      await other.queue(n("q"));
      await ch.reopen();
      await ch.passive(n("q"));
    }),
    onChannel(
      "3.1",
      "a channel error requeues what was unacked and drops consumers",
      async (ch, n) => {
        const other = await ch.peer.channel(2);
        const q = await other.queue(n("q"));
        other.publishAll(q, ["one", "two"]);
        await other.untilCount(q, 2);
        await ch.consume(q, "t");
        await ch.take(2);
        await ch.passive(n("missing"));
        await other.untilCount(q, 2);
        await other.drain(q);
      },
    ),
    onChannel(
      "3.1",
      "closing a channel requeues what was unacked, marked as redelivered",
      async (ch, n) => {
        const other = await ch.peer.channel(2);
        const q = await other.queue(n("q"));
        other.publishAll(q, ["one", "two"]);
        await other.get(q);
        await ch.get(q, false);
        await ch.close();
        await other.untilCount(q, 1);
        await other.drain(q);
      },
    ),
    onChannel("3.1", "pipelined methods are answered in order", async (ch, n) => {
      ch.send("queue.declare", { queue: n("a") });
      ch.send("exchange.declare", { exchange: n("x"), type: "fanout" });
      ch.send("queue.bind", { queue: n("a"), exchange: n("x") });
      ch.send("queue.purge", { queue: n("a") });
      ch.send("basic.qos", { "prefetch-count": 3 });
      await ch.take(5);
    }),
    onChannel(
      "3.1",
      "pipelined methods: an error in the middle silences the rest",
      async (ch, n) => {
        ch.send("queue.declare", { queue: n("a") });
        ch.send("queue.declare", { queue: n("missing"), passive: true });
        ch.send("queue.declare", { queue: n("b") });
        await ch.take(2);
        await ch.reopen();
        await ch.passive(n("b"));
      },
    ),
    onChannel("3.1", "pipelined publishes before an error are still routed", async (ch, n) => {
      const q = await ch.queue(n("q"));
      ch.publishAll(q, ["one", "two"]);
      ch.publish({ exchange: n("missing"), key: q, body: "three" });
      ch.publishAll(q, ["four"]);
      await ch.take(1);
      await ch.reopen();
      await ch.untilCount(q, 2);
    }),
    onChannel("3.7", "channel.flow active=true is answered", async (ch) => {
      await ch.call("channel.flow", { active: true });
    }),
    onChannel("3.7", "channel.flow active=false is a 540", async (ch) => {
      await ch.call("channel.flow", { active: false });
    }),
    onChannel("3.7", "access.request is granted with ticket 1", async (ch) => {
      await ch.call("access.request", { realm: "/data", active: true, read: true });
    }),
    onChannel("3.1", "a nowait declare that fails still closes the channel", async (ch, n) => {
      ch.send("queue.declare", { queue: n("missing"), passive: true, nowait: true });
      await ch.take(1);
    }),
    onChannel("3.1", "nowait suppresses each ok", async (ch, n) => {
      ch.send("queue.declare", { queue: n("q"), nowait: true });
      ch.send("exchange.declare", { exchange: n("x"), type: "direct", nowait: true });
      ch.send("queue.bind", { queue: n("q"), exchange: n("x"), nowait: true });
      ch.send("exchange.bind", { destination: n("x"), source: "amq.fanout", nowait: true });
      ch.send("exchange.unbind", { destination: n("x"), source: "amq.fanout", nowait: true });
      ch.send("queue.purge", { queue: n("q"), nowait: true });
      ch.send("confirm.select", { nowait: true });
      ch.send("basic.consume", { queue: n("q"), "consumer-tag": "t", nowait: true });
      ch.send("basic.cancel", { "consumer-tag": "t", nowait: true });
      ch.send("exchange.delete", { exchange: n("x"), nowait: true });
      await ch.passive(n("q"));
      ch.send("queue.delete", { queue: n("q"), nowait: true });
      await ch.passive(n("q"));
    }),
  ],
};
