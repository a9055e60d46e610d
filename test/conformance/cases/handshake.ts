import { CLIENT_CAPABILITIES, type Peer, PROTOCOL_HEADER, plain } from "../script/peer.ts";
import { type Case, type Group, type Session, scenario } from "../script/session.ts";
import { encodeTable, type FieldTable } from "../wire/field-value.ts";
import { encodeFrame, FRAME } from "../wire/frame.ts";
import { type Arguments, encodeMethod } from "../wire/methods.ts";

const START_OK: Arguments = {
  "client-properties": { capabilities: CLIENT_CAPABILITIES },
  mechanism: "PLAIN",
  response: plain("guest", "guest"),
  locale: "en_US",
};

/** Response of SASL AMQPLAIN: a table without its size. */
function amqplain(table: FieldTable): string {
  return encodeTable(table).subarray(4).toString("latin1");
}

/** Sends a protocol header; takes what the server says at once. */
async function greet(s: Session, header: string): Promise<Peer> {
  const peer = await s.dial();
  peer.bytes(Buffer.from(header, "latin1"), `header ${JSON.stringify(header)}`);
  await peer.receive();
  return peer;
}

/** Header, start and start-ok; takes the answer. */
async function start(s: Session, startOk: Arguments = {}): Promise<Peer> {
  const peer = await s.dial();
  peer.socket.write(PROTOCOL_HEADER);
  await peer.skip("connection.start");
  const text = JSON.stringify(startOk);
  const bytes = encodeMethod("connection.start-ok", { ...START_OK, ...startOk });
  peer.frame(FRAME.method, 0, bytes, `connection.start-ok with ${text}`);
  await peer.receive();
  return peer;
}

/** As far as tune-ok. */
async function tune(s: Session, tuneOk: Arguments): Promise<Peer> {
  const peer = await start(s);
  peer.send("connection.tune-ok", tuneOk);
  return peer;
}

const ORDINARY_TUNE: Arguments = { "channel-max": 2047, "frame-max": 131072, heartbeat: 0 };

function refusedHeader(what: string, header: string): Case {
  return scenario("3.2", `${what} is answered with the 0-9-1 header and a close`, async (s) => {
    const peer = await greet(s, header);
    await peer.closed();
  });
}

function refusedTune(what: string, tuneOk: Arguments): Case {
  return scenario("3.2", `tune-ok with ${what} is refused`, async (s) => {
    const peer = await tune(s, { ...ORDINARY_TUNE, ...tuneOk });
    peer.send("connection.open", { "virtual-host": "/" });
    await peer.closed();
  });
}

function acceptedTune(what: string, tuneOk: Arguments): Case {
  return scenario("3.2", `tune-ok with ${what} is accepted`, async (s) => {
    const peer = await tune(s, { ...ORDINARY_TUNE, ...tuneOk });
    await peer.call("connection.open", { "virtual-host": "/" });
  });
}

function login(what: string, startOk: Arguments): Case {
  return scenario("3.2", `login: ${what}`, async (s) => {
    await start(s, startOk);
  });
}

