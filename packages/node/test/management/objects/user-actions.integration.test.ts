import { type Channel, type ChannelModel, connect } from "amqplib";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ManagedBroker } from "../managed-broker.ts";
import type { HttpAnswer } from "../send-request.ts";

const ODD = "odd / % # ? + é &= ~";
const LIMITED = "limited:secret";

let broker: ManagedBroker;
let client: ChannelModel;
let channel: Channel;

beforeAll(async () => {
  broker = await ManagedBroker.start();
  await broker.ask("PUT", "/users/limited", {
    body: { password: "secret", tags: "management" },
  });
  const permissions = { configure: "^own", write: "^own", read: "^own" };
  await broker.ask("PUT", "/permissions/%2F/limited", { body: permissions });
  client = await connect(`amqp://guest:guest@127.0.0.1:${broker.amqpPort}`);
  channel = await client.createChannel();
});

afterAll(async () => {
  await client.close();
  await broker[Symbol.asyncDispose]();
});

beforeEach(async () => {
  await channel.assertQueue("own queue");
  await channel.purgeQueue("own queue");
  await channel.assertQueue("other queue");
  await channel.assertExchange("own exchange", "topic");
  await channel.assertExchange("other exchange", "topic");
});

function publish(exchange: string, body: object, auth = "guest:guest"): Promise<HttpAnswer> {
  const message = { properties: {}, payload: "x", payload_encoding: "string", ...body };
  const path = `/exchanges/%2F/${encodeURIComponent(exchange)}/publish`;
  return broker.ask("POST", path, { auth, body: message });
}

function get(queue: string, body: object = {}, auth = "guest:guest"): Promise<HttpAnswer> {
  const request = { count: 10, ackmode: "ack_requeue_false", encoding: "auto", ...body };
  const path = `/queues/%2F/${encodeURIComponent(queue)}/get`;
  return broker.ask("POST", path, { auth, body: request });
}

function payloads({ body }: HttpAnswer): string[] {
  return body.map(({ payload }: { payload: string }) => payload);
}

describe("a user may do over HTTP what he may do by AMQP", () => {
  test.each([
    ["PUT", "/queues/%2F/own%20new", {}, 201],
    ["DELETE", "/queues/%2F/own%20new", undefined, 204],
    ["PUT", "/exchanges/%2F/own%20new", { type: "fanout" }, 201],
    ["DELETE", "/exchanges/%2F/own%20new", undefined, 204],
    ["DELETE", "/queues/%2F/own%20queue/contents", undefined, 204],
    ["POST", "/bindings/%2F/e/own%20exchange/q/own%20queue", { routing_key: "a" }, 201],
    ["DELETE", "/bindings/%2F/e/own%20exchange/q/own%20queue/a", undefined, 204],
  ])("%s %s", async (method, path, body, status) => {
    expect((await broker.ask(method, path, { auth: LIMITED, body })).status).toBe(status);
  });
});

describe("a user may not do over HTTP what he may not do by AMQP", () => {
  test.each([
    ["PUT", "/queues/%2F/new", {}],
    ["DELETE", "/queues/%2F/other%20queue", undefined],
    ["PUT", "/exchanges/%2F/new", { type: "fanout" }],
    ["DELETE", "/exchanges/%2F/other%20exchange", undefined],
    ["DELETE", "/queues/%2F/other%20queue/contents", undefined],
    ["POST", "/bindings/%2F/e/own%20exchange/q/other%20queue", {}],
    ["POST", "/bindings/%2F/e/other%20exchange/q/own%20queue", {}],
  ])("%s %s", async (method, path, body) => {
    const answer = await broker.ask(method, path, { auth: LIMITED, body });
    expect(answer.status).toBe(401);
    expect(answer.body).toEqual({ error: "not_authorised", reason: "Access refused." });
  });

  test("publish", async () => {
    const answer = await publish("other exchange", { routing_key: "x" }, LIMITED);
    expect(answer.status).toBe(400);
    expect(answer.body.reason).toBe(
      "403 ACCESS_REFUSED - write access to exchange 'other exchange' in vhost '/' refused for user 'limited'",
    );
  });

  test("get", async () => {
    const answer = await get("other queue", {}, LIMITED);
    expect(answer.status).toBe(401);
    expect(answer.body.reason).toContain("ACCESS_REFUSED - read access to queue 'other queue'");
  });
});

