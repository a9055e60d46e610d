import type { Peer } from "../script/peer.ts";
import { type Case, type Group, scenario } from "../script/session.ts";
import { encodeHeader } from "../wire/content.ts";
import { encodeFrame, FRAME } from "../wire/frame.ts";
import { encodeMethod } from "../wire/methods.ts";

const PUBLISH: Buffer = encodeMethod("basic.publish", { exchange: "", "routing-key": "nowhere" });

/** Frames of a body, header or method on channel 1 that provoke a connection error. */
function refused(name: string, send: (peer: Peer) => void): Case {
  return scenario("3.3", name, async (s) => {
    const peer = await s.connect();
    await peer.channel();
    send(peer);
    await peer.receive();
  });
}

/** A method frame whose payload is these bytes. */
function method(...bytes: number[]): Buffer {
  return Buffer.from(bytes);
}

/** Frames, their order and their limits. */
export const framing: Group = {
  name: "framing",
  cases: [
    refused("a wrong frame end is a 501", (peer) => {
      peer.bytes(encodeFrame(1, 1, Buffer.from([1]), 0x00), "method frame <<1>> ending in 0");
    }),
    refused("a wrong frame end of an empty frame is a 501", (peer) => {
      peer.bytes(encodeFrame(8, 0, Buffer.alloc(0), 0x01), "heartbeat ending in 1");
    }),
    refused("an unknown frame type is a 501", (peer) => {
      peer.frame(9, 1, Buffer.from("abc"), "frame of type 9: abc");
    }),
    refused("an unknown frame type with many octets shows the first 16", (peer) => {
      peer.frame(9, 1, Buffer.from("12345678901234567890"), "frame of type 9 with 20 octets");
    }),
    refused("octets that are not all printable are shown as numbers", (peer) => {
      peer.frame(0, 1, Buffer.from("1234567890\0" + "1234567"), "frame of type 0 with 18 octets");
    }),
    refused("frame type 0 is a 501", (peer) => {
      peer.frame(0, 1, Buffer.alloc(0), "empty frame of type 0");
    }),
    refused("a heartbeat with a payload is a 501", (peer) => {
      peer.frame(8, 0, Buffer.from("x"), "heartbeat with payload x");
    }),
    refused("a heartbeat on another channel than 0 is a 505", (peer) => {
      peer.frame(8, 1, Buffer.alloc(0), "heartbeat on channel 1");
    }),
    refused("a payload larger than frame_max is a 501", (peer) => {
      const head = Buffer.from([3, 0, 1, 0, 3, 13, 64]);
      peer.bytes(head, "head of a body frame of 200000 octets");
    }),
    scenario("3.3", "a payload may exceed frame_max-8 by 8 bytes, no more", async (s) => {
      const peer = await s.connect({ frameMax: 8192 });
      const ch = await peer.channel();
      peer.frame(FRAME.method, 1, PUBLISH, "basic.publish");
      peer.frame(FRAME.header, 1, encodeHeader(8192, {}), "header of 8192 octets");
      peer.frame(FRAME.body, 1, Buffer.alloc(8192), "body of 8192 octets in one frame");
      await ch.call("channel.flow", { active: true });
      peer.frame(FRAME.method, 1, PUBLISH, "basic.publish");
      peer.frame(FRAME.header, 1, encodeHeader(8193, {}), "header of 8193 octets");
      peer.frame(FRAME.body, 1, Buffer.alloc(8193), "body of 8193 octets in one frame");
      await peer.receive();
    }),
    scenario("3.3", "heartbeats on channel 0 are taken at any time", async (s) => {
      const peer = await s.connect();
      const ch = await peer.channel();
      peer.frame(FRAME.method, 1, PUBLISH, "basic.publish");
      peer.frame(FRAME.heartbeat, 0, Buffer.alloc(0), "heartbeat");
      peer.frame(FRAME.header, 1, encodeHeader(2, {}), "header of 2 octets");
      peer.frame(FRAME.heartbeat, 0, Buffer.alloc(0), "heartbeat");
      peer.frame(FRAME.body, 1, Buffer.from("hi"), "body");
      await ch.call("channel.flow", { active: true });
    }),
    refused("a header with no method is a 505", (peer) => {
      peer.frame(FRAME.header, 1, encodeHeader(0, {}), "header");
    }),
    refused("a body with no method is a 505", (peer) => {
      peer.frame(FRAME.body, 1, Buffer.from("x"), "body");
    }),
    refused("a body where a header is due is a 505", (peer) => {
      peer.frame(FRAME.method, 1, PUBLISH, "basic.publish");
      peer.frame(FRAME.body, 1, Buffer.from("x"), "body");
    }),
    refused("a method where a header is due is a 505", (peer) => {
      peer.frame(FRAME.method, 1, PUBLISH, "basic.publish");
      peer.frame(FRAME.method, 1, PUBLISH, "basic.publish");
    }),
    refused("a header of another class is a 505", (peer) => {
      peer.frame(FRAME.method, 1, PUBLISH, "basic.publish");
      peer.frame(FRAME.header, 1, encodeHeader(0, {}, 50), "header for class 50");
    }),
    refused("a method while a body is incomplete is a 505", (peer) => {
      peer.frame(FRAME.method, 1, PUBLISH, "basic.publish");
      peer.frame(FRAME.header, 1, encodeHeader(10, {}), "header of 10 octets");
      peer.frame(FRAME.body, 1, Buffer.from("12345"), "body of 5");
      peer.frame(FRAME.method, 1, PUBLISH, "basic.publish");
    }),
    refused("a header while a body is incomplete is a 505", (peer) => {
      peer.frame(FRAME.method, 1, PUBLISH, "basic.publish");
      peer.frame(FRAME.header, 1, encodeHeader(10, {}), "header of 10 octets");
      peer.frame(FRAME.header, 1, encodeHeader(10, {}), "header of 10 octets");
    }),
    scenario("3.3", "frames of two channels may be interleaved", async (s) => {
      const peer = await s.connect();
      const [one, two] = [await peer.channel(), await peer.channel()];
      const q = await one.queue(s.name("q"));
      const publish = encodeMethod("basic.publish", { "routing-key": q });
      for (const number of [1, 2])
        peer.frame(FRAME.method, number, publish, `publish on ${number}`);
      for (const number of [1, 2]) {
        peer.frame(FRAME.header, number, encodeHeader(4, {}), `header of 4 on ${number}`);
      }
      for (const number of [1, 2, 1, 2]) {
        peer.frame(FRAME.body, number, Buffer.from("ab"), `body ab on ${number}`);
      }
      await one.call("channel.flow", { active: true });
      await two.call("channel.flow", { active: true });
      await one.untilCount(q, 2);
      await one.drain(q);
    }),
    scenario("3.3", "a body in many frames, some empty, arrives whole", async (s) => {
      const peer = await s.connect();
      const ch = await peer.channel();
      const q = await ch.queue(s.name("q"));
      const publish = encodeMethod("basic.publish", { "routing-key": q });
      peer.frame(FRAME.method, 1, publish, "basic.publish");
      peer.frame(FRAME.header, 1, encodeHeader(6, {}), "header of 6");
      for (const part of ["a", "", "bcd", "", "ef"]) {
        peer.frame(FRAME.body, 1, Buffer.from(part), `body ${part}`);
      }
      await ch.untilCount(q, 1);
      await ch.get(q);
    }),
    scenario("3.3", "a large body is cut into frames of frame_max", async (s) => {
      const peer = await s.connect();
      const ch = await peer.channel();
      const q = await ch.queue(s.name("q"));
      const body = Buffer.alloc(300_000, "x");
      peer.writeMethod(1, "basic.publish", { "routing-key": q });
      peer.frame(FRAME.header, 1, encodeHeader(body.length, {}), "publish with header of 300000");
      for (let at = 0; at < body.length; at += 100_000) {
        peer.frame(FRAME.body, 1, body.subarray(at, at + 100_000), "body of 100000");
      }
      await ch.get(q);
    }),
    scenario("3.3", "a message without a body needs no body frame", async (s) => {
      const ch = await (await s.connect()).channel();
      const q = await ch.queue(s.name("q"));
      ch.publish({ key: q });
      await ch.get(q);
    }),
    scenario("3.3", "more body bytes than announced", async (s) => {
      const peer = await s.connect();
      const ch = await peer.channel();
      const q = await ch.queue(s.name("q"));
      peer.writeMethod(1, "basic.publish", { "routing-key": q });
      peer.frame(FRAME.header, 1, encodeHeader(2, {}), "publish with header of 2");
      peer.frame(FRAME.body, 1, Buffer.from("abcde"), "body of 5");
      await ch.get(q);
    }),
    scenario("3.3", "a huge announced size is no error before the body", async (s) => {
      const peer = await s.connect();
      await peer.channel();
      const two = await peer.channel();
      peer.frame(FRAME.method, 1, PUBLISH, "basic.publish");
      peer.frame(FRAME.header, 1, encodeHeader(600 * 1024 * 1024, {}), "header of 600 MiB");
      await two.call("channel.flow", { active: true });
      peer.cut();
    }),
    scenario("3.3", "a body in two frames of one chunk and a method behind it", async (s) => {
      const peer = await s.connect();
      const ch = await peer.channel();
      const q = await ch.queue(s.name("q"));
      peer.bytes(
        Buffer.concat([
          encodeFrame(FRAME.method, 1, encodeMethod("basic.publish", { "routing-key": q })),
          encodeFrame(FRAME.header, 1, encodeHeader(4, {})),
          encodeFrame(FRAME.body, 1, Buffer.from("ab")),
          encodeFrame(FRAME.body, 1, Buffer.from("cd")),
          encodeFrame(FRAME.method, 1, encodeMethod("basic.get", { queue: q, "no-ack": true })),
        ]),
        "publish abcd and basic.get in one write",
      );
      await ch.take(1);
    }),
    scenario("3.3", "a frame that comes byte by byte", async (s) => {
      const peer = await s.connect();
      const ch = await peer.channel();
      const frame = encodeFrame(FRAME.method, 1, encodeMethod("channel.flow", { active: true }));
      for (const octet of frame) peer.socket.write(Buffer.from([octet]));
      await ch.take(1);
    }),
    refused("an unknown class", (peer) => {
      peer.frame(FRAME.method, 1, method(0, 99, 0, 10), "method 99.10");
    }),
    refused("an unknown method of a known class", (peer) => {
      peer.frame(FRAME.method, 1, method(0, 50, 0, 99), "method 50.99");
    }),
    refused("method arguments that end too early are a 501", (peer) => {
      peer.frame(FRAME.method, 1, method(0, 50, 0, 10, 0, 0, 9, 65), "queue.declare cut short");
    }),
    refused("a table longer than its frame is a 501", (peer) => {
      const bytes = method(0, 50, 0, 10, 0, 0, 1, 65, 0, 0, 0, 0, 99, 1);
      peer.frame(FRAME.method, 1, bytes, "queue.declare with a table of 99 octets in 1");
    }),
    refused("an empty method frame is an error", (peer) => {
      peer.frame(FRAME.method, 1, Buffer.alloc(0), "empty method frame");
    }),
    refused("a server's method sent by a client is a 503", (peer) => {
      const payload = encodeMethod("queue.declare-ok", { queue: "q" });
      peer.frame(FRAME.method, 1, payload, "queue.declare-ok");
    }),
    refused("basic.get-empty sent by a client is a 503", (peer) => {
      const payload = encodeMethod("basic.get-empty", {});
      peer.frame(FRAME.method, 1, payload, "basic.get-empty");
    }),
    scenario(
      "3.1",
      "after a connection error the server waits for close-ok and ends",
      async (s) => {
        const peer = await s.connect();
        const ch = await peer.channel();
        await ch.call("basic.qos", { "prefetch-size": 10 });
        await peer.closed();
      },
    ),
    scenario(
      "3.1",
      "after a connection error other methods are ignored until close-ok",
      async (s) => {
        const peer = await s.connect({ answersClose: false });
        const ch = await peer.channel();
        await ch.call("basic.qos", { "prefetch-size": 10 });
        ch.send("queue.declare", { queue: s.name("q") });
        peer.send("connection.close-ok");
        await peer.closed();
        const again = await (await s.connect()).channel();
        await again.passive(s.name("q"));
      },
    ),
  ],
};
