import { decodeMethod, FRAME_METHOD, FrameReader, longstr, type Method } from "@leveret/amqp";
import { describe, expect, test } from "vitest";
import { randomFrom } from "./random-numbers.ts";
import { connectTcp, frame, greeting, publishFrames } from "./raw-client.ts";
import { TestNode } from "./start-node.ts";
import { SteadyClient } from "./steady-client.ts";

/** Sessions that run at the same time. */
const BATCH = 60;
/** No frame; said often enough, it is longer than any that the broker may wait for. */
const NONSENSE = Buffer.alloc(10_000);
/** What malformed bytes of these sessions may be answered with; 541 would be a fault of the broker. */
const ANSWERS = [402, 403, 404, 406, 501, 502, 503, 504, 505, 530, 540];

const PIECES: readonly Buffer[] = [
  ...greeting({ frameMax: 4096, capabilities: ["connection.blocked", "basic.nack"] }),
  frame(1, "channel.open"),
  frame(1, "exchange.declare", {
    exchange: "fuzz-x",
    type: "topic",
    arguments: new Map([["alternate-exchange", longstr("amq.fanout")]]),
  }),
  frame(1, "queue.declare", {
    queue: "fuzz-q",
    exclusive: true,
    arguments: new Map([
      ["x-max-length", { type: "signedint", value: 10 }],
      ["x-dead-letter-exchange", longstr("amq.direct")],
    ]),
  }),
  frame(1, "queue.bind", { queue: "fuzz-q", exchange: "fuzz-x", routingKey: "a.*" }),
  frame(1, "confirm.select"),
  publishFrames(1, { exchange: "fuzz-x", routingKey: "a.b", mandatory: true }, "one body", {
    contentType: "text/plain",
    headers: new Map([
      ["CC", { type: "array", value: [longstr("a.c")] }],
      ["n", { type: "long", value: 7 }],
    ]),
    expiration: "60000",
    priority: 3,
    deliveryMode: 2,
    timestamp: 1,
  }),
  publishFrames(1, { exchange: "fuzz-x", routingKey: "a.b" }, "another body"),
  frame(1, "basic.qos", { prefetchCount: 10 }),
  frame(1, "basic.consume", { queue: "fuzz-q", consumerTag: "fuzz-tag" }),
  frame(1, "basic.nack", { deliveryTag: 1, requeue: true }),
  frame(1, "basic.ack", { deliveryTag: 2, multiple: true }),
  frame(1, "basic.recover", { requeue: true }),
  frame(1, "basic.get", { queue: "fuzz-q" }),
  frame(1, "basic.cancel", { consumerTag: "fuzz-tag" }),
  frame(1, "queue.unbind", { queue: "fuzz-q", exchange: "fuzz-x", routingKey: "a.*" }),
  frame(1, "exchange.delete", { exchange: "fuzz-x" }),
  frame(1, "channel.close", { replyCode: 200 }),
  frame(0, "connection.close", { replyCode: 200 }),
];
const SESSION = Buffer.concat(PIECES);

/** Says `bytes`, then nonsense, and returns the broker's last word: a reply code, `close-ok`, or `nothing`. */
async function say(node: TestNode, bytes: Buffer): Promise<number | string> {
  const socket = await connectTcp(node);
  let last: number | string = "nothing";
  const onMethod = (method: Method): void => {
    if (method.name === "connection.close") last = method.replyCode;
    else if (method.name === "connection.close-ok") last = "close-ok";
    else return;
    socket.destroy();
  };
  const reader = new FrameReader(
    {
      onFrame: (type, _channel, chunk, start, end) => {
        if (type === FRAME_METHOD) onMethod(decodeMethod(chunk, start, end));
      },
    },
    0,
  );
  socket.on("data", (chunk: Buffer) => {
    if (chunk.toString("latin1").startsWith("AMQP")) last = "header";
    else reader.push(chunk);
  });
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.write(bytes);
  const goOn = (): void => {
    if (!socket.destroyed) socket.write(NONSENSE, () => setTimeout(goOn, 5));
  };
  goOn();
  await closed;
  return last;
}