describe("messages", () => {
  test("properties and headers go in and come out", async () => {
    const properties = {
      content_type: "text/plain",
      content_encoding: "utf8",
      headers: { text: "é", number: 1, list: [1, "two"], table: { deep: true }, real: 1.5 },
      delivery_mode: 2,
      priority: 3,
      correlation_id: "c",
      reply_to: "r",
      expiration: "60000",
      message_id: "m",
      timestamp: 1_700_000_000,
      type: "t",
      user_id: "guest",
      app_id: "a",
      cluster_id: "k",
    };
    await publish("amq.default", { routing_key: "own queue", properties });
    const [message] = (await get("own queue")).body;
    expect(message).toEqual({
      payload: "x",
      payload_bytes: 1,
      payload_encoding: "string",
      properties,
      exchange: "",
      routing_key: "own queue",
      message_count: 0,
      redelivered: false,
    });
  });

  test.each([
    [{ delivery_mode: "2" }, ["not_int", "delivery_mode"]],
    [{ content_type: 7 }, ["not_string", "content_type"]],
    [{ headers: 5 }, "headers must be an object"],
    [{ headers: { a: null } }, "null_not_allowed"],
    [{ priority: 300 }, "priority must be a whole number from 0 to 255"],
    [{ expiration: "soon" }, "406 PRECONDITION_FAILED - invalid expiration 'soon': no_integer"],
  ])("properties %j are refused", async (properties, reason) => {
    const { status, body } = await publish("amq.default", { routing_key: "own queue", properties });
    expect({ status, reason: body.reason }).toEqual({ status: 400, reason });
  });

  test.each([
    [{ payload: 5 }, "payload_not_string"],
    [{ payload: "%", payload_encoding: "base64" }, ["not_base64", "%"]],
    [{ payload_encoding: "rot13" }, ["unsupported_encoding", "rot13"]],
  ])("a payload of %j is refused", async (payload, reason) => {
    const { status, body } = await publish("amq.default", { routing_key: "own queue", ...payload });
    expect({ status, reason: body.reason }).toEqual({ status: 400, reason });
  });

  test("those that are put back are in their old places, and marked", async () => {
    for (const payload of ["1", "2", "3"]) {
      await publish("amq.default", { routing_key: "own queue", payload });
    }
    for (const ackmode of ["ack_requeue_true", "reject_requeue_true"]) {
      expect(payloads(await get("own queue", { ackmode, count: 2 }))).toEqual(["1", "2"]);
    }
    const { body } = await get("own queue");
    const shown = body.map(
      ({ payload, redelivered }: { payload: string; redelivered: boolean }) => [
        payload,
        redelivered,
      ],
    );
    expect(shown).toEqual([
      ["1", true],
      ["2", true],
      ["3", false],
    ]);
    expect((await get("own queue")).body).toEqual([]);
  });

  test("a body that is no text is shown in base64, and a long one cut", async () => {
    const payload = Buffer.from([0xff, 0, 1, 2]).toString("base64");
    await publish("amq.default", { routing_key: "own queue", payload, payload_encoding: "base64" });
    const [message] = (await get("own queue", { truncate: 2 })).body;
    expect(message).toMatchObject({
      payload_bytes: 4,
      payload: "/wA=",
      payload_encoding: "base64",
    });
  });

  test("a queue that is full and refuses is told", async () => {
    const args = { "x-max-length": 0, "x-overflow": "reject-publish" };
    await channel.assertQueue("full", { arguments: args });
    const { status, body } = await publish("amq.default", { routing_key: "full" });
    expect(status).toBe(400);
    expect(body.reason).toBe("rejected Unable to publish message. Check queue limits.");
  });

  test("many large ones come as a whole", async () => {
    const body = "x".repeat(300_000);
    for (let count = 0; count < 20; count++) channel.sendToQueue("own queue", Buffer.from(body));
    await channel.checkQueue("own queue");
    const got = payloads(await get("own queue", { count: 20 }));
    expect(got).toHaveLength(20);
    expect(got.every((payload) => payload === body)).toBe(true);
  });
});