/** From the protocol header to open-ok. */
export const handshake: Group = {
  name: "handshake",
  cases: [
    scenario("3.2", "an ordinary handshake ends in open-ok and a clean close", async (s) => {
      const peer = await tune(s, ORDINARY_TUNE);
      await peer.call("connection.open", { "virtual-host": "/" });
      await peer.call("connection.close", { "reply-code": 200, "reply-text": "bye" });
    }),
    scenario("3.2", "the 0-9 header is taken as 0-9-1 and start says 0.9", async (s) => {
      await greet(s, "AMQP\x01\x01\x00\x09");
    }),
    refusedHeader("a header of version 0.9.0", "AMQP\x00\x00\x09\x00"),
    refusedHeader("a header of version 0.10", "AMQP\x01\x01\x00\x0a"),
    refusedHeader("the AMQP 1.0 header", "AMQP\x00\x01\x00\x00"),
    refusedHeader("the AMQP 1.0 SASL header", "AMQP\x03\x01\x00\x00"),
    refusedHeader("an HTTP request", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    refusedHeader("a TLS hello", "\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03"),
    refusedHeader("eight zero bytes", "\0\0\0\0\0\0\0\0"),
    login("PLAIN with the right password", {}),
    login("PLAIN with a wrong password and the capability", { response: plain("guest", "wrong") }),
    login("PLAIN with an unknown user and the capability", { response: plain("nosuch", "x") }),
    login("PLAIN with an empty user name and the capability", { response: plain("", "") }),
    login("PLAIN with an authorisation identity", { response: "guest\0guest\0guest" }),
    login("AMQPLAIN with the right password", {
      mechanism: "AMQPLAIN",
      response: amqplain({ LOGIN: "guest", PASSWORD: "guest" }),
    }),
    login("AMQPLAIN with a wrong password and the capability", {
      mechanism: "AMQPLAIN",
      response: amqplain({ LOGIN: "guest", PASSWORD: "wrong" }),
    }),
    login("another locale is accepted", { locale: "de_DE" }),
    login("no client properties at all", { "client-properties": {} }),
    scenario("3.2", "a wrong password without the capability ends in silence", async (s) => {
      await start(s, { "client-properties": {}, response: plain("guest", "wrong") });
    }),
    scenario("3.2", "an unknown mechanism ends in silence", async (s) => {
      await start(s, { mechanism: "NONSENSE" });
    }),
    scenario("3.2", "a malformed PLAIN response ends in silence", async (s) => {
      await start(s, { response: "nonsense" });
    }),
    scenario("3.2", "AMQPLAIN without a password ends in silence", async (s) => {
      await start(s, {
        mechanism: "AMQPLAIN",
        response: amqplain({ LOGIN: "guest" }),
      });
    }),
    scenario("3.2", "connection.open before start-ok ends in silence", async (s) => {
      const peer = await s.dial();
      peer.socket.write(PROTOCOL_HEADER);
      await peer.skip("connection.start");
      await peer.call("connection.open", { "virtual-host": "/" });
    }),
    scenario("3.2", "connection.open before tune-ok ends in silence", async (s) => {
      const peer = await start(s);
      await peer.call("connection.open", { "virtual-host": "/" });
    }),
    scenario("3.2", "a channel method before tune-ok ends in silence", async (s) => {
      const peer = await start(s);
      peer.bytes(encodeFrame(1, 1, encodeMethod("channel.open", {})), "channel.open on channel 1");
      await peer.closed();
    }),
    acceptedTune("the least frame_max", { "frame-max": 8192 }),
    refusedTune("frame_max 0 (no limit)", { "frame-max": 0 }),
    acceptedTune("channel_max 1", { "channel-max": 1 }),
    acceptedTune("a long heartbeat", { heartbeat: 600 }),
    refusedTune("a frame_max of 100", { "frame-max": 100 }),
    refusedTune("a frame_max above the server's", { "frame-max": 200000 }),
    refusedTune("a channel_max above the server's", { "channel-max": 3000 }),
    refusedTune("channel_max 0 (no limit)", { "channel-max": 0 }),
    scenario("3.2", "tune-ok a second time is a 504", async (s) => {
      const peer = await s.connect();
      await peer.call("connection.tune-ok", ORDINARY_TUNE);
    }),
    scenario("3.2", "a heartbeat of 1 second makes the server send heartbeats", async (s) => {
      const peer = await tune(s, { ...ORDINARY_TUNE, heartbeat: 1 });
      await peer.call("connection.open", { "virtual-host": "/" });
      await peer.heartbeat();
    }),
    scenario(
      "3.2",
      "a client that falls silent with a heartbeat of 1 second is dropped",
      async (s) => {
        const peer = await tune(s, { ...ORDINARY_TUNE, heartbeat: 1 });
        await peer.call("connection.open", { "virtual-host": "/" });
        await peer.closed();
      },
    ),
    scenario("3.2", "an unknown vhost is a 530", async (s) => {
      const peer = await tune(s, ORDINARY_TUNE);
      await peer.call("connection.open", { "virtual-host": "nosuch" });
      await peer.closed();
    }),
    scenario("3.2", "the empty vhost name is unknown", async (s) => {
      const peer = await tune(s, ORDINARY_TUNE);
      await peer.call("connection.open", { "virtual-host": "" });
    }),
    scenario("3.2", "a user without permission on the vhost is refused with 530", async (s) => {
      const peer = await start(s, { response: plain("nobody", "nobody") });
      peer.send("connection.tune-ok", ORDINARY_TUNE);
      await peer.call("connection.open", { "virtual-host": "/" });
    }),
    scenario("3.2", "a vhost at its connection limit is refused with 530", async (s) => {
      const peer = await tune(s, ORDINARY_TUNE);
      await peer.call("connection.open", { "virtual-host": "full" });
    }),
    scenario("3.2", "a user at its connection limit is refused with 530", async (s) => {
      const peer = await start(s, { response: plain("single", "single") });
      peer.send("connection.tune-ok", ORDINARY_TUNE);
      await peer.call("connection.open", { "virtual-host": "/" });
    }),
    scenario("3.2", "another vhost is its own name space", async (s) => {
      const q = s.name("q");
      const here = await (await s.connect()).channel();
      await here.queue(q);
      const other = await (await s.connect({ vhost: "other" })).channel();
      await other.passive(q);
    }),
    scenario("3.2", "connection.open twice is a 504", async (s) => {
      const peer = await s.connect();
      await peer.call("connection.open", { "virtual-host": "/" });
    }),
    scenario("3.2", "connection.start-ok twice is a 504", async (s) => {
      const peer = await s.connect();
      await peer.call("connection.start-ok", START_OK);
    }),
    scenario("3.2", "update-secret is answered for a password user", async (s) => {
      const peer = await s.connect();
      await peer.call("connection.update-secret", { "new-secret": "guest", reason: "renewal" });
      const ch = await peer.channel();
      await ch.passive("amq.rabbitmq.reply-to");
    }),
    scenario("3.5", "exclusive queues are gone when close-ok comes", async (s) => {
      const peer = await s.connect();
      const ch = await peer.channel();
      await ch.queue(s.name("q"), { exclusive: true });
      await peer.call("connection.close", { "reply-code": 200, "reply-text": "" });
      const again = await (await s.connect()).channel();
      await again.passive(s.name("q"));
    }),
    scenario("3.2", "methods after the client's connection.close are ignored", async (s) => {
      const peer = await s.connect();
      const ch = await peer.channel();
      peer.send("connection.close", { "reply-code": 200, "reply-text": "" });
      ch.send("queue.declare", { queue: s.name("q") });
      await peer.receive();
      const again = await (await s.connect()).channel();
      await again.passive(s.name("q"));
    }),
  ],
};
