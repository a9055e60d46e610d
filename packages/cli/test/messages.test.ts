import { ControlError } from "@leveret/control";
import { describe, expect, test } from "vitest";
import { FakeCaller } from "./fake-caller.ts";
import { runTool } from "./run-tool.ts";

const NODE = "rabbit@localhost";
const MESSAGE = {
  position: 2,
  redelivered: true,
  delivery_count: 1,
  expires_at: null,
  message_count: 7,
  exchange: "orders",
  routing_key: "order.1",
  properties: { content_type: "text/plain", headers: { a: 1 } },
  payload: Buffer.from("one\ntwo"),
  payload_bytes: 7,
};

describe("peek", () => {
  test("asks for ten messages from the front, or for those that are named", async () => {
    const caller = new FakeCaller({});
    const connect = async (): Promise<FakeCaller> => caller;
    await runTool(["peek", "q"], { connect });
    await runTool(["peek", "q", "3", "-p", "shop"], { connect });
    await runTool(["peek", "q", "--offset", "5", "--count", "2", "--truncate", "9"], { connect });
    await runTool(["peek", "q", "--last", "4"], { connect });
    expect(caller.asked.filter(({ method }) => method === "peek_messages").map(paramsOf)).toEqual([
      { vhost: "/", name: "q", count: 10, bodyMax: 200 },
      { vhost: "shop", name: "q", offset: 2, count: 1, bodyMax: 64 },
      { vhost: "/", name: "q", offset: 5, count: 2, bodyMax: 9 },
      { vhost: "/", name: "q", offset: -4, count: 4, bodyMax: 200 },
    ]);
  });

  test("shows a table whose lines do not break, or JSON as the HTTP API does", async () => {
    const cut = { ...MESSAGE, payload: Buffer.from([0xff, 0xfe]), payload_bytes: 10 };
    const answers = { peek_messages: [MESSAGE, cut] };
    const table = await runTool(["peek", "-q", "q"], { answers });
    expect(table.out).toBe(
      [
        "position\tredelivered\texchange\trouting_key\tproperties\tpayload_bytes\tpayload",
        '3\ttrue\torders\torder.1\t{"content_type":"text/plain","headers":{"a":1}}\t7\tone\\ntwo',
        '3\ttrue\torders\torder.1\t{"content_type":"text/plain","headers":{"a":1}}\t10\tbase64://4=... (8 more bytes)',
        "",
      ].join("\n"),
    );
    const json = await runTool(["peek", "q", "--formatter", "json"], { answers });
    expect(JSON.parse(json.out)).toEqual([
      expect.objectContaining({ position: 3, payload: "one\ntwo", payload_encoding: "string" }),
      expect.objectContaining({ payload: "//4=", payload_encoding: "base64", payload_bytes: 10 }),
    ]);
  });

  test("at a position shows keys and values, and fails where there is no message (RabbitMQ)", async () => {
    const one = await runTool(["peek", "q", "3", "--formatter", "csv"], {
      answers: { peek_messages: [MESSAGE] },
    });
    expect(one.out).toBe(
      '"keys","values"\n"content_type","text/plain"\n"routing_keys","order.1"\n"exchange","orders"\n"payload (max 64 bytes)","one\\ntwo"\n"header.a","1"\n"header.x-delivery-count","1"\n',
    );
    const none = await runTool(["peek", "q", "9"]);
    expect(none).toMatchObject({
      code: 69,
      error: "Error:\nTarget queue does not have a message at that position\n",
    });
    expect(await runTool(["peek", "q", "0"])).toMatchObject({ code: 64 });
    expect(await runTool(["peek", "q", "--last", "1", "--offset", "1"])).toMatchObject({
      code: 64,
    });
  });
});