async function sayAll(node: TestNode, sessions: readonly Buffer[]): Promise<(number | string)[]> {
  const answers: (number | string)[] = [];
  for (let from = 0; from < sessions.length; from += BATCH) {
    const batch = sessions.slice(from, from + BATCH);
    answers.push(...(await Promise.all(batch.map((bytes) => say(node, bytes)))));
  }
  return answers;
}

/** Expects that each session came to an end that malformed input may come to, and harmed nobody. */
async function expectUnharmed(
  sessions: readonly Buffer[],
  check: (answers: (number | string)[]) => void = () => undefined,
): Promise<void> {
  await using node = await TestNode.start();
  const steady = await SteadyClient.start(node);
  const answers = await sayAll(node, sessions);
  expect(await steady.stop()).toBeGreaterThan(1);
  for (const answer of answers) {
    expect([...ANSWERS, "close-ok", "header", "nothing"]).toContain(answer);
  }
  check(answers);
  expect(node.internalErrors).toEqual([]);
  await node.broker.waitUntilDrained("steady work of others");
  const left = node.broker.queues().filter(({ name }) => name !== "steady work of others");
  expect(left.filter(({ consumers }) => consumers > 0)).toEqual([]);
}

function flipped(at: number, mask: number): Buffer {
  const bytes = Buffer.from(SESSION);
  bytes[at] = (bytes[at] ?? 0) ^ mask;
  return bytes;
}

/** A session changed at one to four places: bits flipped, bytes left out, repeated or put in. */
function mutated(seed: number): Buffer {
  const random = randomFrom(seed);
  let bytes = Buffer.from(SESSION);
  for (let changes = 1 + random(4); changes > 0; changes--) {
    const at = random(bytes.length);
    const size = 1 + random(12);
    const inserted = Buffer.from(Array.from({ length: size }, () => random(256)));
    const head = bytes.subarray(0, at);
    const tail = bytes.subarray(at);
    switch (random(4)) {
      case 0:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
        break;
      case 1:
        bytes = Buffer.concat([head, tail.subarray(size)]);
        break;
      case 2:
        bytes = Buffer.concat([head, inserted, tail]);
        break;
      default:
        bytes = Buffer.concat([head, tail.subarray(0, size * 8), tail]);
    }
  }
  return bytes;
}

const positions = Array.from({ length: SESSION.length }, (_, at) => at);

describe("malformed bytes", () => {
  test("the unchanged session ends well", async () => {
    await using node = await TestNode.start();
    expect(await say(node, SESSION)).toBe("close-ok");
  });

  test("a session cut at any byte and followed by nonsense is answered with an error", async () => {
    const opened = PIECES.slice(0, 4).reduce((size, piece) => size + piece.length, 0);
    await expectUnharmed(
      positions.map((at) => SESSION.subarray(0, at)),
      (answers) => {
        expect(answers.filter((answer) => answer === "close-ok")).toEqual([]);
        // From the open connection on, the broker says what it did not understand.
        expect(new Set(answers.slice(opened).map((answer) => typeof answer))).toEqual(
          new Set(["number"]),
        );
      },
    );
  });

  test.each([1, 0xff])(
    "a byte with bits %i flipped, at any position, does no harm",
    async (mask) => {
      let at = 0;
      const ends: number[] = [];
      for (const piece of PIECES) {
        at += piece.length;
        ends.push(at - 1);
      }
      await expectUnharmed(
        positions.map((position) => flipped(position, mask)),
        (answers) => {
          // A broken frame end is a framing error as soon as somebody is logged in.
          expect(ends.slice(4).map((end) => answers[end])).toEqual(ends.slice(4).map(() => 501));
        },
      );
    },
  );

  test("sessions with several random changes do no harm", async () => {
    await expectUnharmed(Array.from({ length: 1200 }, (_, seed) => mutated(seed)));
  });
});