describe("conditions of deletion", () => {
  test.each([
    ["/queues/%2F/used?if-unused=true", "queue 'used' in vhost '/' in use"],
    ["/queues/%2F/filled?if-empty=true", "queue 'filled' in vhost '/' not empty"],
    [
      "/queues/%2F/safe?if-empty=true",
      "cannot delete queue 'safe' in vhost '/'. queue.delete operations with if-empty flag set are not supported by quorum queues",
    ],
    ["/exchanges/%2F/bound?if-unused=true", "exchange 'bound' in vhost '/' in use"],
  ])("%s", async (path, reason) => {
    await channel.assertQueue("used");
    await channel.consume("used", () => undefined);
    await channel.assertQueue("filled");
    channel.sendToQueue("filled", Buffer.from("x"));
    await channel.assertQueue("safe", { arguments: { "x-queue-type": "quorum" } });
    await channel.assertExchange("bound", "fanout");
    await channel.bindQueue("used", "bound", "");
    const answer = await broker.ask("DELETE", path);
    expect(answer.status).toBe(400);
    expect(answer.body).toEqual({ error: "bad_request", reason });
    const plain = path.replace(/\?.*/, "");
    expect((await broker.ask("DELETE", plain)).status).toBe(204);
    expect((await broker.ask("DELETE", plain)).status).toBe(404);
  });
});

test("nothing of these requests stays behind", async () => {
  expect((await broker.get("/connections")).body).toHaveLength(1);
  expect((await broker.get("/channels")).body).toHaveLength(1);
  const [queue] = (await broker.get("/queues?name=own&page=1")).body.items;
  expect(queue).toMatchObject({ name: "own queue", messages_unacknowledged: 0 });
  expect(broker.internalErrors).toEqual([]);
});

test("names with all that has to be escaped work in every path", async () => {
  const name = encodeURIComponent(ODD);
  expect((await broker.ask("PUT", `/vhosts/${name}`)).status).toBe(201);
  const queue = `/queues/${name}/${name}`;
  const exchange = `/exchanges/${name}/${name}`;
  expect((await broker.ask("PUT", queue, { body: {} })).status).toBe(201);
  expect((await broker.ask("PUT", exchange, { body: { type: "topic" } })).status).toBe(201);
  const between = `/bindings/${name}/e/${name}/q/${name}`;
  const bound = await broker.ask("POST", between, {
    body: { routing_key: ODD, arguments: { [ODD]: ODD } },
  });
  expect(bound.status).toBe(201);
  // The name of the destination and the key, as they are to be appended to the path up to them.
  const one = `/bindings/${name}/e/${name}/q/${bound.headers.location}`;
  expect((await broker.get(one)).body).toMatchObject({ source: ODD, routing_key: ODD });
  const message = { routing_key: ODD, payload: ODD, payload_encoding: "string", properties: {} };
  const published = await broker.ask("POST", `${exchange}/publish`, { body: message });
  expect(published.body).toEqual({ routed: true });
  const got = await broker.ask("POST", `${queue}/get`, {
    body: { count: 1, ackmode: "ack_requeue_false", encoding: "auto" },
  });
  expect(got.body[0]).toMatchObject({ exchange: ODD, routing_key: ODD, payload: ODD });
  expect((await broker.get(`${exchange}/bindings/source`)).body).toHaveLength(1);
  expect((await broker.ask("DELETE", one)).status).toBe(204);
  expect((await broker.get(queue)).body).toMatchObject({ name: ODD, vhost: ODD, messages: 0 });
  expect((await broker.ask("DELETE", queue)).status).toBe(204);
  expect((await broker.ask("DELETE", exchange)).status).toBe(204);
});