describe("tail", () => {
  const ROWS = [
    { kind: "started", node: NODE },
    { ...MESSAGE, kind: "message" },
    { kind: "dropped", count: 3 },
    { kind: "interrupted" },
  ];

  test("shows messages as they come, and where some are missing", async () => {
    const { out, code } = await runTool(["tail", "q"], { answers: { tail_messages: ROWS } });
    expect(code).toBe(0);
    expect(out.split("\n")).toEqual([
      "Messages published to queue q in vhost / ...",
      `-- ${NODE} leads the queue, waiting for messages`,
      'orders\torder.1\t{"content_type":"text/plain","headers":{"a":1}}\tone\\ntwo',
      "-- 3 messages left out: this tool was too slow",
      "-- the leader has changed: messages may be missing here",
      "",
    ]);
  });

  test("gives one JSON value a line; the end of --duration is no error", async () => {
    const caller = new FakeCaller({ tail_messages: ROWS });
    const connect = async (): Promise<FakeCaller> => caller;
    const args = ["tail", "q", "--formatter", "json", "--duration", "5", "--buffer", "7"];
    const { out } = await runTool(args, { connect });
    const values = out
      .trimEnd()
      .split("\n")
      .map((line): unknown => JSON.parse(line));
    expect(values).toHaveLength(4);
    expect(values[1]).toMatchObject({ kind: "message", payload: "one\ntwo" });
    expect(paramsOf(caller.asked.at(-1))).toEqual({
      vhost: "/",
      name: "q",
      bodyMax: 50_000,
      countMax: 7,
    });
    const late = { tail_messages: new ControlError("timeout", "") };
    expect(await runTool(["tail", "q", "--duration", "1"], { answers: late })).toMatchObject({
      code: 0,
      error: "",
    });
  });

  test("of a queue that is not there fails", async () => {
    const answers = { tail_messages: new ControlError("no_such_queue", "") };
    expect(await runTool(["tail", "q"], { answers })).toMatchObject({ code: 69 });
  });
});

describe("explain publish", () => {
  const EXPLANATION = {
    vhost: "/",
    exchange: "orders",
    routing_key: "order.1",
    outcome: "routed",
    reason: "The message goes to 1 queue.",
    exchanges: [
      {
        name: "orders",
        type: "topic",
        reached_by: "publish",
        reached_from: null,
        bindings: [binding("q", "order.#", "the pattern matches the routing key")],
        more_bindings: 0,
        unmatched: 1,
        unmatched_examples: [
          binding("q", "invoice.*", "the pattern does not match the routing key"),
        ],
        alternate: { name: "lost", source: "policy 'ae'", exists: true, used: false },
        notes: [],
      },
    ],
    queues: [
      {
        name: "q",
        type: "quorum",
        durable: true,
        leader: NODE,
        members: [NODE],
        messages_ready: 2,
        consumers: 0,
        effects: [
          {
            key: "message-ttl",
            value: 5000,
            source: "policy 'ttl'",
            text: "after 5000 ms it is dropped",
          },
          { key: "consumers", value: 0, source: null, text: "no consumer: it waits" },
        ],
      },
    ],
    more_queues: 0,
  };

  function binding(destination: string, key: string, reason: string): object {
    return { destination, destination_type: "queue", routing_key: key, arguments: {}, reason };
  }

  test("shows exchanges, bindings and queues", async () => {
    const { out, code } = await runTool(["explain", "publish", "orders", "order.1"], {
      answers: { explain_publish: EXPLANATION },
    });
    expect(code).toBe(0);
    expect(out).toBe(`The message goes to 1 queue.

exchange 'orders' (topic)
  -> queue 'q' by 'order.#': the pattern matches the routing key
  x  queue 'q' by 'invoice.*': the pattern does not match the routing key
  alternate exchange 'lost' (policy 'ae'): not needed

queue 'q' (quorum, on ${NODE}; 2 ready, 0 consumers)
  * after 5000 ms it is dropped [message-ttl=5000, policy 'ttl']
  * no consumer: it waits
`);
  });

  test("sends headers as JSON where they are, user and expiration", async () => {
    const caller = new FakeCaller({ explain_publish: EXPLANATION });
    const args = ["explain", "publish", "", "k", "--header", "n=1", "--header", "land=fr"];
    await runTool([...args, "--user", "u", "--expiration", "9"], { connect: async () => caller });
    expect(paramsOf(caller.asked.at(-1))).toEqual({
      vhost: "/",
      exchange: "",
      routingKey: "k",
      headers: { n: 1, land: "fr" },
      user: "u",
      expirationMs: 9,
    });
    expect(await runTool(["explain", "consume", "x", "y"])).toMatchObject({ code: 64 });
    expect(await runTool(["explain", "publish", "x", "y", "--header", "z"])).toMatchObject({
      code: 64,
    });
  });
});

function paramsOf(asked: { readonly params: unknown } | undefined): unknown {
  return asked?.params;
}
